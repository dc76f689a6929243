from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrutiny.cli.capture.errors import TriggerUnreadable
from scrutiny.cli.capture.trigger_text import (
    NameOperand,
    Operand,
    PathOperand,
    parse_trigger,
    quoted,
)
from scrutiny.sdk.datalogging import TriggerCondition

Condition = TriggerCondition
PATH = "/motor/speed [rpm]"
SPEED = PathOperand(PATH)

OPERATORS = {
    "==": Condition.Equal,
    "!=": Condition.NotEqual,
    "<": Condition.LessThan,
    "<=": Condition.LessOrEqualThan,
    ">": Condition.GreaterThan,
    ">=": Condition.GreaterOrEqualThan,
}

# Whatever a name in a firmware, or of an alias, may be made of, and what means something here.
HOSTILE = st.lists(
    st.sampled_from(
        [*" \t<>=!\"'/[]*%\\$()+-.,0123456789eExX\u00a0µ", "a", "of", "within", "rises by", " > "]
    ),
    min_size=1,
    max_size=12,
).map("".join)
ANY_TEXT = st.text(max_size=12) | HOSTILE


@st.composite
def paths(draw: st.DrawFn) -> str:
    segments = draw(st.lists(ANY_TEXT.map(lambda text: text.replace("/", "|")), min_size=1))
    return "/" + "/".join(segments)


def reading(text: str) -> tuple[Condition, tuple[Operand, ...]]:
    trigger = parse_trigger(text)
    assert trigger.text == text
    return trigger.condition, trigger.operands


@pytest.mark.parametrize(("operator", "condition"), OPERATORS.items())
def test_each_comparison_has_its_sign(operator: str, condition: Condition) -> None:
    assert reading(f"{PATH} {operator} 3") == (condition, (SPEED, 3))
    assert reading(f"3 {operator} {PATH}") == (condition, (3, SPEED))
    assert reading(f" {PATH}   {operator}\t/b ") == (condition, (SPEED, PathOperand("/b")))


def test_changes_are_rises_or_falls() -> None:
    assert reading(f"{PATH} rises by 5") == (Condition.ChangeMoreThan, (SPEED, 5))
    assert reading(f"{PATH} falls by 2.5") == (Condition.ChangeMoreThan, (SPEED, -2.5))
    assert reading(f"{PATH} rises  by 0") == (Condition.ChangeMoreThan, (SPEED, 0))
    assert reading(f"{PATH} rises by /b") == (Condition.ChangeMoreThan, (SPEED, PathOperand("/b")))


def test_within_gets_its_operands_in_the_order_of_the_device() -> None:
    expected = (Condition.IsWithin, (SPEED, 1200, 10))
    assert reading(f"{PATH} within 10 of 1200") == expected
    assert reading(f"1200 within 10 of {PATH}") == (Condition.IsWithin, (1200, SPEED, 10))
    names = (SPEED, PathOperand("/centre"), PathOperand("/margin"))
    assert reading(f"{PATH} within /margin of /centre") == (Condition.IsWithin, names)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("2.5", 2.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("0x1F", 31),
        ("-0xff", -255),
        ("18446744073709551615", (1 << 64) - 1),
        ("9007199254740993", (1 << 53) + 1),
        ("007", 7),
    ],
)
def test_numbers_are_decimal_or_hexadecimal_and_integers_are_exact(
    text: str, number: float
) -> None:
    operand = parse_trigger(f"/a == {text}").operands[1]
    assert operand == number
    assert type(operand) is type(number)


@pytest.mark.parametrize("word", ["MOTOR_RUNNING", "true", "nan", "inf", "1_000", "3V", "٣", "e5"])
def test_what_is_no_number_is_a_name(word: str) -> None:
    assert reading(f"/motor/state == {word}") == (
        Condition.Equal,
        (PathOperand("/motor/state"), NameOperand(word)),
    )


def test_quotes_make_names_of_numbers_and_paths_of_whatever_begins_with_a_slash() -> None:
    assert reading('/a == "10"')[1][1] == NameOperand("10")
    assert reading("/a == 'over heated'")[1][1] == NameOperand("over heated")
    assert reading("\"/a\" == '/b'")[1] == (PathOperand("/a"), PathOperand("/b"))


@pytest.mark.parametrize(
    ("text", "operands"),
    [
        ("/a > b/c > 3", (PathOperand("/a > b/c"), 3)),
        ("/std::vector<int>/size > 3", (PathOperand("/std::vector<int>/size"), 3)),
        ("/a within 5 of b/c > 3", (PathOperand("/a within 5 of b/c"), 3)),
        ("/a within b > 3", (PathOperand("/a within b"), 3)),
        ("/x > /within b", (PathOperand("/x"), PathOperand("/within b"))),
        ("/x > /b within y", (PathOperand("/x"), PathOperand("/b within y"))),
        ("/global/*ptr/a[3] > 3", (PathOperand("/global/*ptr/a[3]"), 3)),
        ("/drive [%] > 3", (PathOperand("/drive [%]"), 3)),
        ("/operator<=/n <= 3", (PathOperand("/operator<=/n"), 3)),
        ('/a > "/b > c"', (PathOperand("/a"), PathOperand("/b > c"))),
        ('"/a > b" > /c', (PathOperand("/a > b"), PathOperand("/c"))),
        ('"/a > b" > /c > d', (PathOperand("/a > b"), PathOperand("/c > d"))),
        ('"/a ""b"" \'" > 3', (PathOperand('/a "b" \''), 3)),
        ("'/it''s' > 3", (PathOperand("/it's"), 3)),
        ('/it\'s "so" > 3', (PathOperand('/it\'s "so"'), 3)),
        ('/x > "y" > 3', (PathOperand('/x > "y"'), 3)),
        ("'/ a ' > 3", (PathOperand("/ a "), 3)),
    ],
)
def test_the_last_operator_counts_unless_quotes_say_otherwise(
    text: str, operands: tuple[Operand, ...]
) -> None:
    assert parse_trigger(text).operands == operands


@given(paths(), paths(), paths())
@example("/a > b", '/"', "/' within ")
def test_quoted_any_path_can_be_written_anywhere(first: str, second: str, third: str) -> None:
    a, b, c = PathOperand(first), PathOperand(second), PathOperand(third)
    assert parse_trigger(f"{quoted(first)} > {quoted(second)}").operands == (a, b)
    assert parse_trigger(f"{quoted(first)} rises by {quoted(second)}").operands == (a, b)
    within = f"{quoted(first)} within {quoted(second)} of {quoted(third)}"
    assert parse_trigger(within).operands == (a, c, b)


@given(paths())
def test_before_a_number_any_path_can_be_written_as_it_is(path: str) -> None:
    path = path.strip()
    for operator, condition in OPERATORS.items():
        assert reading(f"{path} {operator} -3") == (condition, (PathOperand(path), -3))
    assert parse_trigger(f"{path} falls by 3").operands == (PathOperand(path), -3)


@given(st.text(max_size=40) | HOSTILE | st.tuples(paths(), HOSTILE).map(" > ".join))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        trigger = parse_trigger(text)
    except TriggerUnreadable as error:
        message = f"{error}"
    else:
        message = ""
        assert len(trigger.operands) == trigger.condition.required_operands()
        assert trigger.paths
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "write it as"),
        ("/motor/speed", "write it as"),
        ("/motor/speed>3", "with spaces around the operator"),
        ("/motor/speed > ", "write it as"),
        (" > 3", "write it as"),
        ("/a within 3", "write it as"),
        ("/a within of 3", "write it as"),
        ("/a = 3", "to compare, use =="),
        ("/a changes by 3", "use 'rises by' or 'falls by'"),
        ("3 > 2", "a path begins with /"),
        ("motor/speed > 2", "a path begins with /"),
        ('"/a" "/b" > 3', "write it as"),
        ("/a rises by -5", "positive number, not -5; use falls by 5"),
        ("/a falls by -5", "use rises by 5"),
        ("/a falls by 0", "use a small number"),
        ("/a falls by /b", "takes a number"),
        ("/a rises by fast", "takes a number, not 'fast'"),
        ("3 rises by /a", "begins with /"),
        ("/a > 1e999", "too large a number"),
        ("/a > " + "9" * 400, "too large a number"),
    ],
)
def test_what_is_no_trigger_is_told_what_would_be_one(text: str, reason: str) -> None:
    with pytest.raises(TriggerUnreadable, match=reason):
        parse_trigger(text)


def test_many_operators_and_quotes_take_no_time() -> None:
    text = "/a" + " > '\"" * 20_000
    with pytest.raises(TriggerUnreadable):
        parse_trigger(text)

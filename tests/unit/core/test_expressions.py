"""What users may write instead of a number."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.core.errors import ExpressionError, ScrutinyError
from scrutiny.core.expressions import DEPTH_MAX, DIGITS_MAX, LENGTH_MAX, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("10-4-3", 3),
        ("16/4/2", 2.0),
        ("7/2", 3.5),
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^3^2", 512),
        ("2^-1", 0.5),
        ("2^-2^2", 2**-4),
        ("2*-3", -6),
        ("6/-3", -2.0),
        ("--3", 3),
        ("1--1", 2),
        ("4^0.5", 2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5e-2", 0.015),
        ("1E+3", 1000.0),
        ("1e5-3", 99997.0),
        ("0xfF", 255),
        ("0B101", 5),
        ("007", 7),
        ("pi", math.pi),
        ("2 * PI", 2 * math.pi),
        (" \t( 1\n+ 1 )\r\n", 2),
        ("SQRT ( 9 )", 3.0),
    ],
)
def test_operators_bind_as_in_the_peer(text: str, value: float) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("abs(-2.5)", 2.5),
        ("exp(1)", math.e),
        ("pow(2, 10)", 1024),
        ("sqrt(2)", math.sqrt(2)),
        ("mod(7, 3)", 1),
        ("mod(-7, 3)", -1),
        ("mod(7, -3)", 1),
        ("mod(-7.5, 2)", -1.5),
        ("ceil(1.2)", 2),
        ("ceil(-1.2)", -1),
        ("floor(-1.2)", -2),
        ("round(0.5)", 0),
        ("round(1.5)", 2),
        ("round(2.5)", 2),
        ("round(-2.5)", -2),
        ("round(2.345, 2)", 2.35),
        ("round(1234, -2)", 1200),
        ("log(100)", math.log(100)),
        ("ln(100)", math.log(100)),
        ("log(8, 2)", 3.0),
        ("log10(1000)", 3.0),
        ("hypot()", 0.0),
        ("hypot(3, 4)", 5.0),
        ("hypot(2, 3, 6)", 7.0),
        ("degrees(pi)", 180.0),
        ("radians(180)", math.pi),
        ("sin(pi/2)", 1.0),
        ("cos(0)", 1.0),
        ("tan(0.5)", math.tan(0.5)),
        ("asin(1)", math.pi / 2),
        ("acos(1)", 0.0),
        ("atan(1)", math.pi / 4),
        ("atan2(1, -1)", 3 * math.pi / 4),
        ("sinh(1)", math.sinh(1)),
        ("cosh(1)", math.cosh(1)),
        ("tanh(1)", math.tanh(1)),
    ],
)
def test_functions_of_the_peer(text: str, value: float) -> None:
    assert evaluate(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+3", 3),
        ("2*+3", 6),
        ("-+-3", 3),
        ("min(3, 1.5, 2)", 1.5),
        ("max(3)", 3),
        ("max(1, -2)", 1),
    ],
)
def test_additions_to_the_language_of_the_peer(text: str, value: float) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize("text", ["true", "TRUE", " True\n"])
def test_true_and_false_are_booleans(text: str) -> None:
    assert evaluate(text) is True
    assert evaluate(text.lower().replace("true", "fAlse")) is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740993", 2**53 + 1),
        ("-9007199254740993", -(2**53) - 1),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("+9223372036854775807", 2**63 - 1),
        ("0xFFFFFFFFFFFFFFFF", 2**64 - 1),
        ("-0x8000000000000001", -(2**63) - 1),
        ("0b1" + "0" * 62 + "1", 2**63 + 1),
        ("1" + "0" * 399, 10**399),
        ("(18446744073709551615)", 2**64 - 1),
    ],
)
def test_v6_an_integer_literal_is_exact_at_any_size(text: str, value: int) -> None:
    result = evaluate(text)

    assert result == value
    assert isinstance(result, int)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740992 + 1", 2**53 + 1),
        ("2^64 - 1", 2**64 - 1),
        ("2^53 + 1", 2**53 + 1),
        ("3 * 3074457345618258603", 3 * 3074457345618258603),
        ("abs(-18446744073709551615)", 2**64 - 1),
        ("min(2^63, 2^63 - 1)", 2**63 - 1),
        ("mod(18446744073709551615, 10)", 5),
        ("round(9007199254740993)", 2**53 + 1),
        ("-(-9223372036854775807 - 1)", 2**63),
    ],
)
def test_v6_integers_stay_exact_in_arithmetic_that_leaves_them_integers(
    text: str, value: int
) -> None:
    assert evaluate(text) == value


def test_integers_become_floats_beyond_128_bits() -> None:
    assert evaluate("2^128") == 2**128
    assert evaluate("2^128+1") == 2.0**128
    assert isinstance(evaluate("2^100*2^100"), float)
    assert evaluate("10^200") == 1e200
    assert evaluate("1" + "0" * 399 + "/1" + "0" * 398) == 10.0


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 1, "unexpected the end of the text; expected a number"),
        ("   ", 4, "unexpected the end of the text; expected a number"),
        ("1 +", 4, "unexpected the end of the text; expected a number"),
        ("1 2", 3, "unexpected '2' at character 3; expected an operator"),
        ("(1+2", 5, r"unexpected the end of the text; expected an operator or '\)'"),
        ("1)", 2, r"unexpected '\)' at character 2"),
        ("()", 2, r"unexpected '\)' at character 2; expected a number"),
        ("2 * foo(1)", 5, "unknown function 'foo' at character 5; known are abs, acos, .*, tanh$"),
        ("2 * foo", 5, "unknown name 'foo' at character 5; expected a number, pi or a function"),
        ("sin", 4, r"expected '\(' and what sin is computed of"),
        ("sin 3", 5, r"unexpected '3' at character 5; expected '\('"),
        ("pi(1)", 1, "unknown function 'pi'"),
        ("sin()", 1, "'sin' at character 1 takes 1 argument, not 0"),
        ("1+atan2(1)", 3, "'atan2' at character 3 takes 2 arguments, not 1"),
        ("log(1,2,3)", 1, "takes 1 or 2 arguments, not 3"),
        ("max()", 1, "takes 1 or more arguments, not 0"),
        ("max(1,)", 7, r"unexpected '\)'"),
        ("max(1 2)", 7, r"expected an operator, ',' or '\)'"),
        ("1/0", 2, "division by zero at character 2"),
        ("1/(2-2.0)", 2, "division by zero at character 2"),
        ("sqrt(-1)", 1, "'sqrt' at character 1 is not defined for -1"),
        ("log(0)", 1, "is not defined for 0"),
        ("log(2, 1)", 1, "is not defined for 2 and 1"),
        ("(-8)^0.5", 5, "'\\^' at character 5 is not defined for -8 and 0.5"),
        ("0^-1", 2, "is not defined for 0 and -1"),
        ("mod(1, 0)", 1, "is not defined for 1 and 0"),
        ("round(1, 0.5)", 1, "is not defined for 1 and 0.5"),
        ("1e999", 1, "'1e999' at character 1 gives a number too large"),
        ("9^9^9^9", 4, "'\\^' at character 4 gives a number too large"),
        ("exp(1000)", 1, "gives a number too large"),
        ("1e308*10", 6, "gives a number too large"),
        ("1e308+1e308", 6, "gives a number too large"),
        ("-1e308-1e308", 7, "gives a number too large"),
        ("1e308/1e-10", 6, "gives a number too large"),
        ("sqrt(1" + "0" * 390 + ")", 1, "gives a number too large"),
        ("nan", 1, "unknown name 'nan'"),
        ("inf", 1, "unknown name 'inf'"),
        ("true+1", 1, "unknown name 'true'"),
        ("5%3", 2, "unexpected '%' at character 2"),
        ("2**3", 3, "unexpected '\\*' at character 3; expected a number"),
        ("1<2", 2, "unexpected '<'"),
        ("x=1", 1, "unknown name 'x'"),
        ("1_000", 1, "unexpected '1_'"),
        ("2pi", 1, "unexpected '2p'"),
        ("0x", 1, "unexpected '0x'"),
        ("0xG", 1, "unexpected '0x'"),
        ("0x1.5", 1, "unexpected '0x1.'"),
        ("0b12", 1, "unexpected '0b12'"),
        ("1e", 1, "unexpected '1e'"),
        ("1e+", 1, "unexpected '1e'"),
        ("1e5.5", 1, "unexpected '1e5.'"),
        ("1..2", 1, "unexpected '1..'"),
        (".", 1, "unexpected '.'"),
        ("\u0661", 1, "unexpected '\u0661'"),
        ("__import__('os')", 1, "unknown function '__import__'"),
        ("().__class__", 2, "unexpected"),
    ],
)
def test_an_error_says_where_and_what_is_expected(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        evaluate(text)

    assert caught.value.position == position
    assert isinstance(caught.value, ScrutinyError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * (LENGTH_MAX + 1), f"at most {LENGTH_MAX} characters"),
        ("1" * 10_000_000, f"at most {LENGTH_MAX} characters"),
        ("1" * (DIGITS_MAX + 1), f"expected at most {DIGITS_MAX}"),
        ("0x" + "f" * DIGITS_MAX, f"expected at most {DIGITS_MAX}"),
        ("(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1), "inside each other"),
        ("-" * 4000 + "1", "inside each other"),
        ("2^" * 2000 + "2", "inside each other"),
        ("abs(" * 1000, "inside each other"),
        ("9^9^9^9^9^9", "too large"),
        ("*".join(["9" * 399] * 10), "too large"),
        ("(10^128)^(10^128)", "too large"),
    ],
    ids=range(11),
)
def test_work_is_bounded(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        evaluate(text)

    assert len(str(caught.value)) < 400


def test_what_is_within_the_bounds_is_computed() -> None:
    nested = "(" * (DEPTH_MAX - 1) + "1" + ")" * (DEPTH_MAX - 1)

    assert evaluate(nested) == 1
    assert evaluate("+".join(["1"] * 2048)) == 2048
    assert evaluate("round(1e308, -1" + "0" * 300 + ")") == 0
    assert evaluate("9" * DIGITS_MAX) == int("9" * DIGITS_MAX)
    assert evaluate(f"hypot({','.join(['1'] * 1600)})") == 40.0


Sample = tuple[str, float | None]  # an expression, and its value; None: it has none


def applied(function: Callable[..., float], *operands: float | None) -> float | None:
    """Return what Python computes; None if any step fails or is not finite."""
    try:
        result: object = function(*operands)
    except (TypeError, ValueError, ArithmeticError):  # TypeError: an operand without a value
        return None
    return result if isinstance(result, float) and math.isfinite(result) else None


def larger(smaller: st.SearchStrategy[Sample]) -> st.SearchStrategy[Sample]:
    """Return expressions made of smaller ones, each in parentheses."""
    operators: dict[str, Callable[..., float]] = {
        "+": float.__add__,
        "-": float.__sub__,
        "*": float.__mul__,
        "/": float.__truediv__,
        "^": math.pow,
    }
    unary = ["sin", "cos", "tan", "asin", "acos", "tanh", "sinh", "cosh", "atan", "sqrt", "exp"]
    unary += ["log", "log10", "degrees", "radians"]
    binary = ["atan2", "hypot", "pow", "log"]

    def infix(left: Sample, symbol: str, right: Sample) -> Sample:
        value = applied(operators[symbol], left[1], right[1])
        return f"({left[0]}) {symbol} ({right[0]})", value

    def call(name: str, *operands: Sample) -> Sample:
        value = applied(getattr(math, name), *(value for _, value in operands))
        return f"{name}({', '.join(text for text, _ in operands)})", value

    return (
        st.builds(infix, smaller, st.sampled_from(sorted(operators)), smaller)
        | st.builds(call, st.sampled_from(unary), smaller)
        | st.builds(call, st.sampled_from(binary), smaller, smaller)
        | smaller.map(lambda sample: (f"-({sample[0]})", applied(float.__neg__, sample[1])))
    )


LITERALS = st.just(("pi", math.pi)) | st.floats(0, 1e6).map(lambda value: (repr(value), value))


@given(sample=st.recursive(LITERALS, larger, max_leaves=12))
def test_functions_and_operators_compute_what_python_computes(sample: Sample) -> None:
    text, expected = sample

    try:
        actual: float | None = evaluate(text)
    except ExpressionError:
        actual = None

    assert actual == expected


POWERS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "-", "--"]),
    st.integers(1, 9).map("{}.0".format),
    st.sampled_from(["", "**2.0", "**-2.0", "**2.0**3.0", "**-2.0**2.0", "**0.5"]),
)


@given(first=POWERS, rest=st.lists(st.tuples(st.sampled_from("+-*/"), POWERS), max_size=10))
def test_precedence_is_that_of_python(first: str, rest: list[tuple[str, str]]) -> None:
    text = first + "".join(symbol + power for symbol, power in rest)

    assert evaluate(text.replace("**", "^")) == eval(text)


@given(value=st.integers(-(2**80), 2**80), other=st.integers(-(2**40), 2**40))
def test_v6_integer_arithmetic_is_that_of_python(value: int, other: int) -> None:
    assert evaluate(f"{value} + {other}") == value + other
    assert evaluate(f"{value} - {other}") == value - other
    assert evaluate(f"{value} * {other}") == value * other
    assert evaluate(f"-({value})") == -value
    assert evaluate(hex(value)) == value


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives_as_text(value: float) -> None:
    assert evaluate(repr(value)) == value

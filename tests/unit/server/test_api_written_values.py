from __future__ import annotations

import math

import pytest

from scrutiny.api.messages import WrittenValue
from scrutiny.core.enums import Enumeration
from scrutiny.server.api.errors import CommandRefused
from scrutiny.server.api.written_values import parse_written_value

GEAR = Enumeration("Gear", {"Park": 0, "Drive": 7, "Reverse": -1, "pi": 3, "true": 9, "1": 5})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (True, True),
        (3, 3),
        (-2.5, -2.5),
        ("true", True),
        ("  False\n", False),
        ("12", 12),
        ("-12", -12),
        ("+7", 7),
        ("007", 7),
        ("3.5", 3.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E-2", -0.015),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("-0xff", -255),
        ("0B101", 5),
        ("-0b1", -1),
        ("--1", 1),
        ("2*(3+4)", 14),
        ("sqrt(16)/2", 2.0),
        ("2*PI", 2 * math.pi),
    ],
)
def test_allowed_forms(written: WrittenValue, value: bool | int | float) -> None:
    parsed = parse_written_value(written)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("18446744073709551615", 18446744073709551615),
        ("0xFFFFFFFFFFFFFFFF", 18446744073709551615),
        ("-9223372036854775808", -9223372036854775808),
        ("2^64 - 1", 18446744073709551615),
    ],
)
def test_v6_integers_of_64_bits_written_as_text_are_exact(written: str, value: int) -> None:
    assert parse_written_value(written) == value


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "abc", "nan", "inf", "-Infinity", "1_000", "0x", "0xG", "0b2", "1e", "1e999",
        "1 2", "1,5", "0o17", "True!", "null", "\u0661\u0662", "ON", "1" * 5000, "1/0", "sqrt(-1)",
        "9^9^9^9", "__import__('os')",
    ],
)  # fmt: skip
def test_other_text_is_refused_with_what_is_allowed(written: str) -> None:
    with pytest.raises(CommandRefused, match=r"is not a value: .*; write true, false, a number"):
        parse_written_value(written)


@pytest.mark.parametrize("written", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(written: float) -> None:
    with pytest.raises(CommandRefused, match="not a finite number"):
        parse_written_value(written)


def test_a_refusal_says_where_the_text_goes_wrong() -> None:
    with pytest.raises(CommandRefused, match=r"unknown function 'sine' at character 3; known are"):
        parse_written_value("2*sine(1)")


def test_long_text_is_not_quoted_in_full() -> None:
    for text in ("x" * 100_000, "x" * 4000, "1" * 4000, f"1+{'y' * 4000}(2)"):
        with pytest.raises(CommandRefused) as refusal:
            parse_written_value(text)

        assert len(str(refusal.value)) < 700


@pytest.mark.parametrize(
    ("written", "value"),
    [("Park", 0), ("Drive", 7), ("Reverse", -1), ("pi", 3), ("true", 9), ("1", 5)],
)
def test_the_name_of_an_enumerator_is_its_value_whatever_it_means_elsewhere(
    written: str, value: int
) -> None:
    assert parse_written_value(written, GEAR) == value


@pytest.mark.parametrize(("written", "value"), [("7", 7), (7, 7), ("True", True), ("3+4", 7)])
def test_an_enumeration_takes_other_values_too(written: WrittenValue, value: int) -> None:
    parsed = parse_written_value(written, GEAR)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize("written", ["drive", "DRIVE", "Drive ", "Gear::Drive", "Neutral"])
def test_a_misspelt_enumerator_is_refused_with_the_names(written: str) -> None:
    with pytest.raises(CommandRefused, match=r"write one of 'Park', 'Drive', 'Reverse', .*, true"):
        parse_written_value(written, GEAR)


def test_a_refusal_shows_some_names_of_a_large_enumeration() -> None:
    many = Enumeration("Error", {f"E{number}": number for number in range(5000)})

    with pytest.raises(CommandRefused, match=r"'E11' \(4988 more\), true"):
        parse_written_value("E5000", many)


def test_without_an_enumeration_a_name_is_no_value() -> None:
    with pytest.raises(CommandRefused, match="unknown name 'Drive'"):
        parse_written_value("Drive")

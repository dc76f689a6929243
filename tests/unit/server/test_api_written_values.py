from __future__ import annotations

import pytest

from scrutiny.api.messages import WrittenValue
from scrutiny.server.api.errors import CommandRefused
from scrutiny.server.api.written_values import parse_written_value


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
        ("18446744073709551615", 18446744073709551615),
        ("0xFFFFFFFFFFFFFFFF", 18446744073709551615),
        ("-9223372036854775808", -9223372036854775808),
    ],
)
def test_allowed_forms(written: WrittenValue, value: bool | int | float) -> None:
    parsed = parse_written_value(written)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "abc", "nan", "inf", "-Infinity", "1_000", "0x", "0xG", "0b2", "1e", "1e999",
        "--1", "1 2", "1,5", "0o17", "True!", "null", "\u0661\u0662", "ON", "1" * 5000,
    ],
)  # fmt: skip
def test_other_text_is_refused_with_what_is_allowed(written: str) -> None:
    with pytest.raises(CommandRefused, match=r"true, false, or a number|not a finite number"):
        parse_written_value(written)


def test_long_text_is_not_quoted_in_full() -> None:
    with pytest.raises(CommandRefused) as refusal:
        parse_written_value("x" * 100_000)

    assert len(str(refusal.value)) < 400

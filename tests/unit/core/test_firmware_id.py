"""The identifier of a build, which is also the name of a file."""

from __future__ import annotations

import pytest

from scrutiny.core.firmware_id import PLACEHOLDER, firmware_id_text, parse_firmware_id

TEXT = "00112233445566778899aabbccddeeff"


def test_an_identifier_is_written_in_lower_case() -> None:
    assert firmware_id_text(PLACEHOLDER) == "a9dcc06528fd41fa7ce863d6aa94a708"
    assert parse_firmware_id(TEXT.upper()) == TEXT
    assert parse_firmware_id(firmware_id_text(bytes.fromhex(TEXT))) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "0",
        TEXT + "\n",
        "\n" + TEXT,
        TEXT + " ",
        TEXT + "\0",
        TEXT + "/../../etc/passwd",
        "../" + TEXT,
        TEXT[:-3] + "/..",
        "0x" + TEXT[2:],
        TEXT[:-1] + "g",
        TEXT[:-1] + "\u0661",
        "\uff11" * 32,
        TEXT[:-1] + "\u212a",
    ],
)
def test_f9_only_exactly_32_digits_are_an_identifier(text: str) -> None:
    assert parse_firmware_id(text) is None

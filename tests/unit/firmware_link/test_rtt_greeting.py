from __future__ import annotations

import pytest

from scrutiny.firmware_link.transports.rtt_greeting import RttGreeting

GREETING = (
    b"SEGGER J-Link V7.96a - Real time terminal output\r\n"
    b"SEGGER J-Link EDU Mini V1.0, SN=801012345\r\n"
    b"Process: JLinkGDBServerCLExe\r\n"
)
ANSWER = b"\x81\x01\x00\x00\x02\x01\x00\x62\xce\x08\xb2"


def stripped(octets: bytes, chunk: int) -> bytes:
    greeting = RttGreeting()
    return b"".join(
        greeting.strip(octets[start : start + chunk]) for start in range(0, len(octets), chunk)
    )


@pytest.mark.parametrize("chunk", [1, 2, 7, 50, 1000])
@pytest.mark.parametrize(
    "following", [ANSWER, b"text of the firmware\r\n" + ANSWER, b""], ids=["answer", "text", "none"]
)
def test_a_greeting_goes_and_all_behind_it_stays(chunk: int, following: bytes) -> None:
    assert stripped(GREETING + following, chunk) == following


@pytest.mark.parametrize("chunk", [1, 5, 1000])
@pytest.mark.parametrize(
    "octets", [ANSWER, b"hello", b"SEGGER RTT\r\n" + ANSWER, b"SEGGER J-Lonk\r\n", b"\0"]
)
def test_what_is_no_greeting_stays_whole(chunk: int, octets: bytes) -> None:
    assert stripped(octets, chunk) == octets


@pytest.mark.parametrize("chunk", [1, 9, 1000])
@pytest.mark.parametrize(
    "greeting",
    [
        b"SEGGER J-Link V9.00 - Real time terminal output\r\nanything else\r\n",
        b"SEGGER J-Link V9.00, and the line does not end",
        b"SEGGER J-Link V9.00\r\n" + b"x" * 5000,
    ],
)
def test_a_greeting_of_another_version_ends_where_an_answer_begins(
    chunk: int, greeting: bytes
) -> None:
    assert stripped(greeting + ANSWER + GREETING, chunk) == ANSWER + GREETING


def test_what_came_later_looks_like_a_greeting_and_is_none() -> None:
    assert stripped(ANSWER + GREETING, 1000) == ANSWER + GREETING

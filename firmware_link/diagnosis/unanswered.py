"""What it may be when no device answers: from what came instead, and from other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from ..errors import LinkError
from ..messages import Discover
from ..transports.can_settings import CanSettings
from ..transports.settings import (
    PARITIES,
    LinkSettings,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    UdpSettings,
)
from ..transports.urls import link_url
from .findings import Cause, Finding
from .hearing import Heard, Sound, quoted
from .line import open_line

BAUD_RATES: Final = (
    *(115_200, 9_600, 57_600, 38_400, 19_200, 230_400, 460_800, 921_600, 1_000_000, 500_000),
    *(250_000, 2_000_000, 4_800, 2_400),
)

_SCAN_SHARE: Final = 0.4  # of the patience, for each of many settings
_ATTEMPTS: Final = 2  # the first one may meet a receiver that is out of step

_CHECK_WIRES: Final = (
    "check that the board has power and runs, that its TX goes to RX of the adapter and back, that "
    "ground is connected, and that it is this port: `scrutiny ports` lists all"
)
_CHECK_ADDRESS: Final = (
    "check that the device runs, that it listens at this address and port, and that no firewall is "
    "in between"
)
_LIST_DEVICES: Final = "; `scrutiny discover` lists all devices on the network"

_CHECK_PROBE: Final = (
    "check that the firmware runs, is in no breakpoint, and reads and writes this pair of RTT "
    "buffers"
)
_CHECK_CAN: Final = (
    "check that the device has power and runs, that txid and rxid are those of the firmware (txid "
    "is what it receives), that both have 11 or both 29 bits, and the bit rate of both ends"
)


def what_it_is(heard: Sequence[Heard]) -> Finding | None:
    """Return what is known of something that speaks, but not as a device does."""
    sounds = {each.sound: each for each in heard}
    if echo := sounds.get(Sound.ECHO):
        return Finding(
            Cause.ECHO,
            f"what is sent comes back, and nothing else ({len(echo.octets)} octets)",
            "TX and RX of the adapter are connected to each other: part them. On a bus with one "
            "wire, the device is silent: check its power and its wires",
        )
    if damaged := sounds.get(Sound.DAMAGED_ANSWER):
        return Finding(
            Cause.DAMAGED_ANSWERS,
            f"a device answers, but every answer is damaged: {quoted(damaged.octets)}",
            "check ground, the length of the wires and the baud rate, which may be a little off",
        )
    if text := sounds.get(Sound.TEXT):
        return Finding(
            Cause.TEXT,
            f"text comes instead of answers: {quoted(text.octets)}",
            "this port carries what the firmware prints, or a boot loader: use another one, or let "
            "the firmware print elsewhere",
        )
    if text := sounds.get(Sound.SEVEN_BIT_TEXT):
        plain = bytes(octet & 0x7F for octet in text.octets)
        return Finding(
            Cause.SEVEN_BITS,
            f"characters of 7 bits with parity come: {quoted(plain)}",
            "the protocol needs 8 bits: set the port of the firmware so, or use another one",
        )
    return None


async def answering_settings(
    settings: LinkSettings,
    baud_rates: Sequence[int],
    start_delay_s: float,
    patience_s: float,
    on_step: Callable[[str], None],
) -> Finding | None:
    """Try a serial port with other settings, and tell with which ones a device answers.

    Args:
        settings: those with which none does.
        baud_rates: to be tried.
        start_delay_s: to be tried.
        patience_s: how long a device may take to begin its answer.
        on_step: is called with what comes next, for people.
    """
    if not isinstance(settings, SerialSettings):
        return None
    for other, finding in _alternatives(settings, baud_rates, start_delay_s):
        delay = f", {other.start_delay_s:g} s after opening" if other.start_delay_s else ""
        on_step(f"trying {other.baudrate} baud, parity {other.parity}{delay}")
        is_one_of_many = other.start_delay_s == settings.start_delay_s
        ask_s = patience_s * _SCAN_SHARE if is_one_of_many else patience_s
        try:
            async with open_line(other) as line:
                await line.listen(other.start_delay_s)
                for _ in range(_ATTEMPTS):
                    if (await line.ask(Discover(), ask_s)).response is not None:
                        return finding
        except LinkError:  # not all ports have all rates
            continue
    return None


def _alternatives(
    settings: SerialSettings, baud_rates: Sequence[int], start_delay_s: float
) -> Iterator[tuple[SerialSettings, Finding]]:
    if start_delay_s > settings.start_delay_s:
        other = replace(settings, start_delay_s=start_delay_s)
        yield (
            other,
            Finding(
                Cause.STARTS_LATE,
                f"the device answers once it was left alone for {start_delay_s:g} s after the port "
                "was opened, and not before",
                "the board starts anew when its port is opened, as an Arduino does: use "
                f"{link_url(other)}",
            ),
        )
    for baudrate in baud_rates:
        if baudrate != settings.baudrate:
            other = replace(settings, baudrate=baudrate)
            text = f"the device answers at {baudrate} baud, not at {settings.baudrate}"
            yield other, Finding(Cause.WRONG_BAUD_RATE, text, f"use {link_url(other)}")
    for parity in PARITIES[:3]:  # the others are hardly anywhere
        if parity != settings.parity:
            other = replace(settings, parity=parity)
            text = f"the device answers with parity {parity}, not {settings.parity}"
            yield other, Finding(Cause.OTHER_PARITY, text, f"use {link_url(other)}")


def nothing_known(settings: LinkSettings, heard: Sequence[Heard]) -> Finding:
    """Return what is left to say: nothing came, or nobody knows what."""
    octets = b"".join(each.octets for each in heard)
    if not octets:
        return Finding(Cause.SILENCE, "nothing comes back", _what_to_check(settings))
    return Finding(
        Cause.UNREADABLE,
        f"{len(octets)} octets came that are no answer: {quoted(octets)}",
        "this is another baud rate than the common ones, other bits or parity, or another "
        "protocol: compare with what the firmware sets",
    )


def _what_to_check(settings: LinkSettings) -> str:
    match settings:
        case SerialSettings():
            return _CHECK_WIRES
        case CanSettings():
            return _CHECK_CAN
        case RttSettings() | RttServerSettings():
            return _CHECK_PROBE
        case UdpSettings():
            return _CHECK_ADDRESS + _LIST_DEVICES
        case _:
            return _CHECK_ADDRESS

"""What octets are that came back, or came by themselves; pure functions."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ..errors import CrcError, FrameError
from ..frames import Response, ResponseParser

_PRINTABLE: Final = frozenset(string.printable.encode()) | {0x1B}  # colours begin with ESC
_TEXT_SHARE: Final = 0.9
_SHORTEST_TEXT: Final = 8
_QUOTED_MAX: Final = 60


class Sound(Enum):
    """What octets are."""

    NOTHING = auto()
    ANSWER = auto()
    DAMAGED_ANSWER = auto()
    ECHO = auto()
    TEXT = auto()
    SEVEN_BIT_TEXT = auto()  # with a parity bit where the eighth should be
    NOISE = auto()


@dataclass(frozen=True, slots=True)
class Heard:
    """Octets, and what they are.

    Attributes:
        response: of an answer, else None.
        is_echoed: what was sent came back before the answer.
    """

    octets: bytes
    sound: Sound
    response: Response | None = None
    is_echoed: bool = False


def judge(octets: bytes, sent: bytes = b"") -> Heard:
    """Return what octets are.

    Args:
        octets: all that came.
        sent: the request before them; empty if there was none.
    """
    if not octets:
        return Heard(octets, Sound.NOTHING)
    is_echoed = bool(sent) and octets.startswith(sent)
    rest = octets[len(sent) :] if is_echoed else octets
    response, is_damaged = _response_in(rest) if sent else (None, False)
    if response is not None:
        return Heard(octets, Sound.ANSWER, response, is_echoed)
    if is_echoed:
        return Heard(octets, Sound.ECHO, is_echoed=True)
    if is_damaged:
        return Heard(octets, Sound.DAMAGED_ANSWER)
    if is_text(octets):
        return Heard(octets, Sound.TEXT)
    if has_parity_bits(octets) and is_text(bytes(octet & 0x7F for octet in octets)):
        return Heard(octets, Sound.SEVEN_BIT_TEXT)
    return Heard(octets, Sound.NOISE)


def is_text(octets: bytes) -> bool:
    """Tell whether octets are what a firmware prints for people."""
    count = sum(octet in _PRINTABLE for octet in octets)
    return len(octets) >= _SHORTEST_TEXT and count >= _TEXT_SHARE * len(octets)


def has_parity_bits(octets: bytes) -> bool:
    """Tell whether the highest bit makes the number of ones even in all octets, or odd in all."""
    return len({octet.bit_count() % 2 for octet in octets}) == 1


def quoted(octets: bytes) -> str:
    """Return the beginning of octets for a message: text as such, else in hexadecimal."""
    if is_text(octets):
        text = octets.decode("ascii", "replace").strip()
        return f'"{" ".join(text.split())[:_QUOTED_MAX]}"'
    return octets[: _QUOTED_MAX // 3].hex(" ")


def _response_in(octets: bytes) -> tuple[Response | None, bool]:
    """Return the response that octets begin with, and whether there is one with a wrong CRC."""
    try:
        return ResponseParser().feed_one(octets), False
    except CrcError:
        return None, True
    except FrameError:
        return None, False

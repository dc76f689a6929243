"""How an operation on the device ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .entries import Entry


class Outcome(msgspec.Struct, frozen=True):
    """Result of a write, a memory access or a user command.

    Attributes:
        success: the device confirmed it.
        reason: why not, for humans; empty on success.
        data: octets that were read, or that the user command answered.
        time_ns: when it was known, `time.monotonic_ns`.
    """

    success: bool
    reason: str
    data: bytes
    time_ns: int


OutcomeCallback = Callable[[Outcome], None]

# Gets the entries that could not be read, with the reason; all others have their value.
ReadCallback = Callable[[dict["Entry", str]], None]


def unknown_outcome(reason: str) -> str:
    """Tell a client what it means that a request has no answer, for this reason."""
    return f"{reason}; whether it was carried out is unknown"

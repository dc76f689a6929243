"""How an operation on the device ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
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

"""Wrong tokens per address: after some of them, no token from there is looked at for a while."""

from __future__ import annotations

from collections import deque
from typing import Final

MOST_FAILURES: Final = 10
WINDOW_S: Final = 30.0
_MOST_ADDRESSES: Final = 4096  # beyond, the one that failed longest ago is forgotten


class FailedLogins:
    """Counts failures; no clock, no I/O.

    Addresses of the machine itself are to be left out: any account could lock out all the others.
    """

    def __init__(self) -> None:
        self._failures: dict[str, deque[float]] = {}

    def failed(self, address: str, now_s: float) -> None:
        """Note a wrong token."""
        times = self._failures.pop(address, None) or deque(maxlen=MOST_FAILURES)
        times.append(now_s)
        self._failures[address] = times  # at the end: the newest
        if len(self._failures) > _MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]

    def pause_s(self, address: str, now_s: float) -> float:
        """Return for how many seconds no token from an address is looked at; 0: now."""
        times = self._failures.get(address)
        if times is None or len(times) < MOST_FAILURES:
            return 0.0
        pause_s = times[0] + WINDOW_S - now_s
        if pause_s <= 0:
            del self._failures[address]
            return 0.0
        return pause_s

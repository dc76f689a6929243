"""When a board has sent what: the octets that its process has written, looked at all the time."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOOK_AGAIN_S: Final = 0.0005


class Emission:
    """What a process has written, as `looking_at` finds out."""

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._counts: list[int] = []

    def note(self, time_s: float, count: int) -> None:
        """Learn how many octets there were at a moment, which is later than those before."""
        self._times_s.append(time_s)
        self._counts.append(count)

    def of_last(self, octets: int, until_s: float) -> tuple[float, float]:
        """Return from when until when the last octets were sent before a moment.

        Both are not a number if the moment is not one. Those that are sent for something else
        meanwhile count as if they belonged to them, so it may seem to have begun that much later.
        """
        if math.isnan(until_s):
            return math.nan, math.nan
        total = self._counts[bisect_right(self._times_s, until_s) - 1]
        begin = bisect_right(self._counts, total - octets) - 1
        end = bisect_left(self._counts, total)
        return self._times_s[begin], self._times_s[end]


@contextmanager
def looking_at(pid: int) -> Generator[Emission]:
    """Note what a process writes while the context lasts."""
    emission = Emission()
    file = Path("/proc", f"{pid}", "io")
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_AGAIN_S):
            now_s = time.monotonic()
            emission.note(now_s, int(file.read_text().split("wchar: ")[1].split()[0]))

    thread = threading.Thread(target=look, name="emission")
    thread.start()
    try:
        yield emission
    finally:
        is_over.set()
        thread.join()

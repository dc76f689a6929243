"""When a board has sent what: the octets that its process has written, looked at all the time."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left, bisect_right
from pathlib import Path
from types import TracebackType
from typing import Final, Self

LOOK_AGAIN_S: Final = 0.0005


class Emission:
    """Looks at a process while the context lasts."""

    def __init__(self, pid: int) -> None:
        self._file = Path("/proc", f"{pid}", "io")
        self._times_s: list[float] = []
        self._counts: list[int] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="emission")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

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

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_AGAIN_S):
            now_s = time.monotonic()
            written = self._file.read_text().split("wchar: ")[1].split()[0]
            self._times_s.append(now_s)
            self._counts.append(int(written))

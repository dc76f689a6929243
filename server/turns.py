"""Work that takes long, done in slices between which the device and all clients have a turn."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Final, TypeVar, cast

logger = logging.getLogger(__name__)

# What one turn of the loop does of such work, all of it together. A device that answers within
# 0.1 ms is then asked again at most so much later.
SLICE_S: Final = 0.001

# Yielded by work where somebody else may have a turn; more than 0: and where it wants a pause, in
# seconds. It should do so every 0.1 ms or oftener: a slice ends at the first one after its time.
NO_PAUSE: Final = 0.0

Steps = Generator[float, None, None]


ResultT = TypeVar("ResultT")


def finish(steps: Generator[float, None, ResultT]) -> ResultT:
    """Do all of some work now, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("ResultT", end.value)


class Turns:
    """Does work in the order it was started, a slice in each turn of the loop.

    Args:
        loop: whose turns they are.
        now_s: the time.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, now_s: Callable[[], float] = time.perf_counter
    ) -> None:
        self._loop = loop
        self._now_s = now_s
        self._waiting: deque[Steps] = deque()
        self._is_working = False
        self._scheduled: asyncio.Handle | None = None
        # Work that begins at once is counted as well: many small pieces make a large one.
        self._window_s = -SLICE_S
        self._used_s = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether work waits for its next slice."""
        return bool(self._waiting)

    def start(self, steps: Steps) -> None:
        """Begin at once if nothing else is being done, so that little work ends before this does.

        What the work raises is logged; whoever has to be told catches it in the work.
        """
        self._waiting.append(steps)
        if self._is_working:  # who does it looks at what waits, too
            return
        now_s = self._now_s()
        if now_s - self._window_s >= 2 * SLICE_S:
            self._window_s, self._used_s = now_s, 0.0
        if len(self._waiting) > 1 or self._used_s >= SLICE_S:
            self._schedule()
        else:
            self._work()

    def _schedule(self) -> None:
        if self._scheduled is None:
            self._scheduled = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = None
        self._window_s, self._used_s = self._now_s(), 0.0
        self._work()

    def _work(self) -> None:
        """Use up the slice, with one step at least, and go on in the next turn if need be."""
        started_s = now_s = self._now_s()
        end_s = started_s + SLICE_S - self._used_s
        self._is_working = True
        while self._waiting:
            steps = self._waiting.popleft()
            if self._go_on(steps, end_s):
                self._waiting.append(steps)
            now_s = self._now_s()
            if now_s >= end_s:
                break
        self._is_working = False
        self._used_s += now_s - started_s
        if self._waiting:
            self._schedule()

    def _go_on(self, steps: Steps, end_s: float) -> bool:
        """Do work until its time is over; return whether it waits for the next turn."""
        now_s = self._now_s
        try:
            for pause_s in steps:
                if pause_s > 0:
                    self._loop.call_later(pause_s, self.start, steps)
                    return False
                if now_s() >= end_s:
                    return True
        except Exception:
            # It must not take what else waits here down with it.
            logger.exception("work in slices failed")
        return False

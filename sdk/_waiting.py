"""Sleeping until something happens, with a deadline, such that Ctrl-C works everywhere."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

# On Windows a thread that waits for a lock does not notice Ctrl-C; elsewhere it does.
_LONGEST_NAP_S = 0.5 if os.name == "nt" else threading.TIMEOUT_MAX

# On a busy machine the sleeper may not run for longer, and there is more to receive.
LONGEST_HANDOVER_S = 0.001


class Deadline:
    """A time limit, computed once; None or infinity means never."""

    def __init__(self, timeout_s: float | None) -> None:
        self._end_s = float("inf") if timeout_s is None else time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """Return how much time is left, at least 0."""
        return max(0.0, self._end_s - time.monotonic())


class Latch:
    """Lets one thread sleep until another one opens it."""

    def __init__(self) -> None:
        # A bare lock, released by the reader thread, wakes faster than an Event or a Future.
        self._lock = threading.Lock()
        self._lock.acquire()

    def open(self) -> None:
        """Let the sleeper go; call it once."""
        self._lock.release()

    def wait(self, deadline: Deadline) -> bool:
        """Sleep until it is opened; False when the time is up."""
        while True:
            remaining_s = deadline.remaining_s()
            if self._lock.acquire(timeout=min(remaining_s, _LONGEST_NAP_S)):
                return True
            if remaining_s <= _LONGEST_NAP_S:
                return False


class Signal:
    """Wakes up all threads that wait for a condition, whenever it may have become true.

    It leaves its lock free whenever Ctrl-C comes. A `threading.Condition` does not: its methods
    are Python code, and an exception may be raised in them when they have just taken the lock.
    Whoever needs that lock, such as the thread that receives answers, would then wait for ever.

    Args:
        lock: under which the condition changes, a `threading.Lock` or `threading.RLock`.
    """

    def __init__(self, lock: contextlib.AbstractContextManager[bool]) -> None:
        self._lock = lock
        self._sleepers: set[Latch] = set()

    def notify(self) -> None:
        """Let the sleepers look at their conditions; the lock is held."""
        while self._sleepers:
            self._sleepers.pop().open()

    def until(self, probe: Callable[[], _T], deadline: Deadline) -> _T:
        """Sleep until the probe returns something true, and return that; or what is not, if late.

        Args:
            probe: called with the lock held, at first and after each :meth:`notify`.
            deadline: how long to sleep.
        """
        while True:
            with self._lock:
                if (found := probe()) or deadline.remaining_s() <= 0:
                    return found
                sleeper = Latch()
                self._sleepers.add(sleeper)
            try:
                sleeper.wait(deadline)
            finally:
                with self._lock:
                    self._sleepers.discard(sleeper)


class Halt:
    """Tells a thread that pauses to end. It may be called anywhere, also by a finalizer."""

    def __init__(self) -> None:
        self.is_called = False
        self._latch = Latch()

    def call(self) -> None:
        """End the pause, and all that follow."""
        if not self.is_called:
            self.is_called = True
            with contextlib.suppress(RuntimeError):  # two at the same time
                self._latch.open()

    def pause(self, duration_s: float) -> bool:
        """Sleep, and tell whether to go on."""
        if not self.is_called:
            self._latch.wait(Deadline(duration_s))
        return not self.is_called


class DoneWaiter(Latch):
    """Lets one thread sleep until an exchange is done.

    Who lets it go may stand back until it runs. Python would have one thread that receives message
    after message go on for up to 5 ms while another one, awake already, waits for its turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_awaited = False
        self._is_taken = threading.Lock()
        self._is_taken.acquire()

    def wait(self, deadline: Deadline) -> bool:
        """Sleep until it is opened; False when the time is up, and it may be called again then."""
        self._is_awaited = True
        if super().wait(deadline):
            self._is_taken.release()
            return True
        self._is_awaited = False
        return False

    def hand_over(self, limit_s: float = LONGEST_HANDOVER_S) -> bool:
        """Open it, and return when the sleeper runs: whether there is one that does so in time."""
        self.open()
        return self._is_awaited and self._is_taken.acquire(timeout=limit_s)

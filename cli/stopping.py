"""Ends that are no failures: Ctrl-C and SIGTERM stop what goes on until it is stopped."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Generator
from types import FrameType


class Stop:
    """What is waited for; a signal, or another thread, ends the wait."""

    def __init__(self) -> None:
        # Its put() may interrupt its own get(): that of other queues, and events, would deadlock.
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """End the wait, also the next one; from any thread, and from signal handlers."""
        self._requests.put(None)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Return whether the end has come, at the latest when the time is up."""
        try:
            self._requests.get(timeout=timeout_s)
        except queue.Empty:
            return False
        self._requests.put(None)
        return True


@contextlib.contextmanager
def stopped_by_signals() -> Generator[Stop]:
    """Let signals end a wait instead of the program, as long as the block takes."""
    stop = Stop()
    with _handled(lambda number, frame: stop.request()):
        yield stop


@contextlib.contextmanager
def ended_by_signals() -> Generator[None]:
    """End the block, without an exception, at a signal."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt), _handled(end):
        yield


@contextlib.contextmanager
def _handled(handler: signal._HANDLER) -> Generator[None]:  # pyright: ignore[reportPrivateUsage]
    if threading.current_thread() is not threading.main_thread():  # which has the signals
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, previous in zip(numbers, former, strict=True):
            signal.signal(number, previous)

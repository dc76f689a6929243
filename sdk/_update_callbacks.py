"""Calls functions of the user for the updates of handles, in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from ._channel import Channel
from ._pending_readings import PendingReadings
from ._waiting import Deadline, Signal
from ._watch_state import WatchState
from ._watched_value import UpdateCallback, make_snapshot

logger: logging.Logger = logging.getLogger(__name__)


class _Registration:
    """A function, and what it has not been called for yet."""

    def __init__(self, state: WatchState, callback: UpdateCallback) -> None:
        self.state = state
        self.callback = callback
        self.pending = PendingReadings(state)
        self.is_queued = False
        self.is_over = False


class UpdateCallbacks:
    """The functions of one client. A slow one holds up the others, and nothing else.

    The thread exists as long as there is anything to call.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()  # may be taken with the channel's lock held
        self._changed = Signal(self._lock)
        self._queue: deque[_Registration] = deque()
        self._registrations: set[_Registration] = set()
        self._thread: threading.Thread | None = None

    def add(self, state: WatchState, callback: UpdateCallback) -> Callable[[], None]:
        """Call a function for each update from now on; return what ends that."""
        registration = _Registration(state, callback)

        def changed() -> None:
            """Note a new reading; the channel's lock is held."""
            if registration.pending.keep():
                self._wake(registration)

        def remove() -> None:
            with self._channel.lock:
                state.unobserve(changed)
            with self._lock:
                registration.is_over = True
                self._registrations.discard(registration)
                self._changed.notify()

        with self._channel.lock:
            if state.is_over:
                return remove
            with self._lock:
                self._registrations.add(registration)
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name="scrutiny-sdk-updates", daemon=True
                    )
                    self._thread.start()
            state.observe(changed)
        return remove

    def _wake(self, registration: _Registration) -> None:
        with self._lock:
            if not registration.is_queued:
                registration.is_queued = True
                self._queue.append(registration)
            if registration.state.is_over:  # this is its last one
                self._registrations.discard(registration)
            self._changed.notify()

    def _run(self) -> None:
        while (registration := self._next()) is not None:
            for reading in registration.pending.take():
                if registration.is_over:
                    break
                try:
                    registration.callback(make_snapshot(reading))
                except Exception:
                    logger.exception("A callback for %s failed", registration.state.path)

    def _next(self) -> _Registration | None:
        """Wait for something to call; None: there will be nothing."""
        while True:
            self._changed.until(lambda: self._queue or not self._registrations, Deadline(None))
            with self._lock:
                if self._queue:
                    registration = self._queue.popleft()
                    registration.is_queued = False
                    return registration
                if not self._registrations:
                    self._thread = None
                    return None

"""Something that was asked for, and will be done or fail later."""

from __future__ import annotations

import threading

from . import exceptions
from ._arguments import check_optional_timeout
from ._completion import Completion
from ._waiting import Deadline, Signal


class PendingRequest(Completion):
    """A request that another thread completes. The first completion wins."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._is_over = Signal(self._lock)

    def wait_for_completion(self, timeout: float | None = None) -> None:
        """Wait until it is over.

        Args:
            timeout: In seconds, None waits for ever.

        Raises:
            TimeoutException: it is not over yet.
            OperationFailure: it failed.
        """
        deadline = Deadline(check_optional_timeout(timeout))
        if not self._is_over.until(lambda: self.completed, deadline):
            raise exceptions.TimeoutException(f"{self!r} is not over after {timeout} s")
        if self._failure_reason:
            raise exceptions.OperationFailure(self._failure_reason)

    def mark_complete(self, failure_reason: str = "") -> None:
        """End it; for the client. Empty means success."""
        with self._lock:
            super().mark_complete(failure_reason)
            self._is_over.notify()

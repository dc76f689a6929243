"""Something that was asked for, and will be done or fail later."""

from __future__ import annotations

import threading
from datetime import datetime

from . import exceptions
from ._arguments import check_optional_timeout
from ._waiting import Deadline, wait_for


class PendingRequest:
    """A request that another thread completes. The first completion wins."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._completion: datetime | None = None
        self._failure_reason = ""

    @property
    def completed(self) -> bool:
        """Whether it is over, successful or not."""
        return self._completion is not None

    @property
    def is_success(self) -> bool:
        """Whether it is over and did what was asked."""
        return self.completed and not self._failure_reason

    @property
    def completion_datetime(self) -> datetime | None:
        """Local time of its end, None before."""
        return self._completion

    @property
    def failure_reason(self) -> str:
        """Why it failed; empty if it did not, or not yet."""
        return self._failure_reason

    def wait_for_completion(self, timeout: float | None = None) -> None:
        """Wait until it is over.

        Args:
            timeout: In seconds, None waits for ever.

        Raises:
            TimeoutException: it is not over yet.
            OperationFailure: it failed.
        """
        deadline = Deadline(check_optional_timeout(timeout))
        with self._condition:
            if not wait_for(self._condition, lambda: self.completed, deadline):
                raise exceptions.TimeoutException(f"{self!r} is not over after {timeout} s")
        if self._failure_reason:
            raise exceptions.OperationFailure(self._failure_reason)

    def mark_complete(self, failure_reason: str = "") -> None:
        """End it; for the client. Empty means success."""
        with self._condition:
            if self._completion is not None:
                return
            self._failure_reason = failure_reason
            self._completion = datetime.now()
            self._condition.notify_all()

    def __repr__(self) -> str:
        state = "pending"
        if self.completed:
            state = f"failed: {self._failure_reason}" if self._failure_reason else "done"
        return f"<{type(self).__name__} {state}>"

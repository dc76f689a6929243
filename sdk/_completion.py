"""The outcome of something that was asked for; no I/O, no locks."""

from __future__ import annotations

from datetime import datetime


class Completion:
    """Open at first, then done or failed, once and for ever."""

    __slots__ = ("_completion", "_failure_reason")

    def __init__(self) -> None:
        self._completion: datetime | None = None
        self._failure_reason: str = ""

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

    def mark_complete(self, failure_reason: str = "") -> None:
        """End it; for the client. Empty means success, and only the first call counts."""
        if self._completion is None:
            self._failure_reason = failure_reason
            self._completion = datetime.now()

    def __repr__(self) -> str:
        state = "pending"
        if self.completed:
            state = f"failed: {self._failure_reason}" if self._failure_reason else "done"
        return f"<{type(self).__name__} {state}>"

"""The place of the datalogger among what waits for the link."""

from __future__ import annotations

from collections.abc import Callable

from .jobs import Job


class DatalogLane:
    """The one job of the datalogger: whatever it is busy with, it asks one thing at a time.

    Attributes:
        on_job: called when there is one.
    """

    def __init__(self) -> None:
        self.on_job: Callable[[], None] = lambda: None
        self._job: Job | None = None
        self._repeats = False

    def __bool__(self) -> bool:
        return self._job is not None

    def put(self, job: Job, *, repeats: bool = False) -> None:
        """Let a job wait for the link; one that repeats goes again and again, until withdrawn."""
        assert self._job is None, "the datalogger asks one thing at a time"
        self._job = job
        self._repeats = repeats
        self.on_job()

    def withdraw(self) -> None:
        """Forget the job; one that is under way is still answered."""
        self._job = None

    def next_job(self) -> Job:
        """Return the job, which is there, to be sent."""
        job = self._job
        assert job is not None
        if not self._repeats:
            self._job = None
        return job

    def fail_all(self, reason: str, now_ns: int) -> None:
        """Fail the job, if there is one: the device is gone."""
        job, self._job = self._job, None
        if job is not None:
            job.failed(reason, now_ns)

"""The place of the datalogger among what waits for the link."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from scrutiny.firmware_link.exchange import Transaction

from .jobs import Job, MadeJob


class RepeatedJob(MadeJob):
    """A request that goes again and again, until it is withdrawn.

    Attributes:
        under_way: how many of it were sent and have not ended.
    """

    __slots__ = ("under_way",)

    def __init__(self, made: Transaction) -> None:
        """Take a request as it is."""
        super().__init__(made)
        self.under_way: int = 0

    @property
    @abstractmethod
    def is_one_more_certain(self) -> bool:
        """Whether it will be needed once more, whatever the answers hold that are under way."""

    @abstractmethod
    def taken_back(self) -> None:
        """Learn that one that was sent ahead is no longer waited for."""


class DatalogLane:
    """The one job of the datalogger: whatever it is busy with, it asks one thing at a time.

    Attributes:
        on_job: called when there is one.
    """

    def __init__(self) -> None:
        self.on_job: Callable[[], None] = lambda: None
        self._job: Job | None = None

    def __bool__(self) -> bool:
        return self._job is not None

    @property
    def may_go_ahead(self) -> bool:
        """Whether the job may be sent before the last one is answered."""
        return isinstance(self._job, RepeatedJob) and self._job.is_one_more_certain

    def put(self, job: Job) -> None:
        """Let a job wait for the link."""
        assert self._job is None, "the datalogger asks one thing at a time"
        self._job = job
        self.on_job()

    def withdraw(self) -> None:
        """Forget the job; those that are under way are still answered."""
        self._job = None

    def next_job(self) -> Job:
        """Return the job, which is there, to be sent."""
        job = self._job
        assert job is not None
        if isinstance(job, RepeatedJob):
            job.under_way += 1
        else:
            self._job = None
        return job

    def fail_all(self, reason: str, now_ns: int) -> None:
        """Fail the job, if there is one: the device is gone."""
        job, self._job = self._job, None
        if job is not None:
            job.failed(reason, now_ns)

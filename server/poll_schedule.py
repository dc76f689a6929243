"""What to ask the device next; no I/O, no clock.

Order: writes and user commands, then in turn a transfer and a read. Transfers are those of the
datalogger and pieces of bulk access, in turn as well. Of the reads comes first what lies behind a
pointer that has just moved, then in turn one whose rate makes it due and one that goes as fast as
possible, unless a client that takes every sample has enough of it. Heartbeats come before all of
this, from the connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final

from .broadcast import MIN_INTERVAL_S
from .datalog_lane import DatalogLane, RepeatedJob
from .jobs import Job
from .rate_gate import next_due_ns
from .read_jobs import ReadJob
from .read_plan import ReadPlan
from .write_queue import WriteJob, WriteQueue

# After so many urgent jobs in a row a due read has its turn: a client that only writes must not
# stop the values of the others.
MAX_URGENT_IN_A_ROW: Final = 16

# So long after an urgent job nothing is sent ahead, and long reads are sent in pieces: whoever
# writes again and again waits for each answer, and would wait for one more read every time. Nor is
# anything read more often than clients are told, unless one takes every sample.
INTERACTIVE_NS: Final = 100_000_000
TOLD_EVERY_NS: Final = int(MIN_INTERVAL_S * 1e9)


class PollSchedule:
    """Jobs that wait for the link.

    Attributes:
        wake_ns: when the next read is due, if `next_job` had nothing; None: nothing is planned.
        urgent: writes and user commands; they are sent in their order, before reads.
        datalog: what the datalogger is asked.
        on_ready: called when a read may be sent that had to wait for a client.
    """

    def __init__(self, urgent: WriteQueue) -> None:
        self.wake_ns: int | None = None
        self.urgent = urgent
        self.datalog = DatalogLane()
        self.on_ready: Callable[[], None] = lambda: None
        self._plan: ReadPlan | None = None
        self._bulk: deque[Job] = deque()
        self._returned: deque[Job] = deque()
        self._urgent_in_a_row = 0
        self._interactive_until_ns = 0
        self._continuous_index = 0
        self._pieces: deque[ReadJob] = deque()  # what is left of the read whose turn it is
        self._transfer_was_last = False
        self._datalog_was_last = False
        self._periodic_was_last = False

    def set_plan(self, plan: ReadPlan, now_ns: int) -> None:
        """Read by this plan from now on; reads that go on keep their rhythm."""
        plan.begin(self._plan, now_ns)
        self._plan = plan
        self._pieces.clear()

    def add_bulk(self, job: Job) -> None:
        """Queue a piece of a large transfer, which shares the link with the reads."""
        self._bulk.append(job)

    def next_job(self, now_ns: int) -> Job | None:
        """Return the job to send now, None if nothing is due before `wake_ns`."""
        self.wake_ns = None
        if self.urgent and self._urgent_in_a_row < MAX_URGENT_IN_A_ROW:
            self._urgent_in_a_row += 1
            return self._next_urgent(now_ns)
        self._urgent_in_a_row = 0
        job = self._next_read_or_transfer(now_ns)
        if job is None and self.urgent:
            return self._next_urgent(now_ns)
        return job

    def next_read_ahead(self, now_ns: int, room: int) -> Job | None:
        """Return the job to send before the last one is answered, None if that should not be.

        Only what reads, in no more than ``room`` octets, and what would be next in any case.
        """
        if self.urgent or now_ns < self._interactive_until_ns:
            return None
        if self.datalog and not self.datalog.may_go_ahead:
            return None
        if self._bulk and not self._bulk[0].only_reads:
            return None
        job = self._next_read_or_transfer(now_ns)
        if job is not None and len(job.frame) > room:
            self.put_back([job])
            return None
        return job

    def next_write_beside(self, job: Job, now_ns: int, room: int) -> Job | None:
        """Return writes to send while the device answers a job, None if that should not be.

        Args:
            job: the one that is answered; the device has carried it out.
            now_ns: the time.
            room: octets that the request may have.
        """
        if self._urgent_in_a_row >= MAX_URGENT_IN_A_ROW:
            return None
        writes = self.urgent.next_beside(job, room)
        if writes is not None:
            self._urgent_in_a_row += 1
            self._interactive_until_ns = now_ns + INTERACTIVE_NS
        return writes

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Take jobs back that were given to be sent ahead: of their kind, they come first."""
        for job in jobs:
            if isinstance(job, WriteJob):
                self.urgent.put_back(job)
            elif isinstance(job, RepeatedJob):
                job.taken_back()  # it is asked for again anyway
            else:
                self._returned.append(job)

    def keep_unanswered(self, job: Job) -> bool:
        """Keep writes that a silent device may carry out yet, for when it is heard again.

        Once: what it does not answer then, either, has failed.
        """
        return isinstance(job, WriteJob) and self.urgent.keep_unanswered(job)

    def _next_urgent(self, now_ns: int) -> Job | None:
        self._interactive_until_ns = now_ns + INTERACTIVE_NS
        return self.urgent.next_job()

    def read_was_refused(self, job: ReadJob) -> None:
        """Plan around a value that the device does not want to give."""
        if self._plan is not None:
            self._plan.replace_refused(job)

    def fail_all(self, reason: str, now_ns: int) -> None:
        """Empty the queues: the device is gone."""
        self._plan = None
        self._pieces.clear()
        waiting = list(self._bulk)
        self._bulk.clear()
        waiting.extend(self._returned)
        self._returned.clear()
        self.urgent.fail_all(reason, now_ns)
        self.datalog.fail_all(reason, now_ns)
        for job in waiting:
            job.failed(reason, now_ns)

    def _next_read_or_transfer(self, now_ns: int) -> Job | None:
        if self._returned:
            return self._returned.popleft()
        if not self._transfer_was_last and (transfer := self._next_transfer()) is not None:
            self._transfer_was_last = True
            return transfer
        self._transfer_was_last = False
        read = self._next_read(now_ns)
        return self._next_transfer() if read is None else read

    def _next_transfer(self) -> Job | None:
        if self.datalog and not (self._datalog_was_last and self._bulk):
            self._datalog_was_last = True
            return self.datalog.next_job()
        self._datalog_was_last = False
        return self._bulk.popleft() if self._bulk else None

    def _next_read(self, now_ns: int) -> ReadJob | None:
        job = self._choose_read(now_ns)
        if job is not None:
            job.is_under_way = True
        return job

    def _choose_read(self, now_ns: int) -> ReadJob | None:
        plan = self._plan
        if plan is None:
            return None
        if plan.overdue:
            return plan.overdue.popleft()
        if self._periodic_was_last and (job := self._next_continuous(plan, now_ns)) is not None:
            self._periodic_was_last = False
            return job
        if plan.periodic:
            job = min(plan.periodic, key=_due_ns)
            if job.due_ns <= now_ns:
                job.due_ns = next_due_ns(job.due_ns, job.period_ns, now_ns)
                self._periodic_was_last = True
                return job
            self._wake_at(job.due_ns)
        self._periodic_was_last = False
        return self._next_continuous(plan, now_ns)

    def _wake_at(self, time_ns: int) -> None:
        if self.wake_ns is None or time_ns < self.wake_ns:
            self.wake_ns = time_ns

    def _next_continuous(self, plan: ReadPlan, now_ns: int) -> ReadJob | None:
        if self._pieces:
            return self._next_piece(now_ns)
        jobs = plan.continuous
        for _ in jobs:
            self._continuous_index += 1
            if self._continuous_index >= len(jobs):
                self._continuous_index = 0
            job = jobs[self._continuous_index]
            if not job.sample_queues:
                is_interactive = now_ns < self._interactive_until_ns
                if is_interactive and now_ns < job.rests_until_ns:
                    self._wake_at(job.rests_until_ns)
                    continue
                job.rests_until_ns = now_ns + TOLD_EVERY_NS
                if is_interactive:
                    self._pieces.extend(job.pieces())
                    return self._next_piece(now_ns)
                job.timed_from_ns = 0
                return job
            for queue in job.sample_queues:
                if queue.holds_reads:
                    queue.on_room = self.on_ready
                    break
            else:
                return job
        return None

    def _next_piece(self, now_ns: int) -> ReadJob:
        piece = self._pieces.popleft()
        # What is sent ahead, which may be now, says nothing of how long it takes.
        piece.timed_from_ns = now_ns if now_ns < self._interactive_until_ns else 0
        return piece


_due_ns = attrgetter("due_ns")

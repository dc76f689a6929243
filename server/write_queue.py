"""Writes and user commands on their way to the device, in the order they were asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from scrutiny.core.values import decode
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import Command, ResponseCode
from scrutiny.firmware_link.errors import LinkError
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import (
    AddressFormat,
    MemoryBlock,
    ReadMemory,
    ReadMemoryAnswer,
)

from .jobs import Job, MessageJob, refusal
from .memory_blocks import PlanLimits
from .pending_writes import PendingWrite, confirm
from .store import ValueStore
from .target_memory import TargetMemory


class WriteJob(Job):
    """Write values of one kind with one request; the device acknowledges each."""

    __slots__ = ("_queue", "_store", "_writes")

    def __init__(self, writes: list[PendingWrite], queue: WriteQueue, store: ValueStore) -> None:
        payload = b"".join([write.part or b"" for write in writes])
        acknowledgement = b"".join([write.acknowledgement for write in writes])
        request = Request(Command.MEMORY_CONTROL, writes[0].function, payload)
        super().__init__(request.encode(), prefix=acknowledgement, size=len(acknowledgement))
        self._writes = writes
        self._queue = queue
        self._store = store

    @property
    def writes(self) -> Sequence[PendingWrite]:
        """What it writes, in this order."""
        return self._writes

    def is_apart_from(self, other: WriteJob) -> bool:
        """Whether no value is written by both, so that either may be sent once more."""
        if self._writes[0].is_published != other.writes[0].is_published:
            return False  # a published value may be a variable as well
        touched = {number for write in other.writes for number in write.touched}
        return all(touched.isdisjoint(write.touched) for write in self._writes)

    def decides_next(self, response: Response) -> bool:
        return response.code != ResponseCode.OK  # they are sent again, before the others

    def answered(self, response: Response, now_ns: int) -> None:
        if response.code == ResponseCode.OK:
            self._queue.prepare()
            confirm(self._writes, self._store, now_ns)
            self._finish("", now_ns)
        elif len(self._writes) > 1:
            self._queue.retry_alone(self._writes)
        else:
            self._finish(f"{refusal(response)}", now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        self._finish(reason, now_ns)

    def _finish(self, reason: str, now_ns: int) -> None:
        for write in self._writes:
            write.finish(reason, self._store, now_ns)


class WriteQueue:
    """First in, first out; neighbouring writes of a kind share a request if the buffers allow."""

    def __init__(self, store: ValueStore) -> None:
        self._store = store
        self._waiting: deque[PendingWrite | Job] = deque()
        self._prepared: WriteJob | None = None  # ahead of all that waits
        self._limits = PlanLimits(0, 0)
        self._memory = TargetMemory(AddressFormat(4))

    def __len__(self) -> int:
        return len(self._waiting) + (self._prepared is not None)

    def set_target(self, limits: PlanLimits, memory: TargetMemory) -> None:
        """Take what is known of the device."""
        self._put_in_front([])
        self._limits = limits
        self._memory = memory

    def add(self, item: PendingWrite | Job) -> None:
        """Queue a write, or any other request that keeps its place among the writes.

        A write that the device would refuse ends at once.
        """
        if isinstance(item, PendingWrite):
            objection = item.prepare(self._memory)
            if objection is not None:
                item.finish(objection, self._store, time.monotonic_ns())
                return
        self._waiting.append(item)

    def retry_alone(self, writes: list[PendingWrite]) -> None:
        """Send refused writes again, each in a request of its own, before all others."""
        for write in writes:
            write.begin_again()
        self._put_in_front(writes)

    def put_back(self, job: WriteJob) -> None:
        """Take back a request that was sent: it comes before all others, once more."""
        for write in job.writes:
            write.was_sent = True
        self._put_in_front(job.writes)

    def keep_unanswered(self, job: WriteJob) -> bool:
        """Take back a request that the device did not answer, unless it was taken back before."""
        if any(write.was_unanswered for write in job.writes):
            return False
        self.put_back(job)
        for write in job.writes:
            write.was_unanswered = True
            write.look_up_again()
        return True

    def prepare(self) -> None:
        """Make the next request, while the device is busy, if nothing that comes could join it."""
        if self._prepared is not None:
            return
        writes = self._take_writes()
        if self._waiting:
            self._prepared = WriteJob(writes, self, self._store) if writes else None
        else:
            self._waiting.extend(writes)

    def next_beside(self, job: Job, room: int) -> WriteJob | None:
        """Take the next request if it may be sent while the device still answers another one.

        That is so if nothing changes when the other one is sent again after it.

        Args:
            job: the other one.
            room: octets that the request may have.
        """
        if self._prepared is None and (writes := self._take_writes()):
            self._prepared = WriteJob(writes, self, self._store)
        prepared = self._prepared
        if prepared is None or len(prepared.frame) > room:
            return None
        if not job.only_reads and not (isinstance(job, WriteJob) and prepared.is_apart_from(job)):
            return None
        self._prepared = None
        return prepared

    def next_job(self) -> Job:
        """Take the next request; the queue must not be empty."""
        if self._prepared is not None:
            job, self._prepared = self._prepared, None
            return job
        first = self._waiting.popleft()
        if isinstance(first, Job):
            return first
        if first.part is None:
            return self._pointer_read(first)
        return WriteJob(self._sharing_with(first), self, self._store)

    def fail_all(self, reason: str, now_ns: int) -> None:
        """Empty the queue: the device is gone."""
        self._put_in_front([])
        waiting = list(self._waiting)
        self._waiting.clear()
        for item in waiting:
            if isinstance(item, Job):
                item.failed(reason, now_ns)
            else:
                item.give_up(reason, self._store, now_ns)

    def _take_writes(self) -> list[PendingWrite]:
        """Take the writes of the next request, if that is one of writes."""
        if not self._waiting:
            return []
        first = self._waiting[0]
        if isinstance(first, Job) or first.part is None:
            return []
        self._waiting.popleft()
        return self._sharing_with(first)

    def _sharing_with(self, first: PendingWrite) -> list[PendingWrite]:
        """Take the writes that go with the first one."""
        writes = [first]
        request_size = len(first.part or b"")
        answer_size = len(first.acknowledgement)
        while self._waiting and not first.is_alone:
            candidate = self._waiting[0]
            if isinstance(candidate, Job) or candidate.is_alone or candidate.part is None:
                break
            request_size += len(candidate.part)
            answer_size += len(candidate.acknowledgement)
            fits = request_size <= self._limits.max_request
            if not fits or answer_size > self._limits.max_answer:
                break
            if candidate.function != first.function:
                break
            writes.append(candidate)
            self._waiting.popleft()
        return writes

    def _pointer_read(self, first: PendingWrite) -> Job:
        """Read the pointer of the next writes; they wait for it in front of all others."""
        pointer = first.pointer
        assert pointer is not None
        writes = [first]
        while self._waiting and not first.is_alone:
            candidate = self._waiting[0]
            if isinstance(candidate, Job) or candidate.is_alone or candidate.part is not None:
                break
            if candidate.pointer is None or candidate.pointer.path != pointer.path:
                break
            writes.append(candidate)
            self._waiting.popleft()

        def answered(result: ReadMemoryAnswer | LinkError, now_ns: int) -> None:
            self._pointer_was_read(pointer, writes, result, now_ns)

        block = MemoryBlock(pointer.address & self._memory.fmt.mask, pointer.data_type.size)
        return MessageJob(ReadMemory((block,)), self._memory.fmt, answered)

    def _pointer_was_read(
        self,
        pointer: Variable,
        writes: list[PendingWrite],
        result: ReadMemoryAnswer | LinkError,
        now_ns: int,
    ) -> None:
        if isinstance(result, LinkError):
            reason = f"the pointer {pointer.path} could not be read: {result}"
            for write in writes:
                write.give_up(reason, self._store, now_ns)
            return
        value = decode(result.blocks[0].data, pointer.data_type, pointer.byte_order)
        ready: list[PendingWrite] = []
        for write in writes:
            objection = write.follow(int(value), self._memory)
            if objection is None:
                ready.append(write)
            else:
                write.finish(objection, self._store, now_ns)
        self._put_in_front(ready)

    def _put_in_front(self, writes: Sequence[PendingWrite]) -> None:
        """Let writes be the next ones; what was prepared to be that is undone."""
        if self._prepared is not None:
            self._waiting.extendleft(reversed(self._prepared.writes))
            self._prepared = None
        self._waiting.extendleft(reversed(writes))

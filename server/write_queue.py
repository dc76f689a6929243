"""Writes and user commands on their way to the device, in the order they were asked for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from scrutiny.core.values import Value, encode
from scrutiny.firmware_link.codes import Command, MemoryControlFunction, ResponseCode
from scrutiny.firmware_link.frames import Request, Response

from .entries import Entry
from .jobs import Job, refusal
from .outcome import Outcome, OutcomeCallback
from .store import ValueStore

_ID_SIZE: Final = 2
_ACKNOWLEDGEMENT_SIZE: Final = 3

# More writes than this do not share a request: if it is lost, the fate of all of them is unknown.
MAX_WRITES_PER_REQUEST: Final = 32


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """One value for the device; ``is_alone`` once a request shared with others was refused."""

    entry: Entry
    value: Value
    done: OutcomeCallback
    is_alone: bool = False

    @property
    def request_size(self) -> int:
        """Octets of payload that it takes in a request."""
        return _ID_SIZE + self.entry.data_type.size

    def encoded(self) -> bytes:
        """Return its part of a request: id and value, big endian."""
        rpv_id = self.entry.definition.id.to_bytes(_ID_SIZE, "big")
        return rpv_id + encode(self.value, self.entry.data_type, "big")


class WriteJob(Job):
    """Write published values with one request; the device acknowledges each with id and size."""

    __slots__ = ("_queue", "_store", "_writes")

    def __init__(self, writes: list[PendingWrite], queue: WriteQueue, store: ValueStore) -> None:
        payload = b"".join(write.encoded() for write in writes)
        acknowledgement = b"".join(
            write.entry.definition.id.to_bytes(_ID_SIZE, "big")
            + bytes((write.entry.data_type.size,))
            for write in writes
        )
        request = Request(Command.MEMORY_CONTROL, MemoryControlFunction.WRITE_RPV, payload)
        super().__init__(request.encode(), prefix=acknowledgement, size=len(acknowledgement))
        self._writes = writes
        self._queue = queue
        self._store = store

    def answered(self, response: Response, now_ns: int) -> None:
        if response.code == ResponseCode.OK:
            self._confirmed(now_ns)
        elif len(self._writes) > 1:
            self._queue.retry_alone(self._writes)
        else:
            self._finish(f"{refusal(response)}", now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        self._finish(reason, now_ns)

    def _confirmed(self, now_ns: int) -> None:
        for write in self._writes:
            self._store.update((write.entry,), (write.value,), now_ns)
            for feed in write.entry.watchers:
                feed.mark((write.entry,))
        for write in self._writes:
            write.done(Outcome(True, "", b"", now_ns))

    def _finish(self, reason: str, now_ns: int) -> None:
        for write in self._writes:
            write.done(Outcome(False, reason, b"", now_ns))


class WriteQueue:
    """First in, first out; neighbouring writes share a request as far as the buffers allow."""

    def __init__(self, store: ValueStore) -> None:
        self._store = store
        self._waiting: deque[PendingWrite | Job] = deque()
        self._max_request = 0
        self._max_answer = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def set_limits(self, max_request: int, max_answer: int) -> None:
        """Take the payload limits of the device, in octets."""
        self._max_request = max_request
        self._max_answer = max_answer

    def add(self, item: PendingWrite | Job) -> None:
        """Queue a write, or any other request that keeps its place among the writes."""
        self._waiting.append(item)

    def retry_alone(self, writes: list[PendingWrite]) -> None:
        """Send refused writes again, each in a request of its own, before all others."""
        alone = [PendingWrite(write.entry, write.value, write.done, True) for write in writes]
        self._waiting.extendleft(reversed(alone))

    def next_job(self) -> Job:
        """Take the next request; the queue must not be empty."""
        first = self._waiting.popleft()
        if isinstance(first, Job):
            return first
        writes = [first]
        request_size = first.request_size
        while self._waiting and not first.is_alone and len(writes) < MAX_WRITES_PER_REQUEST:
            candidate = self._waiting[0]
            if isinstance(candidate, Job) or candidate.is_alone:
                break
            request_size += candidate.request_size
            answer_size = _ACKNOWLEDGEMENT_SIZE * (len(writes) + 1)
            if request_size > self._max_request or answer_size > self._max_answer:
                break
            writes.append(candidate)
            self._waiting.popleft()
        return WriteJob(writes, self, self._store)

    def fail_all(self, reason: str, now_ns: int) -> None:
        """Empty the queue: the device is gone."""
        waiting = list(self._waiting)
        self._waiting.clear()
        for item in waiting:
            if isinstance(item, Job):
                item.failed(reason, now_ns)
            else:
                item.done(Outcome(False, reason, b"", now_ns))

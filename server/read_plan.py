"""From what is watched to the requests that read it, made anew only when the watches change."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import Value, struct_code
from scrutiny.firmware_link.codes import Command, MemoryControlFunction, ResponseCode
from scrutiny.firmware_link.frames import Request, Response

from .broadcast import ValueFeed
from .entries import Entry
from .jobs import Job, refusal
from .store import ValueStore
from .subscriptions import effective_rate

logger = logging.getLogger(__name__)

_ID_SIZE: Final = 2

# A value that the device refuses to read is asked for again after this time.
REFUSED_PAUSE_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What one request and one answer may hold, in octets of payload."""

    max_request: int
    max_answer: int


class ReadJob(Job):
    """Read published values: prepared once, sent again and again.

    Attributes:
        entries: what it reads, in the order of the answer.
        period_ns: time between two reads; 0: as fast as possible.
        due_ns: when it has to be sent next; unused without a period.
        was_refused: the device said no to this request as it stands.
    """

    __slots__ = (
        "_booleans",
        "_deliveries",
        "_ids",
        "_store",
        "_unpack",
        "due_ns",
        "entries",
        "period_ns",
        "was_refused",
    )

    def __init__(self, entries: Sequence[Entry], period_ns: int, store: ValueStore) -> None:
        ids = tuple(entry.definition.id for entry in entries)
        layout = Struct(">" + "".join("H" + struct_code(entry.data_type) for entry in entries))
        request = Request(
            Command.MEMORY_CONTROL,
            MemoryControlFunction.READ_RPV,
            b"".join(rpv_id.to_bytes(_ID_SIZE, "big") for rpv_id in ids),
        )
        super().__init__(
            request.encode(), prefix=ids[0].to_bytes(_ID_SIZE, "big"), size=layout.size
        )
        self.entries = tuple(entries)
        self.period_ns = period_ns
        self.due_ns = 0
        self.was_refused = False
        self._ids = ids
        self._unpack = layout.unpack
        self._store = store
        # struct decodes booleans of one octet only
        self._booleans = [
            index
            for index, entry in enumerate(entries)
            if entry.data_type.kind is TypeKind.BOOL and entry.data_type is not DataType.BOOL8
        ]
        self._deliveries = _deliveries(self.entries)

    def answered(self, response: Response, now_ns: int) -> None:
        if response.code != ResponseCode.OK:
            self._refused(response, now_ns)
            return
        fields = self._unpack(response.payload)
        if fields[0::2] != self._ids:
            return  # the answer to another request of the same size; the next round reads again
        values: Sequence[Value] = fields[1::2]
        if self._booleans:
            values = self._with_booleans(values)
        self._store.update(self.entries, values, now_ns)
        for feed, entries in self._deliveries:
            feed.mark(entries)

    def failed(self, reason: str, now_ns: int) -> None:
        """Nothing to do: the next round reads again."""

    def _refused(self, response: Response, now_ns: int) -> None:
        is_news = not self.was_refused
        self.was_refused = True
        self.due_ns = now_ns + REFUSED_PAUSE_NS
        if is_news and len(self.entries) == 1:
            logger.warning("%s cannot be read: %s", self.entries[0].path, refusal(response))

    def _with_booleans(self, values: Sequence[Value]) -> Sequence[Value]:
        changed = list(values)
        for index in self._booleans:
            changed[index] = bool(changed[index])
        return changed

    def halves(self) -> list[ReadJob]:
        """Return two jobs that read half of it each: one bad value must not hide the others."""
        middle = len(self.entries) // 2
        parts = (self.entries[:middle], self.entries[middle:])
        return [ReadJob(part, self.period_ns, self._store) for part in parts]


class ReadPlan:
    """All requests of one round, packed into as few as the device's buffers allow."""

    def __init__(self, entries: Iterable[Entry], limits: PlanLimits, store: ValueStore) -> None:
        by_period: defaultdict[int, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_period[_period_ns(effective_rate(entry))].append(entry)
        self.continuous: list[ReadJob] = []
        self.periodic: list[ReadJob] = []
        for period_ns, group in by_period.items():
            jobs = [ReadJob(part, period_ns, store) for part in _packed(group, limits)]
            (self.periodic if period_ns else self.continuous).extend(jobs)

    def replace_refused(self, job: ReadJob) -> None:
        """Take a refused job apart; what is left of it alone is tried again now and then."""
        jobs = self.periodic if job in self.periodic else self.continuous
        if job not in jobs:
            return  # it was asked by an older plan
        jobs.remove(job)
        if len(job.entries) == 1:
            self.periodic.append(job)
            job.period_ns = max(job.period_ns, REFUSED_PAUSE_NS)
            return
        for half in job.halves():
            (self.periodic if half.period_ns else self.continuous).append(half)


def _period_ns(rate: float | None) -> int:
    return 0 if rate is None else max(1, round(1e9 / rate))


def _packed(entries: Iterable[Entry], limits: PlanLimits) -> Iterator[list[Entry]]:
    """Fill request after request up to the limits."""
    part: list[Entry] = []
    answer_size = 0
    for entry in sorted(entries, key=lambda entry: entry.definition.id):
        entry_size = _ID_SIZE + entry.data_type.size
        is_full = (
            _ID_SIZE * (len(part) + 1) > limits.max_request
            or answer_size + entry_size > limits.max_answer
        )
        if part and is_full:
            yield part
            part, answer_size = [], 0
        part.append(entry)
        answer_size += entry_size
    if part:
        yield part


def _deliveries(entries: Sequence[Entry]) -> list[tuple[ValueFeed, tuple[Entry, ...]]]:
    by_feed: defaultdict[ValueFeed, list[Entry]] = defaultdict(list)
    for entry in entries:
        for feed in entry.watchers:
            by_feed[feed].append(entry)
    return [(feed, tuple(watched)) for feed, watched in by_feed.items()]

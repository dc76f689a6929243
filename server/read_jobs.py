"""Reads that are sent again and again, with the clients that want their values."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import Response

from .entries import Entry
from .jobs import Job, refusal
from .pointers import Pointer, PointerTable
from .rate_gate import RateGate, next_due_ns
from .read_layouts import ReadLayout
from .receivers import Receiver
from .sample_queue import SampleQueue
from .store import ValueStore
from .target_memory import FORBIDDEN

logger = logging.getLogger(__name__)

# What the device refuses to read is asked for again after this time.
REFUSED_PAUSE_NS: Final = 1_000_000_000

# A read that takes the link for longer is cut into pieces while writes must not wait for it. Their
# answers have so many octets of payload. If they take so many times as long as the whole, the link
# waits rather than carries, and the whole is read as before; that is seen after some rounds.
LONG_READ_NS: Final = 1_000_000
SHORT_ANSWER: Final = 128
DEAREST_PIECES: Final = 2
ROUNDS_OF_TRIAL: Final = 8

# For what a client watches: when it is due, and the gate of a read that is under way.
GatesBefore = dict[tuple[Receiver, Entry], tuple[int, RateGate | None]]
_NO_GATE: Final = 0, None


class ReadJob(Job):
    """One request of a plan.

    Attributes:
        layout: what it reads.
        period_ns: time between two reads; 0: as fast as possible.
        due_ns: when it has to be sent next; unused without a period.
        rests_until_ns: until then, nobody would be told any better; unused with a period.
        was_refused: the device said no to this request as it stands.
        is_under_way: it was sent, and its answer has not come yet.
        timed_from_ns: when it was sent, if nothing was under way; 0: something was.
        shortest_ns: the shortest time from then until its answer came; 0: not known yet.
        whole: what it is a piece of; itself, if it is none.
        assumed: pointers that its addresses were made from.
        sample_queues: of those clients that get every value that it reads.
    """

    __slots__ = (
        "_assumed_values",
        "_direct",
        "_gates",
        "_pieces",
        "_pointers",
        "_store",
        "_table",
        "_trials_left",
        "assumed",
        "due_ns",
        "is_under_way",
        "layout",
        "period_ns",
        "rests_until_ns",
        "sample_queues",
        "shortest_ns",
        "timed_from_ns",
        "was_refused",
        "whole",
    )

    def __init__(
        self,
        layout: ReadLayout,
        period_ns: int,
        store: ValueStore,
        table: PointerTable,
        assumed: Sequence[Pointer] = (),
    ) -> None:
        """Prepare a job.

        Args:
            layout: of the request.
            period_ns: as the attribute.
            store: takes the values.
            table: learns the values of the pointers among the entries.
            assumed: as the attribute.
        """
        super().__init__(layout.frame, prefix=layout.prefix, size=layout.size, only_reads=True)
        self.layout = layout
        self.period_ns = period_ns
        self.due_ns = 0
        self.rests_until_ns = 0
        self.was_refused = False
        self.is_under_way = False
        self.timed_from_ns = 0
        self.shortest_ns = 0
        self.whole = self
        self.assumed = tuple(assumed)
        self._assumed_values = [pointer.value for pointer in assumed]
        self._store = store
        self._table = table
        self._pointers = table.among(layout.entries)
        self._pieces: tuple[ReadJob, ...] = ()
        self._trials_left = ROUNDS_OF_TRIAL
        self._direct, self._gates = _receivers(layout.entries, period_ns)
        self.sample_queues = [feed for feed, _ in self._direct if isinstance(feed, SampleQueue)]

    @property
    def entries(self) -> Sequence[Entry]:
        """What it reads, in the order of the answer."""
        return self.layout.entries

    @property
    def gates(self) -> Sequence[RateGate]:
        """Those that pass the values on to clients with a rate."""
        return self._gates

    def keep_rhythm(self, gates_before: GatesBefore, now_ns: int) -> None:
        """Go on with the due times that clients had before; who is new gets the next value."""
        gates: list[RateGate] = []
        for gate in self._gates:
            parts: defaultdict[tuple[int, RateGate | None], list[Entry]] = defaultdict(list)
            for entry in gate.entries:
                parts[gates_before.get((gate.feed, entry), _NO_GATE)].append(entry)
            for (due_ns, awaited), entries in parts.items():
                part = RateGate(gate.feed, entries, gate.period_ns, self.period_ns)
                if due_ns > now_ns + part.period_ns:  # the client has asked for more since
                    due_ns = next_due_ns(now_ns, part.period_ns, now_ns)
                part.due_ns = due_ns
                if awaited is not None:
                    awaited.successor = part
                    part.has_awaited = True
                gates.append(part)
        self._gates = gates

    def answered(self, response: Response, now_ns: int) -> None:
        self.is_under_way = False
        if self.timed_from_ns:
            took_ns = now_ns - self.timed_from_ns
            if took_ns < self.shortest_ns or not self.shortest_ns:
                self.shortest_ns = took_ns
        if self.assumed and [pointer.value for pointer in self.assumed] != self._assumed_values:
            return  # about a place where the pointers do not point to any more
        if response.code != ResponseCode.OK:
            self._refused(response, now_ns)
            return
        decoded = self.layout.decode(response.payload)
        if decoded is None:
            return  # the answer to another request of the same size; the next round reads again
        values, octets = decoded
        self._store.update(self.layout.entries, values, now_ns, octets)
        for feed, entries in self._direct:
            feed.mark(entries)
        for gate in self._gates:
            gate.offer(now_ns)
        if self._pointers:
            self._table.learn(self._pointers, now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        """The next round reads again."""
        self.is_under_way = False

    def halves(self) -> list[ReadJob]:
        """Return jobs that read a part of it each: one bad value must not hide the others."""
        gates = gates_of([self])
        jobs: list[ReadJob] = []
        for layout in self.layout.halves():
            job = ReadJob(layout, self.period_ns, self._store, self._table, self.assumed)
            job.keep_rhythm(gates, self.due_ns)  # which is ahead: nothing is cut short
            jobs.append(job)
        return jobs

    def pieces(self) -> tuple[ReadJob, ...]:
        """Return short jobs that read the same, or only itself where these gain nothing."""
        if self.shortest_ns <= LONG_READ_NS or self.layout.is_single or self._gates:
            return (self,)
        if not self._pieces:
            self._pieces = tuple(self._cut())
            for piece in self._pieces:
                piece.whole = self
        if self._trials_left:
            self._trials_left -= 1
        elif sum([p.shortest_ns for p in self._pieces]) > DEAREST_PIECES * self.shortest_ns:
            return (self,)
        return self._pieces

    def _cut(self) -> Iterator[ReadJob]:
        if self.layout.is_single or self.layout.size <= SHORT_ANSWER:
            yield self
            return
        for half in self.halves():
            yield from half._cut()

    def _refused(self, response: Response, now_ns: int) -> None:
        is_news = not self.was_refused
        self.was_refused = True
        self.due_ns = now_ns + REFUSED_PAUSE_NS
        if not self.layout.is_single:
            return
        if is_news:
            logger.warning("%s cannot be read: %s", self.entries[0].path, refusal(response))
        if response.code == ResponseCode.FORBIDDEN:
            tell_unreadable(self.entries, FORBIDDEN, self._store, now_ns)
            self._table.fail(self._pointers, FORBIDDEN, now_ns)


def gates_of(jobs: Iterable[ReadJob]) -> GatesBefore:
    """Return what the jobs of a new plan have to know of those before."""
    return {
        (gate.feed, entry): (gate.due_ns, gate if job.is_under_way or gate.has_awaited else None)
        for job in jobs
        for gate in job.gates
        for entry in gate.entries
    }


def tell_unreadable(entries: Iterable[Entry], reason: str, store: ValueStore, now_ns: int) -> None:
    """Tell the watchers of entries that they have no value, each of them once."""
    for entry in entries:
        store.invalidate((entry,), reason, now_ns)
        for feed in entry.watchers:
            if feed not in entry.informed:
                entry.informed += (feed,)
                feed.mark((entry,))


def read_period_ns(rate: float | None) -> int:
    """Return the time between two reads, 0 for as fast as possible; a rate of 0 is none."""
    return max(1, round(1e9 / rate)) if rate else 0


def _receivers(
    entries: Sequence[Entry], period_ns: int
) -> tuple[list[tuple[Receiver, tuple[Entry, ...]]], list[RateGate]]:
    """Return who gets every value that is read, and who gets some of them."""
    direct: defaultdict[Receiver, list[Entry]] = defaultdict(list)
    rated: defaultdict[tuple[Receiver, float], list[Entry]] = defaultdict(list)
    for entry in entries:
        for feed, rate in entry.watchers.items():
            if rate is None:
                direct[feed].append(entry)
            else:
                rated[feed, rate].append(entry)
    gates = [
        RateGate(feed, wanted, read_period_ns(rate), period_ns)
        for (feed, rate), wanted in rated.items()
    ]
    return [(feed, tuple(wanted)) for feed, wanted in direct.items()], gates

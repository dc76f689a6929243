"""From what is watched to the requests that read it, made anew only when the watches change.

Variables behind pointers are an exception: their requests are made anew when a pointer has moved.
The pointers are read with everything else, as often as the fastest of what depends on them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Iterator, Sequence

import msgspec

from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import PublishedValue, Variable

from .entries import Entry, Source, SourceKey, source_key
from .memory_blocks import PlanLimits
from .memory_layouts import SlotTable
from .pointers import Pointer, PointerTable
from .read_jobs import REFUSED_PAUSE_NS, ReadJob, gates_of, read_period_ns, tell_unreadable
from .read_layouts import ReadLayout, rpv_layouts
from .store import ValueStore
from .subscriptions import effective_rate
from .target_memory import FORBIDDEN, TargetMemory
from .turns import NO_PAUSE, Steps, finish

PointerState = tuple[int | None, str]


class ReadTarget(msgspec.Struct, frozen=True):
    """The device that plans are made for, and where its values go."""

    limits: PlanLimits
    memory: TargetMemory
    store: ValueStore
    pointers: PointerTable = msgspec.field(default_factory=PointerTable)


class _Wanted:
    """A source, with the entries that show it; it is read once for all of them."""

    __slots__ = ("entries", "period_ns", "pointer", "source")

    def __init__(self, source: Source, period_ns: int, entry: Entry) -> None:
        self.source = source
        self.pointer = source.pointer if isinstance(source, Variable) else None
        self.period_ns = period_ns
        self.entries = [entry]

    def add(self, entry: Entry, period_ns: int) -> None:
        self.entries.append(entry)
        self.period_ns = min(self.period_ns, period_ns)


class ReadPlan:
    """All requests of one round, packed into as few as the device's buffers allow.

    Attributes:
        continuous: requests sent as fast as possible.
        periodic: requests with a period.
        overdue: requests that have to be sent once, before all others.
    """

    def __init__(self, target: ReadTarget) -> None:
        """Begin with nothing to read; `made` is what makes a plan."""
        self.continuous: list[ReadJob] = []
        self.periodic: list[ReadJob] = []
        self.overdue: deque[ReadJob] = deque()
        self._target = target
        self._unreadable: list[tuple[Sequence[Entry], str]] = []  # to be told
        self._unreadable_count = 0  # without what is behind pointers
        self._pointed: list[_Wanted] = []
        self._pointers: list[Pointer] = []
        self._assumed: list[PointerState] = []

    @classmethod
    def made(cls, entries: Iterable[Entry], target: ReadTarget) -> Generator[float, None, ReadPlan]:
        """Make a plan in small steps, 5 µs for each entry in all; it is returned at the end.

        Meanwhile another plan may be in force.

        Args:
            entries: to read; they must not change before the end.
            target: the device.
        """
        plan = cls(target)
        wanted: dict[SourceKey, _Wanted] = {}
        for entry in entries:
            _want(wanted, entry)
            yield NO_PAUSE
        plan._pointed = [item for item in wanted.values() if item.pointer is not None]
        yield from plan._add_pointers(wanted)
        yield from plan._add_jobs(item for item in wanted.values() if item.pointer is None)
        plan._unreadable_count = len(plan._unreadable)
        yield from plan._add_pointed()
        return plan

    def begin(self, before: ReadPlan | None, now_ns: int) -> None:
        """Become the plan in force: what goes on keeps its rhythm, the unreadable is told."""
        pointers = self._target.pointers
        pointers.keep_only(self._pointers)
        pointers.on_change = self._pointers_changed
        if self._assumed != self._pointer_states():  # one has moved while the plan was made
            self._make_pointed_again()
        self._keep_rhythm([] if before is None else before._jobs, self._jobs, now_ns)
        self._tell_unreadable(now_ns)

    def replace_refused(self, job: ReadJob) -> None:
        """Take a refused job apart; what is left of it alone is tried again now and then.

        A piece speaks for its whole, which is what the plan has.
        """
        job = job.whole
        jobs = self.periodic if job in self.periodic else self.continuous
        if job not in jobs:
            return  # it was asked by an older plan
        jobs.remove(job)
        if job.layout.is_single:
            self.periodic.append(job)
            job.period_ns = max(job.period_ns, REFUSED_PAUSE_NS)
            return
        for part in job.halves():
            self._add(part)

    @property
    def _jobs(self) -> list[ReadJob]:
        return self.continuous + self.periodic

    def _add(self, job: ReadJob) -> None:
        (self.periodic if job.period_ns else self.continuous).append(job)

    def _add_pointers(self, wanted: dict[SourceKey, _Wanted]) -> Steps:
        """See to it that all pointers are read that something depends on."""
        pointers: dict[str, Pointer] = {}
        for item in self._pointed:
            variable = item.pointer
            assert variable is not None
            pointer = pointers.get(variable.path)
            if pointer is None:
                pointer = pointers[variable.path] = self._target.pointers.get(variable)
                if variable.path in wanted:
                    wanted[variable.path].add(pointer.entry, item.period_ns)
                else:
                    wanted[variable.path] = _Wanted(variable, item.period_ns, pointer.entry)
            of_pointer = wanted[variable.path]
            of_pointer.period_ns = min(of_pointer.period_ns, item.period_ns)
            yield NO_PAUSE
        self._pointers = list(pointers.values())

    def _add_jobs(self, wanted: Iterable[_Wanted]) -> Steps:
        target = self._target
        published: defaultdict[int, list[tuple[PublishedValue, list[Entry]]]] = defaultdict(list)
        tables: dict[tuple[int, ByteOrder], SlotTable] = {}
        mask = target.memory.fmt.mask
        for item in wanted:
            source = item.source
            if isinstance(source, PublishedValue):
                published[item.period_ns].append((source, item.entries))
            else:
                self._place(tables, item, source, source.address & mask)
            yield NO_PAUSE
        for period_ns, group in published.items():
            for rpv_layout in rpv_layouts(group, target.limits):
                self._add(self._job(rpv_layout, period_ns))
                yield NO_PAUSE
        for (period_ns, _), table in tables.items():
            for layout in table.layouts():
                self._add(self._job(layout, period_ns))
                yield NO_PAUSE

    def _add_pointed(self) -> Steps:
        target = self._target
        self._assumed = self._pointer_states()
        tables: dict[tuple[int, ByteOrder], SlotTable] = {}
        mask = target.memory.fmt.mask
        for item in self._pointed:
            variable = item.source
            assert isinstance(variable, Variable)
            assert item.pointer is not None
            pointer = target.pointers.get(item.pointer)
            address = pointer.address_of(variable, mask)
            if isinstance(address, int):
                self._place(tables, item, variable, address)
            elif address is not None:
                self._unreadable.append((item.entries, address))
            yield NO_PAUSE
        for (period_ns, _), table in tables.items():
            for layout in table.layouts():
                assumed = {target.pointers.get(v): None for v in _pointers_to(layout.entries)}
                self._add(self._job(layout, period_ns, list(assumed)))
                yield NO_PAUSE

    def _place(
        self,
        tables: dict[tuple[int, ByteOrder], SlotTable],
        item: _Wanted,
        variable: Variable,
        address: int,
    ) -> None:
        target = self._target
        if target.memory.is_forbidden(address, variable.data_type.size):
            self._unreadable.append((item.entries, FORBIDDEN))
            for pointer in target.pointers.among(item.entries):
                pointer.failure, pointer.value = FORBIDDEN, None
            return
        key = item.period_ns, variable.byte_order
        table = tables.get(key)
        if table is None:
            table = tables[key] = SlotTable(variable.byte_order, target.memory, target.limits)
        table.add(variable, address, item.entries)

    def _job(self, layout: ReadLayout, period_ns: int, assumed: Sequence[Pointer] = ()) -> ReadJob:
        return ReadJob(layout, period_ns, self._target.store, self._target.pointers, assumed)

    def _pointers_changed(self, changed: set[Pointer], now_ns: int) -> None:
        before = [job for job in self._jobs if job.assumed]
        self._make_pointed_again()
        made = [job for job in self._jobs if job.assumed]
        self._keep_rhythm(before, made, now_ns)
        self._tell_unreadable(now_ns)
        # What is in flight may read where a pointer pointed to before, and would be in vain again
        # after the next move: what has moved is read at once.
        self.overdue = deque(job for job in made if not changed.isdisjoint(job.assumed))

    def _make_pointed_again(self) -> None:
        self.continuous = [job for job in self.continuous if not job.assumed]
        self.periodic = [job for job in self.periodic if not job.assumed]
        del self._unreadable[self._unreadable_count :]
        finish(self._add_pointed())

    def _pointer_states(self) -> list[PointerState]:
        return [(pointer.value, pointer.failure) for pointer in self._pointers]

    def _keep_rhythm(
        self, before: Sequence[ReadJob], after: Sequence[ReadJob], now_ns: int
    ) -> None:
        gates = gates_of(before)
        of_entries = {entry: job.due_ns for job in before if job.period_ns for entry in job.entries}
        for job in after:
            if gates:
                job.keep_rhythm(gates, now_ns)
            if job.period_ns:
                latest_ns = now_ns + job.period_ns  # the period may have been a longer one
                due_ns = min([of_entries.get(entry, now_ns) for entry in job.entries])
                job.due_ns = min(due_ns, latest_ns)

    def _tell_unreadable(self, now_ns: int) -> None:
        for entries, reason in self._unreadable:
            tell_unreadable(entries, reason, self._target.store, now_ns)
        self._unreadable.clear()
        self._unreadable_count = 0


def _want(wanted: dict[SourceKey, _Wanted], entry: Entry) -> None:
    period_ns = read_period_ns(effective_rate(entry))
    key = source_key(entry.source)
    item = wanted.get(key)
    if item is None:
        wanted[key] = _Wanted(entry.source, period_ns, entry)
    else:
        item.add(entry, period_ns)


def _pointers_to(entries: Iterable[Entry]) -> Iterator[Variable]:
    for entry in entries:
        source = entry.source
        if isinstance(source, Variable) and source.pointer is not None:
            yield source.pointer

"""Reading entries once, on demand: packed like a plan, sent as bulk between the other reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import PublishedValue, Variable
from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.frames import Response

from .entries import Entry, SourceKey, source_key
from .jobs import Job, refusal
from .memory_layouts import SlotTable
from .outcome import ReadCallback
from .pointers import NULL_POINTER, Pointer
from .read_layouts import ReadLayout, rpv_layouts
from .read_plan import ReadTarget
from .target_memory import FORBIDDEN

AddJob = Callable[[Job], None]


class SingleRead(Job):
    """One request of a `ValuesRead`."""

    __slots__ = ("_owner", "layout")

    def __init__(self, layout: ReadLayout, owner: ValuesRead) -> None:
        super().__init__(layout.frame, prefix=layout.prefix, size=layout.size)
        self.layout = layout
        self._owner = owner

    def answered(self, response: Response, now_ns: int) -> None:
        if response.code == ResponseCode.OK:
            self._owner.took(self.layout, response.payload, now_ns)
        elif not self.layout.is_single:
            self._owner.ended(self.layout.halves(), now_ns)
        else:
            forbidden = response.code == ResponseCode.FORBIDDEN
            reason = FORBIDDEN if forbidden else f"{refusal(response)}"
            self._owner.failed(self.layout.entries, reason, now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        self._owner.failed(self.layout.entries, reason, now_ns)


class ValuesRead:
    """Reads what has a place of its own and the pointers first, then what is behind the pointers.

    Args:
        target: the device; its store takes the values.
        add_job: queues a request; may fail it at once.
        done: called once, with the entries that could not be read.
    """

    def __init__(self, target: ReadTarget, add_job: AddJob, done: ReadCallback) -> None:
        self._target = target
        self._add_job = add_job
        self._done = done
        self._failures: dict[Entry, str] = {}
        self._pointed: list[tuple[Variable, list[Entry]]] = []
        self._pointers: dict[str, Pointer] = {}
        self._tables: dict[ByteOrder, SlotTable] = {}
        self._unanswered = 0

    def start(self, entries: Iterable[Entry], now_ns: int) -> None:
        """Queue the first requests."""
        published: list[tuple[PublishedValue, Sequence[Entry]]] = []
        by_source: defaultdict[SourceKey, list[Entry]] = defaultdict(list)
        for entry in dict.fromkeys(entries):
            by_source[source_key(entry.source)].append(entry)
        for group in by_source.values():
            source = group[0].source
            if isinstance(source, PublishedValue):
                published.append((source, group))
            elif source.pointer is None:
                self._place(source, source.address, group, now_ns)
            else:
                self._pointed.append((source, group))
                self._need_pointer(source.pointer, now_ns)
        self._send([*rpv_layouts(published, self._target.limits), *self._placed()], now_ns)

    def took(self, layout: ReadLayout, payload: bytes, now_ns: int) -> None:
        """Take an answer."""
        decoded = layout.decode(payload)
        if decoded is None:
            self.failed(layout.entries, "the device answered another request", now_ns)
            return
        values, octets = decoded
        self._target.store.update(layout.entries, values, now_ns, octets)
        self.ended((), now_ns)

    def failed(self, entries: Iterable[Entry], reason: str, now_ns: int) -> None:
        """Note that a request has failed for good."""
        self._fail(entries, reason, now_ns)
        self.ended((), now_ns)

    def ended(self, instead: Sequence[ReadLayout], now_ns: int) -> None:
        """Note that a request is over, or is repeated in parts."""
        self._unanswered -= 1
        self._send(instead, now_ns)

    def _send(self, layouts: Sequence[ReadLayout], now_ns: int) -> None:
        self._unanswered += len(layouts)
        for layout in layouts:
            self._add_job(SingleRead(layout, self))
        if not layouts and self._unanswered == 0:
            self._next_stage(now_ns)

    def _next_stage(self, now_ns: int) -> None:
        pointed, self._pointed = self._pointed, []
        if not pointed:
            self._done(self._failures)
            return
        mask = self._target.memory.fmt.mask
        for variable, entries in pointed:
            assert variable.pointer is not None
            pointer = self._pointers[variable.pointer.path]
            value = pointer.entry.value
            pointer.value = None if value is None else int(value)
            pointer.failure = self._failures.pop(pointer.entry, pointer.failure)
            address = pointer.address_of(variable, mask)
            if isinstance(address, int):
                self._place(variable, address, entries, now_ns)
            else:
                self._fail(entries, address or "the pointer could not be read", now_ns)
        self._send(self._placed(), now_ns)

    def _need_pointer(self, variable: Variable, now_ns: int) -> None:
        if variable.path not in self._pointers:
            pointer = self._pointers[variable.path] = Pointer(variable)
            self._place(variable, variable.address, [pointer.entry], now_ns)

    def _place(
        self, variable: Variable, address: int, entries: Sequence[Entry], now_ns: int
    ) -> None:
        memory = self._target.memory
        address &= memory.fmt.mask
        if memory.is_forbidden(address, variable.data_type.size):
            self._fail(entries, FORBIDDEN, now_ns)
            return
        order = variable.byte_order
        if order not in self._tables:
            self._tables[order] = SlotTable(order, memory, self._target.limits)
        self._tables[order].add(variable, address, entries)

    def _placed(self) -> list[ReadLayout]:
        tables, self._tables = self._tables, {}
        return [layout for table in tables.values() for layout in table.layouts()]

    def _fail(self, entries: Iterable[Entry], reason: str, now_ns: int) -> None:
        for entry in entries:
            self._failures[entry] = reason
            if reason in (NULL_POINTER, FORBIDDEN):
                self._target.store.invalidate((entry,), reason, now_ns)

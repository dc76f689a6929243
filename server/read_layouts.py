"""Requests that read values, made once: their frame, and how their answer becomes values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from struct import Struct
from typing import Any, Final, Protocol, Self

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import Value, struct_code
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.codes import Command, MemoryControlFunction
from scrutiny.firmware_link.frames import Request

from .entries import Entry
from .memory_blocks import PlanLimits

_ID_SIZE: Final = 2

Convert = Callable[[Any], Value]
Decoded = tuple[Sequence[Value], "Sequence[bytes] | None"]


class ReadLayout(Protocol):
    """One request, and what its answer holds.

    Attributes:
        frame: the request, ready to send.
        prefix: what the payload of the answer begins with.
        size: octets of that payload.
        entries: what it reads, in the order of `decode`.
    """

    frame: bytes
    prefix: bytes
    size: int
    entries: Sequence[Entry]

    @property
    def is_single(self) -> bool:
        """Whether there is nothing to take apart."""
        ...

    def decode(self, payload: bytes) -> Decoded | None:
        """Return values and octets of `entries`; None if it answers another request."""
        ...

    def halves(self) -> list[Self]:
        """Return requests that read a part of it each."""
        ...


class RpvLayout:
    """Reads published values. Several entries may show the same one."""

    __slots__ = (
        "_conversions",
        "_groups",
        "_ids",
        "_pick",
        "_unpack",
        "entries",
        "frame",
        "prefix",
        "size",
    )

    def __init__(self, groups: Sequence[tuple[PublishedValue, Sequence[Entry]]]) -> None:
        ids = tuple(value.id for value, _ in groups)
        layout = Struct(">" + "".join("H" + struct_code(value.data_type) for value, _ in groups))
        payload = b"".join(rpv_id.to_bytes(_ID_SIZE, "big") for rpv_id in ids)
        function = MemoryControlFunction.READ_RPV
        self.frame = Request(Command.MEMORY_CONTROL, function, payload).encode()
        self.prefix = payload[:_ID_SIZE]
        self.size = layout.size
        self.entries: Sequence[Entry] = tuple(entry for _, entries in groups for entry in entries)
        self._groups = groups
        self._ids = ids
        self._unpack = layout.unpack
        self._pick = picker([i for i, (_, entries) in enumerate(groups) for _ in entries])
        # struct decodes booleans of one octet only
        self._conversions: list[tuple[int, Convert]] = [
            (index, bool)
            for index, entry in enumerate(self.entries)
            if is_wide_boolean(entry.data_type)
        ]

    @property
    def is_single(self) -> bool:
        return len(self._groups) == 1

    def decode(self, payload: bytes) -> Decoded | None:
        fields = self._unpack(payload)
        if fields[0::2] != self._ids:
            return None
        values: Sequence[Value] = fields[1::2]
        if self._pick is not None:
            values = self._pick(values)
        return converted(values, self._conversions), None

    def halves(self) -> list[RpvLayout]:
        middle = len(self._groups) // 2
        return [RpvLayout(self._groups[:middle]), RpvLayout(self._groups[middle:])]


def rpv_layouts(
    groups: Iterable[tuple[PublishedValue, Sequence[Entry]]], limits: PlanLimits
) -> Iterator[RpvLayout]:
    """Yield the requests that read these published values, filled up to the limits."""
    part: list[tuple[PublishedValue, Sequence[Entry]]] = []
    answer_size = 0
    for value, entries in sorted(groups, key=_rpv_id):
        value_size = _ID_SIZE + value.data_type.size
        is_full = (
            _ID_SIZE * (len(part) + 1) > limits.max_request
            or answer_size + value_size > limits.max_answer
        )
        if part and is_full:
            yield RpvLayout(part)
            part, answer_size = [], 0
        part.append((value, entries))
        answer_size += value_size
    if part:
        yield RpvLayout(part)


def picker(indices: Sequence[int]) -> Callable[[Any], Any] | None:
    """Return what puts fields into the order of the entries, None if they are in it."""
    if list(indices) == list(range(len(indices))):
        return None
    return itemgetter(*indices)


def is_wide_boolean(data_type: DataType) -> bool:
    return data_type.kind is TypeKind.BOOL and data_type is not DataType.BOOL8


def converted(values: Sequence[Value], conversions: list[tuple[int, Convert]]) -> Sequence[Value]:
    if not conversions:
        return values
    changed = list(values)
    for index, convert in conversions:
        changed[index] = convert(changed[index])
    return changed


def _rpv_id(group: tuple[PublishedValue, Sequence[Entry]]) -> int:
    return group[0].id

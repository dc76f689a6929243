"""From entries to binary value frames, encoded once for all clients that want the same values."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple, cast

from scrutiny.api.value_frames import (
    MOST_IN_GROUP,
    Group,
    InvalidGroup,
    ValueGroup,
    encode_frames,
)
from scrutiny.core.types import DataType
from scrutiny.core.values import Value

from .clock import ServerClock
from .entries import Entry
from .sample_queue import SampleBlock, block_of, by_time
from .store import ValueStore

_FLOAT64_ID: Final = DataType.FLOAT64.value


class _Encoded(NamedTuple):
    revision: int
    with_octets: bool
    entries: frozenset[Entry]
    frames: list[bytes]


class FrameEncoder:
    """Encodes values as they are now.

    Clients that watch the same are flushed in the same turn of the loop, one after the other: to
    find out that nothing has changed in between is much cheaper than to encode it again.

    Args:
        store: that the entries are in.
        clock: of the server.
    """

    def __init__(self, store: ValueStore, clock: ServerClock) -> None:
        self._store = store
        self._clock = clock
        self._last = _Encoded(-1, False, frozenset(), [])

    def frames(self, entries: Sequence[Entry], *, with_octets: bool) -> list[bytes]:
        """Return the frames that tell the values of entries, and why others have none.

        Args:
            entries: each at most once.
            with_octets: tell what is in memory, too.
        """
        last, revision, wanted = self._last, self._store.revision, frozenset(entries)
        if last[:3] == (revision, with_octets, wanted):
            return last.frames
        frames = self.block_frames(map(block_of, by_time(entries)), with_octets=with_octets)
        self._last = _Encoded(revision, with_octets, wanted, frames)
        return frames

    def block_frames(self, blocks: Iterable[SampleBlock], *, with_octets: bool) -> list[bytes]:
        """Return the frames that tell all these values, those of a watchable in their order.

        Args:
            blocks: in the order of their times.
            with_octets: tell what was in memory, too.
        """
        groups = [group for block in blocks for group in self._block_groups(block, with_octets)]
        try:
            return encode_frames(groups)
        except (struct.error, OverflowError):
            return encode_frames(part for group in groups for part in _by_value(group))

    def _block_groups(self, block: SampleBlock, with_octets: bool) -> list[Group]:
        time_ns = self._clock.to_ns(block.time_ns)
        if (alike := _all_alike(block, time_ns, with_octets=with_octets)) is not None:
            return [alike]
        # One call per value: of all that is done with values, this is what many clients wait for.
        by_kind: defaultdict[tuple[int | None, int], list[int]] = defaultdict(list)
        for index, (entry, value, octets) in enumerate(
            zip(block.entries, block.values, block.octets, strict=True)
        ):
            size = len(octets) if with_octets and octets is not None else 0
            if value is None:
                type_id = None
            elif entry.is_scaled and type(value) is float:
                type_id = _FLOAT64_ID
            else:
                type_id = entry.type_id
            by_kind[type_id, size].append(index)
        return [
            self._block_group(block, time_ns, alike[start : start + MOST_IN_GROUP], size > 0)
            for (_, size), alike in by_kind.items()
            for start in range(0, len(alike), MOST_IN_GROUP)
        ]

    def _block_group(
        self, block: SampleBlock, time_ns: int, part: list[int], has_octets: bool
    ) -> Group:
        data_type = _type_of(block.entries[part[0]], block.values[part[0]])
        ids = [block.entries[index].number for index in part]
        if data_type is None:
            return InvalidGroup(time_ns, ids, [block.reasons[index] for index in part])
        values = [value for index in part if (value := block.values[index]) is not None]
        octets: list[bytes] = []
        if has_octets:
            octets = [data for index in part if (data := block.octets[index]) is not None]
        return ValueGroup(time_ns, data_type, ids, values, octets)


def _all_alike(block: SampleBlock, time_ns: int, *, with_octets: bool) -> ValueGroup | None:
    """Return the group of a block whose values are all of one type; None: it has several.

    So it is in most blocks, and a few calls for all values take half the time of a few per value.
    """
    entries, octets = block.entries, block.octets
    if len(set(map(_type_id, entries))) > 1 or any(map(_is_scaled, entries)):
        return None
    if len(entries) > MOST_IN_GROUP or None in block.values:
        return None
    told: list[bytes] = []
    if with_octets and any(octets):
        told = [data for data in octets if data is not None]
        if len(told) < len(octets) or len(set(map(len, told))) > 1:
            return None
    values = cast("Sequence[Value]", block.values)  # none of which is None
    numbers = tuple(map(_number, entries))
    return ValueGroup(time_ns, entries[0].data_type, numbers, values, told)


_type_id = attrgetter("type_id")
_is_scaled = attrgetter("is_scaled")
_number = attrgetter("number")


def _type_of(entry: Entry, value: Value | None) -> DataType | None:
    """Return the type of what the user sees; None: there is no value."""
    if value is None:
        return None
    if entry.is_scaled and isinstance(value, float):
        return DataType.FLOAT64
    return entry.source.data_type


def _by_value(group: Group) -> Sequence[Group]:
    """Return a group per value, of a type that holds it, whatever the type of its watchable."""
    if isinstance(group, InvalidGroup):
        return [group]
    time_ns, _, ids, values, octets = group
    return [
        ValueGroup(time_ns, _wide_type(value), [number], [value], octets[index : index + 1])
        for index, (number, value) in enumerate(zip(ids, values, strict=True))
    ]


def _wide_type(value: Value) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOL8
    if isinstance(value, int):
        return DataType.SINT64 if value < 0 else DataType.UINT64
    return DataType.FLOAT64

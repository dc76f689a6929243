"""Values in binary: grouped by type and time, encoded once for all who want the same."""

from __future__ import annotations

import math

import pytest

from scrutiny.api.value_frames import Group, InvalidGroup, ValueGroup, decode_frame
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias, Variable
from scrutiny.server.clock import ServerClock
from scrutiny.server.store import ValueStore
from scrutiny.server.value_frames import FrameEncoder

from .conftest import ListedDescription

COUNT = Variable("/count", DataType.UINT64, "little", 0x100)
SCALED = Alias("/scaled", "/count", gain=0.5)


class ZeroClock(ServerClock):
    def to_ns(self, time_ns: int) -> int:
        return time_ns


@pytest.fixture
def encoder(store: ValueStore) -> FrameEncoder:
    store.load_description(ListedDescription([COUNT], [SCALED]))
    return FrameEncoder(store, ZeroClock())


def groups(frames: list[bytes]) -> list[Group]:
    return [group for frame in frames for group in decode_frame(frame)]


def test_values_of_one_answer_and_type_are_one_group(
    store: ValueStore, encoder: FrameEncoder
) -> None:
    entries = store.published
    store.update(entries[:4], [1.5, 2, -(1 << 63), True], 1000)
    store.update(entries[4:8], [math.inf, 5, (1 << 63) - 1, False], 1000)
    store.invalidate(entries[8:9], "forbidden", 2000)

    told = groups(encoder.frames(entries[:9], with_octets=False))

    ids = [entry.number for entry in entries]
    assert told == [
        ValueGroup(1000, DataType.FLOAT32, (ids[0], ids[4]), (1.5, math.inf), []),
        ValueGroup(1000, DataType.UINT8, (ids[1], ids[5]), (2, 5), []),
        ValueGroup(1000, DataType.SINT64, (ids[2], ids[6]), (-(1 << 63), (1 << 63) - 1), []),
        ValueGroup(1000, DataType.BOOL16, (ids[3], ids[7]), (True, False), []),
        InvalidGroup(2000, (ids[8],), ["forbidden"]),
    ]


def test_octets_in_memory_are_told_to_those_who_ask(
    store: ValueStore, encoder: FrameEncoder
) -> None:
    entry, alias = store.find("/count"), store.find("/scaled")
    assert entry is not None
    assert alias is not None
    data = (1 << 63).to_bytes(8, "little")
    store.update([entry, alias], [1 << 63, 1 << 63], 5, [data, data])

    plain = groups(encoder.frames([entry, alias], with_octets=False))
    full = groups(encoder.frames([entry, alias], with_octets=True))

    assert plain == [
        ValueGroup(5, DataType.UINT64, (entry.number,), (1 << 63,), []),
        ValueGroup(5, DataType.FLOAT64, (alias.number,), (float(1 << 62),), []),
    ]
    assert [group.octets for group in full if isinstance(group, ValueGroup)] == [[data], [data]]


def test_what_has_not_changed_is_encoded_once(store: ValueStore, encoder: FrameEncoder) -> None:
    entries = store.published[:2]
    store.update(entries, [1.0, 2], 1000)

    first = encoder.frames(entries, with_octets=False)

    assert encoder.frames(entries[::-1], with_octets=False) is first
    assert encoder.frames(entries[:1], with_octets=False) != first
    store.update(entries, [1.0, 3], 1000)
    assert encoder.frames(entries, with_octets=False) != first


def test_a_value_beyond_its_type_is_told_all_the_same(
    store: ValueStore, encoder: FrameEncoder
) -> None:
    real, small, *_ = entries = store.published[:5]
    store.update(entries, [1e300, 256, 7, True, 2.5], 1000)
    store.invalidate(store.published[5:6], "nullptr", 1000)

    told = groups(encoder.frames(store.published[:6], with_octets=False))

    values = {
        i: v
        for g in told
        if isinstance(g, ValueGroup)
        for i, v in zip(g.ids, g.values, strict=True)
    }
    assert values[real.number] == 1e300
    assert values[small.number] == 256
    assert sum(len(group.ids) for group in told) == 6

"""The layout of binary value frames, and that they bring back what went in."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.api.errors import MalformedMessage
from scrutiny.api.value_frames import (
    LARGEST_ID,
    LARGEST_OFFSET_NS,
    REASONS,
    Group,
    InvalidGroup,
    ValueGroup,
    decode_frame,
    encode_frames,
)
from scrutiny.core.types import STRUCT_CODES, DataType, TypeKind

# The example of docs/api.md.
EXAMPLE = bytes.fromhex(
    "01 00 0300 00E40B5402000000"
    "22 0200 00000000  1F000000 20000000  0000C03F 000080BF"
    "92 0100 40420F00 04  21000000  05000000  00000005"
    "7F 0100 80841E00  22000000  01"
)
EXAMPLE_GROUPS: list[Group] = [
    ValueGroup(10_000_000_000, DataType.FLOAT32, (0x1F, 0x20), (1.5, -1.0), []),
    ValueGroup(10_001_000_000, DataType.UINT32, (0x21,), (5,), [b"\x00\x00\x00\x05"]),
    InvalidGroup(10_002_000_000, (0x22,), ["nullptr"]),
]


def test_the_layout_is_that_of_the_documentation() -> None:
    assert encode_frames(EXAMPLE_GROUPS) == [EXAMPLE]
    assert decode_frame(EXAMPLE) == EXAMPLE_GROUPS


def test_nothing_is_no_frame() -> None:
    assert encode_frames([]) == []


def _values(data_type: DataType) -> st.SearchStrategy[Any]:
    bits = 8 * data_type.size
    match data_type.kind:
        case TypeKind.BOOL:
            return st.booleans()
        case TypeKind.SINT:
            return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
        case TypeKind.FLOAT:
            return st.floats(width=32 if bits == 32 else 64)
        case _:
            return st.integers(0, (1 << bits) - 1)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    ids = draw(st.lists(st.integers(0, LARGEST_ID), min_size=1, max_size=20))

    def one_each(one: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(one, min_size=len(ids), max_size=len(ids)))

    time_ns = draw(st.integers(-(1 << 62), 1 << 62))
    data_type = draw(st.sampled_from([None, *STRUCT_CODES]))
    if data_type is None:
        return InvalidGroup(time_ns, ids, one_each(st.sampled_from(REASONS)))
    size = draw(st.sampled_from([0, 1, 4, 255]))
    octets = one_each(st.binary(min_size=size, max_size=size)) if size else []
    return ValueGroup(time_ns, data_type, ids, one_each(_values(data_type)), octets)


@given(st.lists(groups(), max_size=8))
def test_what_goes_in_comes_out_exactly(written: list[Group]) -> None:
    frames = encode_frames(written)

    read = [group for frame in frames for group in decode_frame(frame)]

    expected = sorted(written, key=lambda group: group.time_ns)
    # repr: NaN is not equal to itself, and True is not 1 here
    assert list(map(_comparable, read)) == list(map(_comparable, expected))


def _comparable(group: Group) -> str:
    return repr([list(part) if isinstance(part, list | tuple) else part for part in group])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1])
def test_every_float_is_exact(value: float) -> None:
    (frame,) = encode_frames([ValueGroup(0, DataType.FLOAT64, [1], [value])])

    (group,) = decode_frame(frame)
    assert isinstance(group, ValueGroup)
    (read,) = group.values

    assert isinstance(read, float)
    assert struct.pack("d", read) == struct.pack("d", value)


def test_times_that_are_far_apart_take_two_frames() -> None:
    times = [LARGEST_OFFSET_NS + 1, 0, LARGEST_OFFSET_NS]
    frames = encode_frames([ValueGroup(t, DataType.UINT8, [1], [1]) for t in times])

    assert [[g.time_ns for g in decode_frame(f)] for f in frames] == [
        [0, LARGEST_OFFSET_NS],
        [LARGEST_OFFSET_NS + 1],
    ]


def test_a_value_beyond_its_type_is_an_error() -> None:
    for data_type, value in ((DataType.UINT8, 256), (DataType.FLOAT32, 1e39)):
        with pytest.raises((struct.error, OverflowError)):
            encode_frames([ValueGroup(0, data_type, [1], [value])])


def test_unknown_reasons_tell_nothing() -> None:
    (frame,) = encode_frames([InvalidGroup(0, [1], ["of another age"])])
    assert decode_frame(frame) == [InvalidGroup(0, (1,), [""])]
    assert decode_frame(frame[:-1] + b"\xc8") == [InvalidGroup(0, (1,), [""])]


@pytest.mark.parametrize("length", range(len(EXAMPLE)))
def test_a_frame_that_was_cut_is_malformed(length: int) -> None:
    with pytest.raises(MalformedMessage):
        decode_frame(EXAMPLE[:length])


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (EXAMPLE + b"\0", "1 octets follow"),
        (b"\x02" + EXAMPLE[1:], "unknown kind 2"),
        (EXAMPLE[:12] + b"\x5f" + EXAMPLE[13:], "unknown type 0x5f"),
        (b"{}", "ends too early"),
    ],
)
def test_other_frames_are_malformed(frame: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        decode_frame(frame)

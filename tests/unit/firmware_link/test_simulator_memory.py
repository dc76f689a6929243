"""Memory in segments, and regions with inclusive ends."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.simulator import (
    AddressRange,
    MemorySegment,
    SparseMemory,
    UnmappedAddress,
)


@pytest.fixture
def memory() -> SparseMemory:
    return SparseMemory((MemorySegment(0x200, 4), MemorySegment(0x100, 4, b"\1\2")))


def test_segments_hold_their_content_and_zeros_behind(memory: SparseMemory) -> None:
    assert memory.read(0x100, 4) == b"\1\2\0\0"


def test_what_is_written_is_read_until_a_reset(memory: SparseMemory) -> None:
    memory.write(0x101, b"\x55\x66")

    assert memory.read(0x100, 4) == b"\1\x55\x66\0"
    memory.reset()
    assert memory.read(0x100, 4) == b"\1\2\0\0"


@pytest.mark.parametrize(("address", "size"), [(0xFF, 1), (0xFF, 2), (0x103, 2), (0x204, 1)])
def test_there_is_nothing_between_segments(memory: SparseMemory, address: int, size: int) -> None:
    with pytest.raises(UnmappedAddress, match=f"{address:#x}"):
        memory.read(address, size)
    with pytest.raises(UnmappedAddress):
        memory.write(address, bytes(size))


def test_no_octets_can_be_read_and_written_anywhere(memory: SparseMemory) -> None:
    memory.write(0, b"")

    assert memory.read(0, 0) == b""


def test_segments_may_touch_but_not_overlap() -> None:
    SparseMemory((MemorySegment(0, 4), MemorySegment(4, 4)))
    with pytest.raises(ValueError, match="overlap"):
        SparseMemory((MemorySegment(0, 5), MemorySegment(4, 4)))


@pytest.mark.parametrize(
    ("start", "size", "touches"),
    [(9, 1, False), (9, 2, True), (20, 1, True), (21, 1, False), (10, 0, False), (11, 0, True)],
)
def test_a_region_is_touched_as_the_protocol_defines_it(
    start: int, size: int, touches: bool
) -> None:
    assert AddressRange(10, 20).touches(start, size) is touches

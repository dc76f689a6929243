"""Protected regions, as the server knows them."""

from __future__ import annotations

import random

import pytest

from scrutiny.firmware_link.messages import AddressFormat
from scrutiny.firmware_link.profile import MemoryRegion
from scrutiny.server.target_memory import TargetMemory


@pytest.mark.parametrize("char_bit", [8, 16])
def test_a_region_is_found_as_by_asking_each(char_bit: int) -> None:
    chance = random.Random(5)
    regions = [
        MemoryRegion(start, start + chance.randrange(30))
        for start in (chance.randrange(500) for _ in range(12))
    ]
    memory = TargetMemory(AddressFormat(4, char_bit), forbidden=regions)
    octets_per_byte = char_bit // 8

    for address in range(560):
        for size in (2, 4, 8, 64):
            touched = any(region.touches(address, size // octets_per_byte) for region in regions)
            assert memory.is_forbidden(address, size) == touched
            assert (memory.read_objection(address, size) is not None) == touched


def test_writes_are_objected_to_with_the_kind_of_region() -> None:
    memory = TargetMemory(AddressFormat(4), [MemoryRegion(16, 31)], [MemoryRegion(32, 47)])

    assert memory.write_objection(12, 4) is None
    assert memory.write_objection(13, 4) == "forbidden: the firmware protects 0x10 to 0x1f"
    assert memory.write_objection(47, 1) == "read only: the firmware protects 0x20 to 0x2f"
    assert memory.read_objection(47, 1) is None
    assert memory.write_objection(48, 1) is None


def test_no_memory_can_be_written_if_the_firmware_says_so() -> None:
    memory = TargetMemory(AddressFormat(4), can_write=False)

    assert memory.write_objection(0, 1) == "the firmware was built without memory writes"

"""Random variables in random memory: what is read and written is what a naive look finds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder, Value, decode
from scrutiny.core.watchables import Alias, Variable
from scrutiny.firmware_link.codes import MemoryControlFunction
from scrutiny.firmware_link.messages import AddressFormat, ReadMemory
from scrutiny.firmware_link.simulator import AddressRange, MemorySegment

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, variable

MakeFeed = Callable[[], NotingFeed]
MEMORY_SIZE = 0x400
TYPES = [t for t in DataType if t.is_readable and t.kind is not TypeKind.FLOAT]


def random_variable(chance: random.Random, index: int, order: ByteOrder) -> Variable:
    data_type = chance.choice(TYPES)
    address = BASE + 16 + chance.randrange(MEMORY_SIZE - 32)
    bits = None
    if chance.random() < 0.3:
        offset = chance.randrange(8 * data_type.size)
        bits = offset, chance.randint(1, 8 * data_type.size - offset)
    return variable(f"/v{index}", data_type, address, bits=bits, big=order == "big")


def value_in(memory: bytes, item: Variable) -> Value:
    start = item.address - BASE
    octets = memory[start : start + item.data_type.size]
    field = item.bit_field
    if field is None:
        return decode(octets, item.data_type, item.byte_order)
    width = 8 * item.data_type.size
    text = f"{int.from_bytes(octets, item.byte_order):0{width}b}"
    first = field.offset if item.byte_order == "big" else width - field.offset - field.size
    number = int(text[first : first + field.size], 2)
    if item.data_type.kind is TypeKind.BOOL:
        return number != 0
    is_negative = item.data_type.kind is TypeKind.SINT and text[first] == "1"
    return number - (1 << field.size) if is_negative else number


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("seed", range(12))
def test_everything_is_read_as_it_is(make_feed: MakeFeed, seed: int, order: ByteOrder) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(MEMORY_SIZE)
    variables = [random_variable(chance, index, order) for index in range(150)]
    regions = tuple(
        AddressRange(start, start + chance.randrange(12))
        for start in (BASE + chance.randrange(MEMORY_SIZE) for _ in range(seed % 4))
    )
    aliases = [Alias(f"/a{index}", f"/v{index}", "var") for index in range(0, 150, 7)]
    settings = device_settings(
        max_rx_payload=chance.choice((40, 128, 1024)),
        max_tx_payload=chance.choice((40, 128, 1024)),
        segments=(MemorySegment(BASE, MEMORY_SIZE, content),),
        forbidden_regions=regions,
    )
    rig = Rig(make_feed, variables, aliases, settings=settings)
    feed = rig.feed()
    for path in [item.path for item in variables] + [alias.path for alias in aliases]:
        rig.watch(feed, path)

    if seed % 2:  # somebody writes: long reads are cut into pieces
        rig.exchange_ns = 2 * MS
        for _ in range(20):
            assert rig.write("/rpv/x1001", 7).success
    rig.run_for(120 * rig.exchange_ns)

    for item in variables:
        entry = rig.entry(item.path)
        if any(region.touches(item.address, item.data_type.size) for region in regions):
            assert (entry.value, entry.reason) == (None, "forbidden")
        else:
            assert (entry.value, entry.reason) == (value_in(content, item), "")
    for alias in aliases:
        assert rig.entry(alias.path).value == rig.entry(alias.target).value
    for _, request in rig.asked:  # none was refused, for none is asked for twice in parts
        if request.subfunction != MemoryControlFunction.READ:
            continue
        for address, size in ReadMemory.parse(request.payload, AddressFormat(4)).blocks:
            assert not any(region.touches(address, size) for region in regions)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("seed", range(6))
def test_every_write_changes_its_own_bits_only(
    make_feed: MakeFeed, seed: int, order: ByteOrder
) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(MEMORY_SIZE)
    variables = [random_variable(chance, index, order) for index in range(40)]
    settings = device_settings(segments=(MemorySegment(BASE, MEMORY_SIZE, content),))
    rig = Rig(make_feed, variables, settings=settings)

    for item in variables:
        before = rig.memory.read(BASE, MEMORY_SIZE)
        assert rig.write(item.path, chance.randrange(-(2**64), 2**64)).success
        after = rig.memory.read(BASE, MEMORY_SIZE)

        assert value_in(after, item) == rig.entry(item.path).value
        start, size = item.address - BASE, item.data_type.size
        assert before[:start] == after[:start]
        assert before[start + size :] == after[start + size :]
        if item.bit_field is not None:
            storage = [int.from_bytes(m[start : start + size], order) for m in (before, after)]
            assert (storage[0] ^ storage[1]).bit_count() <= item.bit_field.size

"""Variables in memory: their requests, and the values that come of the answers."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import Value, encode
from scrutiny.core.watchables import Alias, Variable
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import AddressFormat, ReadMemory
from scrutiny.firmware_link.simulator import AddressRange, MemorySegment
from scrutiny.server.entries import Entry
from scrutiny.server.memory_blocks import PlanLimits, merge, pack
from scrutiny.server.memory_layouts import SLOTS_PER_STEP, Slot, SlotTable
from scrutiny.server.target_memory import TargetMemory

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, values_of, variable

MakeFeed = Callable[[], NotingFeed]
FMT = AddressFormat(4)

SAMPLES: dict[DataType, Value] = {
    DataType.SINT8: -5,
    DataType.SINT16: -300,
    DataType.SINT32: -70_000,
    DataType.SINT64: -(2**60),
    DataType.UINT8: 200,
    DataType.UINT16: 60_000,
    DataType.UINT32: 2**32 - 2,
    DataType.UINT64: 2**64 - 3,
    DataType.FLOAT32: 1.5,
    DataType.FLOAT64: -2.25,
    DataType.BOOL8: True,
    DataType.BOOL16: True,
    DataType.BOOL32: True,
    DataType.BOOL64: True,
    DataType.PTR8: 0xF0,
    DataType.PTR16: 0xF000,
    DataType.PTR32: 0xF000_0000,
    DataType.PTR64: 0xF000_0000_0000_0000,
}


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("char_bit", [8, 16])
def test_all_types_in_one_answer(make_feed: MakeFeed, big: bool, char_bit: int) -> None:
    types = [t for t in SAMPLES if char_bit == 8 or t.size > 1]
    octets_per_byte = char_bit // 8
    variables: list[Variable] = []
    content = b""
    for data_type in types:
        address = BASE + len(content) // octets_per_byte
        variables.append(variable(f"/{data_type.api_name}", data_type, address, big=big))
        content += encode(SAMPLES[data_type], data_type, "big" if big else "little")
    settings = device_settings(
        char_bit=char_bit, segments=(MemorySegment(BASE * octets_per_byte, 0x1000, content),)
    )
    rig = Rig(make_feed, variables, settings=settings)
    feed = rig.feed()
    for data_type in types:
        rig.watch(feed, f"/{data_type.api_name}")

    rig.run_for(MS)

    assert len(rig.asked) == 1
    for data_type in types:
        entry = rig.entry(f"/{data_type.api_name}")
        assert entry.value == SAMPLES[data_type]
        assert type(entry.value) is type(SAMPLES[data_type])
        assert entry.octets == encode(SAMPLES[data_type], data_type, "big" if big else "little")


@pytest.mark.parametrize(
    ("big", "storage", "bits", "data_type", "expected"),
    [
        (False, 0x0000_00D0, (4, 4), DataType.SINT32, -3),
        (False, 0x0000_0050, (4, 4), DataType.SINT32, 5),
        (True, 0xD000_0000, (0, 4), DataType.SINT32, -3),
        (True, 0x0D00_0000, (4, 4), DataType.SINT32, -3),
        (False, 0x8000, (15, 1), DataType.SINT16, -1),
        (False, 0x0040, (6, 1), DataType.BOOL16, True),
        (False, 0x02, (1, 1), DataType.BOOL8, True),
        (False, 0xD0, (4, 4), DataType.UINT8, 13),
    ],
)
def test_v1_signed_bit_fields_are_sign_extended(
    make_feed: MakeFeed,
    big: bool,
    storage: int,
    bits: tuple[int, int],
    data_type: DataType,
    expected: Value,
) -> None:
    octets = storage.to_bytes(data_type.size, "big" if big else "little")
    rig = Rig(make_feed, [variable("/field", data_type, bits=bits, big=big)])
    rig.memory.write(BASE, octets)
    entry = rig.watch(rig.feed(), "/field")

    rig.run_for(MS)

    assert entry.value == expected
    assert entry.value is expected or not isinstance(expected, bool)
    assert entry.octets == octets


@pytest.mark.parametrize("data_type", [DataType.UINT64, DataType.SINT64])
def test_v4_a_bit_field_of_64_bits_is_read_with_its_neighbours(
    make_feed: MakeFeed, data_type: DataType
) -> None:
    wide = variable("/wide", data_type, bits=(0, 64))
    rig = Rig(make_feed, [wide, variable("/next", DataType.UINT8, BASE + 8)])
    rig.memory.write(BASE, b"\xfe" + b"\xff" * 7 + b"\x2a")
    feed = rig.feed()
    rig.watch(feed, "/wide")
    rig.watch(feed, "/next")

    rig.run_for(MS)

    assert rig.entry("/wide").value == (-2 if data_type is DataType.SINT64 else 2**64 - 2)
    assert rig.entry("/next").value == 42


def test_members_of_a_union_and_bit_fields_share_their_memory(make_feed: MakeFeed) -> None:
    variables = [
        variable("/u/whole", DataType.UINT32),
        variable("/u/float", DataType.FLOAT32),
        variable("/u/high", DataType.UINT16, BASE + 2),
        variable("/u/bits", DataType.UINT32, bits=(16, 8)),
        variable("/u/flag", DataType.BOOL8, BASE + 3, bits=(5, 1)),
    ]
    rig = Rig(make_feed, variables)
    rig.memory.write(BASE, struct.pack("<f", 1.5))
    feed = rig.feed()
    for item in reversed(variables):
        rig.watch(feed, item.path)

    rig.run_for(MS)

    (whole,) = struct.unpack("<I", struct.pack("<f", 1.5))
    assert [rig.entry(item.path).value for item in variables] == [
        whole,
        1.5,
        whole >> 16,
        (whole >> 16) & 0xFF,
        bool(whole >> 29 & 1),
    ]
    request = ReadMemory.parse(rig.asked[0][1].payload, FMT)
    assert request.blocks == ((BASE, 4),)


def test_a_variable_and_its_aliases_are_read_once(make_feed: MakeFeed) -> None:
    aliases = [
        Alias("/alias/scaled", "/raw", "var", gain=0.5, offset=10),
        Alias("/alias/same", "/raw", "var"),
        Alias("/alias/published", "/rpv/x1001", "rpv", gain=2),
    ]
    rig = Rig(make_feed, [variable("/raw", DataType.SINT16)], aliases)
    rig.memory.write(BASE, b"\xfe\xff")
    feed = rig.feed()
    paths = ["/raw", "/rpv/x1001", *(alias.path for alias in aliases)]
    for path in paths:
        rig.watch(feed, path)

    rig.run_for(2 * MS)

    assert [rig.entry(path).value for path in paths] == [-2, 7, 9.0, -2, 14.0]
    assert rig.entry("/alias/scaled").octets == b"\xfe\xff"
    assert rig.entry("/alias/published").octets is None
    assert [len(request.payload) for _, request in rig.asked] == [6, 2]


def test_addresses_are_truncated_to_the_width_of_the_device(make_feed: MakeFeed) -> None:
    settings = device_settings(address_size=2, segments=(MemorySegment(0x1234, 4, b"\x05"),))
    rig = Rig(make_feed, [variable("/v", DataType.UINT8, 0x0080_1234)], settings=settings)
    entry = rig.watch(rig.feed(), "/v")

    rig.run_for(MS)

    assert entry.value == 5


def test_what_touches_a_forbidden_region_is_told_once_and_never_asked_for(
    make_feed: MakeFeed,
) -> None:
    settings = device_settings(forbidden_regions=(AddressRange(BASE + 6, BASE + 9),))
    variables = [variable(f"/v{i}", DataType.UINT32, BASE + 4 * i) for i in range(4)]
    rig = Rig(make_feed, variables, settings=settings)
    feed, late = rig.feed(), rig.feed()
    for item in variables:
        rig.watch(feed, item.path)
    rig.run_for(20 * MS)
    rig.watch(late, "/v1")
    rig.run_for(20 * MS)

    for path in ("/v1", "/v2"):
        assert rig.entry(path).reason == "forbidden"
        assert values_of(feed, rig.entry(path)) == [None]
    assert values_of(late, rig.entry("/v1")) == [None]
    assert rig.entry("/v0").value == rig.entry("/v3").value == 0
    for _, request in rig.asked:
        assert ReadMemory.parse(request.payload, FMT).blocks == ((BASE, 4), (BASE + 12, 4))


def test_a_block_that_the_device_refuses_does_not_hide_the_others(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT32, BASE + 0x40 * i) for i in range(20)]
    missing = variable("/missing", DataType.UINT32, BASE + 0x10_0000)
    rig = Rig(make_feed, [*variables, missing])
    feed = rig.feed()
    for item in [*variables, missing]:
        rig.watch(feed, item.path)

    rig.run_for(100 * MS)

    assert all(rig.entry(item.path).value == 0 for item in variables)
    assert rig.entry("/missing").value is None
    asked = [ReadMemory.parse(r.payload, FMT).blocks for _, r in rig.asked[20:]]
    assert sum((BASE + 0x10_0000, 4) in blocks for blocks in asked) <= 1  # now and then


def test_values_with_a_rate_do_not_wait_long_for_a_refused_neighbour(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT32, BASE + 0x40 * i) for i in range(20)]
    missing = variable("/missing", DataType.UINT32, BASE + 0x10_0000)
    rig = Rig(make_feed, [*variables, missing])
    feed = rig.feed()
    for item in [*variables, missing]:
        rig.watch(feed, item.path, 5)

    rig.run_for(100 * MS)

    assert all(rig.entry(item.path).value == 0 for item in variables)


def test_a_region_that_only_the_device_knows_is_told_as_forbidden(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [variable("/a", DataType.UINT8), variable("/b", DataType.UINT8, BASE + 1)])
    feed = rig.feed()
    rig.watch(feed, "/a")
    rig.watch(feed, "/b")
    assert rig.plan is not None
    (job,) = rig.plan.continuous

    rig.schedule.read_was_refused(job)
    for half in rig.plan.continuous[:]:
        if half.entries[0].path == "/b":
            for _ in range(3):
                half.answered(Response(3, 1, 6, b""), 5)
            rig.schedule.read_was_refused(half)
    rig.run_for(5 * MS)

    assert values_of(feed, rig.entry("/b")) == [None]
    assert rig.entry("/b").reason == "forbidden"
    assert rig.entry("/a").value == 0


def test_an_answer_for_other_addresses_changes_nothing(make_feed: MakeFeed) -> None:
    rig = Rig(
        make_feed, [variable("/a", DataType.UINT8), variable("/b", DataType.UINT8, BASE + 99)]
    )
    feed = rig.feed()
    rig.watch(feed, "/a")
    rig.watch(feed, "/b")
    assert rig.plan is not None
    (job,) = rig.plan.continuous
    head = struct.pack(">IH", BASE, 1)
    payload = head + b"\x01" + struct.pack(">IH", BASE + 98, 1) + b"\x02"

    job.answered(Response(3, 1, 0, payload), 1)

    assert rig.entry("/a").value is None


def test_unsigned_types_of_odd_targets_are_read_in_whole_chars(make_feed: MakeFeed) -> None:
    settings = device_settings(char_bit=16, segments=(MemorySegment(2 * BASE, 16, b"\x07\x01"),))
    rig = Rig(make_feed, [variable("/v", DataType.UINT8)], settings=settings)
    entry = rig.watch(rig.feed(), "/v")

    rig.run_for(MS)

    assert entry.value == 7


@pytest.mark.parametrize("buffers", [(32, 32), (32, 512), (512, 32), (128, 256)])
@pytest.mark.parametrize("address_size", [1, 2, 4, 8])
def test_requests_and_answers_stay_within_small_buffers(
    make_feed: MakeFeed, buffers: tuple[int, int], address_size: int
) -> None:
    settings = device_settings(
        max_rx_payload=buffers[0],
        max_tx_payload=buffers[1],
        address_size=address_size,
        segments=(MemorySegment(0, 256, bytes(range(256))),),
    )
    places: list[tuple[int, DataType]] = [(3 * i, DataType.UINT8) for i in range(20)]
    places += [(64 + 17 * i, DataType.UINT64) for i in range(11)]
    variables = [variable(f"/v{address}", t, address) for address, t in places]
    rig = Rig(make_feed, variables, settings=settings)
    feed = rig.feed()
    for item in variables:
        rig.watch(feed, item.path)

    rig.run_for(60 * MS)  # the device refuses what is too large, and so would the exchange

    for address, data_type in places:
        expected: Any = int.from_bytes(
            bytes(range(256))[address : address + data_type.size], "little"
        )
        assert rig.entry(f"/v{address}").value == expected
    fmt = AddressFormat(address_size)
    for _, request in rig.asked:
        assert len(request.payload) <= buffers[0]
        assert ReadMemory.parse(request.payload, fmt).answer_size(fmt) <= buffers[1]


def test_requests_are_proper_messages(make_feed: MakeFeed) -> None:
    rig = Rig(
        make_feed, [variable("/a", DataType.UINT8), variable("/b", DataType.UINT8, BASE + 99)]
    )
    feed = rig.feed()
    rig.watch(feed, "/b")
    rig.watch(feed, "/a")

    rig.run_for(MS)

    message = ReadMemory(((BASE, 1), (BASE + 99, 1)))  # type: ignore[arg-type]
    assert rig.asked[0][1] == Request.decode(message.request(FMT).encode())


@pytest.mark.parametrize("limits", [PlanLimits(64, 128), PlanLimits(256, 256), PlanLimits(9, 9000)])
@pytest.mark.parametrize("spread", [1.2, 8, 40])
def test_laying_out_in_steps_takes_hardly_more_requests_than_at_once(
    make_feed: MakeFeed, limits: PlanLimits, spread: float
) -> None:
    numbers = random.Random(spread)
    positions = sorted(numbers.sample(range(int(4 * SLOTS_PER_STEP * spread)), 4 * SLOTS_PER_STEP))
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + i) for i in positions]
    memory = TargetMemory(FMT)
    table = SlotTable("little", memory, limits)
    for number, each in enumerate(variables):
        table.add(each, each.address, [Entry(str(number), each)])

    layouts = list(table.layouts())

    slots = [Slot(BASE + i, BASE + i + 1, 1, "B") for i in positions]
    at_once = pack(merge(slots, memory.head_size, lambda start, end: False), 6, limits)
    assert [entry.path for layout in layouts for entry in layout.entries] == [
        each.path for each in variables
    ]
    # Whether blocks are split is decided anew for each step, by octets.
    assert len(layouts) <= 1.05 * len(at_once)

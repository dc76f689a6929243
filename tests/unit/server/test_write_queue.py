"""Writes of variables: octets, masks, pointers, what is refused and what watchers are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import FLOAT32_MAX, ByteOrder, Value, encode
from scrutiny.core.watchables import Alias
from scrutiny.firmware_link.codes import MemoryControlFunction as Function
from scrutiny.firmware_link.messages import (
    AddressFormat,
    MemoryBlock,
    ReadMemory,
    UserCommand,
    WriteMemory,
    WriteMemoryMasked,
)
from scrutiny.firmware_link.simulator import AddressRange, MemorySegment
from scrutiny.server.jobs import MessageJob
from scrutiny.server.outcome import Outcome
from scrutiny.server.write_queue import WriteJob

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, values_of, variable

MakeFeed = Callable[[], NotingFeed]
FMT = AddressFormat(4)
ORDERS: list[ByteOrder] = ["little", "big"]


def functions(rig: Rig) -> list[int]:
    """Return what the device was asked to do, reads left out."""
    reads = (Function.READ, Function.READ_RPV)
    return [r.subfunction for _, r in rig.asked if r.command != 3 or r.subfunction not in reads]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        (DataType.UINT8, 255),
        (DataType.SINT16, -2),
        (DataType.UINT32, 0x1234_5678),
        (DataType.SINT64, -(2**62)),
        (DataType.FLOAT32, 1.5),
        (DataType.FLOAT64, -1e300),
        (DataType.BOOL32, True),
        (DataType.PTR32, BASE),
    ],
)
def test_a_variable_is_written_in_the_order_of_the_target(
    make_feed: MakeFeed, order: ByteOrder, data_type: DataType, value: Value
) -> None:
    rig = Rig(make_feed, [variable("/v", data_type, big=order == "big")])

    outcome = rig.write("/v", value)

    assert (outcome.success, outcome.reason) == (True, "")
    assert rig.memory.read(BASE, data_type.size) == encode(value, data_type, order)
    assert rig.entry("/v").value == value
    assert rig.entry("/v").octets == encode(value, data_type, order)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("offset", [0, 1, 5, 7, 15])
def test_v2_true_in_a_bit_field_that_does_not_start_at_the_first_bit(
    make_feed: MakeFeed, order: ByteOrder, offset: int
) -> None:
    big = order == "big"
    rig = Rig(make_feed, [variable("/flag", DataType.BOOL16, bits=(offset, 1), big=big)])
    shift = 15 - offset if big else offset

    assert rig.write("/flag", True).success
    assert rig.memory.read(BASE, 2) == (1 << shift).to_bytes(2, order)
    rig.memory.write(BASE, b"\xff\xff")
    assert rig.write("/flag", False).success
    assert rig.memory.read(BASE, 2) == (0xFFFF ^ (1 << shift)).to_bytes(2, order)
    assert set(functions(rig)) == {Function.WRITE_MASKED}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("value", [-8, -3, 7])
def test_v3_bit_fields_are_read_where_they_were_written(
    make_feed: MakeFeed, order: ByteOrder, value: int
) -> None:
    big = order == "big"
    field = variable("/field", DataType.SINT32, bits=(5, 4), big=big)
    beside = variable("/beside", DataType.UINT32, bits=(9, 7), big=big)
    rig = Rig(make_feed, [field, beside])
    feed = rig.feed()

    assert rig.write("/beside", 0x55).success
    assert rig.write("/field", value).success
    rig.watch(feed, "/field")
    rig.watch(feed, "/beside")
    rig.run_for(2 * MS)

    assert (rig.entry("/field").value, rig.entry("/beside").value) == (value, 0x55)
    shift = 32 - 5 - 4 if big else 5
    storage = int.from_bytes(rig.memory.read(BASE, 4), order)
    assert storage >> shift & 0xF == value & 0xF


@pytest.mark.parametrize("order", ORDERS)
def test_v4_a_bit_field_of_64_bits_is_written_as_a_whole(
    make_feed: MakeFeed, order: ByteOrder
) -> None:
    big = order == "big"
    rig = Rig(make_feed, [variable("/wide", DataType.SINT64, bits=(0, 64), big=big)])

    assert rig.write("/wide", -(2**63)).success

    assert rig.memory.read(BASE, 8) == (1 << 63).to_bytes(8, order)
    assert functions(rig) == [Function.WRITE]


def test_v5_integers_written_through_a_gain_are_rounded(make_feed: MakeFeed) -> None:
    alias = Alias("/alias", "/v", "var", gain=0.1)
    rig = Rig(make_feed, [variable("/v", DataType.SINT16)], [alias])

    for wanted, stored in ((0.3, 3), (0.7, 7), (-0.3, -3)):
        assert rig.write("/alias", wanted).success
        assert rig.memory.read(BASE, 2) == stored.to_bytes(2, "little", signed=True)


@pytest.mark.parametrize(("wanted", "limit"), [(1e300, FLOAT32_MAX), (-1e39, -FLOAT32_MAX)])
def test_f1_a_value_beyond_float32_becomes_the_largest(
    make_feed: MakeFeed, wanted: float, limit: float
) -> None:
    rig = Rig(make_feed, [variable("/v", DataType.FLOAT32)], [Alias("/a", "/v", "var", gain=0.5)])

    for path in ("/v", "/a"):
        assert rig.write(path, wanted).success
        assert rig.entry("/v").value == limit
        assert rig.memory.read(BASE, 4) == encode(limit, DataType.FLOAT32, "little")


def test_a_write_shows_at_once_under_all_names(make_feed: MakeFeed) -> None:
    aliases = [Alias("/double", "/v", "var", gain=2.0), Alias("/far", "/v", "var", offset=100.0)]
    rig = Rig(make_feed, [variable("/v", DataType.UINT8)], aliases)
    feed, other = rig.feed(), rig.feed()
    rig.watch(feed, "/v", 0.001)
    rig.watch(other, "/far", 0.001)
    rig.run_for(5 * MS)
    feed.sent.clear()
    other.sent.clear()

    assert rig.write("/double", 10).success

    assert values_of(feed, rig.entry("/v")) == [5]
    assert values_of(other, rig.entry("/far")) == [105.0]
    assert rig.entry("/double").value == 10.0
    assert rig.entry("/far").octets == b"\x05"


def test_octets_are_unknown_after_a_bit_field_was_written(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [variable("/f", DataType.UINT8, bits=(2, 3))])
    rig.memory.write(BASE, b"\xff")
    entry = rig.watch(rig.feed(), "/f", 0.001)
    rig.run_for(5 * MS)
    octets_before = entry.octets
    assert octets_before == b"\xff"

    assert rig.write("/f", 1).success

    values_after = entry.value, entry.octets
    assert values_after == (1, None)
    assert rig.memory.read(BASE, 1) == b"\xe7"


def test_writes_of_a_kind_share_requests_and_keep_their_order(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + 10 * i) for i in range(10)]
    fields = [variable(f"/f{i}", DataType.UINT8, BASE + 200, bits=(i, 1)) for i in range(8)]
    rig = Rig(make_feed, [*variables, *fields])
    outcomes: list[Outcome] = []
    for item in variables:
        rig.add_write(item.path, 7, outcomes)
    for item in fields:
        rig.add_write(item.path, 1, outcomes)
    rig.add_write("/rpv/x1001", 3, outcomes)
    rig.add_write("/v0", 9, outcomes)

    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [True] * 20
    assert functions(rig) == [
        Function.WRITE,
        Function.WRITE_MASKED,
        Function.WRITE_RPV,
        Function.WRITE,
    ]
    assert rig.memory.read(BASE, 1) == b"\x09"
    assert rig.memory.read(BASE + 90, 1) == b"\x07"
    assert rig.memory.read(BASE + 200, 1) == b"\xff"


@pytest.mark.parametrize("buffers", [(32, 512), (512, 32), (40, 40)])
def test_requests_and_acknowledgements_stay_within_the_buffers(
    make_feed: MakeFeed, buffers: tuple[int, int]
) -> None:
    settings = device_settings(max_rx_payload=buffers[0], max_tx_payload=buffers[1])
    variables = [variable(f"/v{i}", DataType.UINT32, BASE + 4 * i) for i in range(40)]
    fields = [variable(f"/f{i}", DataType.UINT64, BASE + 512, bits=(i, 1)) for i in range(40)]
    rig = Rig(make_feed, [*variables, *fields], settings=settings)
    outcomes: list[Outcome] = []
    for number, item in enumerate([*variables, *fields]):
        rig.add_write(item.path, number, outcomes)

    rig.run_for(80 * MS)

    assert [outcome.success for outcome in outcomes] == [True] * 80
    for _, request in rig.asked:
        kind = WriteMemory if request.subfunction == Function.WRITE else WriteMemoryMasked
        assert len(request.payload) <= buffers[0]
        assert kind.parse(request.payload, FMT).answer_size(FMT) <= buffers[1]
    assert len(rig.asked) < 80  # some of them did share


def test_protected_memory_is_not_asked_for(make_feed: MakeFeed) -> None:
    settings = device_settings(
        readonly_regions=(AddressRange(BASE + 3, BASE + 3),),
        forbidden_regions=(AddressRange(BASE + 8, BASE + 11),),
    )
    places = [("/ro", 0), ("/forbidden", 6), ("/fine", 12)]
    variables = [variable(path, DataType.UINT32, BASE + offset) for path, offset in places]
    field = variable("/ro_field", DataType.UINT32, bits=(0, 1))  # the whole storage counts
    rig = Rig(make_feed, [*variables, field], settings=settings)

    reasons = {path: rig.write(path, 1).reason for path in ("/ro", "/forbidden", "/ro_field")}

    assert reasons["/ro"].startswith("read only: ")
    assert reasons["/ro_field"].startswith("read only: ")
    assert reasons["/forbidden"].startswith("forbidden: ")
    assert rig.asked == []
    assert rig.write("/fine", 1).success


def test_firmware_without_memory_writes_still_takes_published_values(make_feed: MakeFeed) -> None:
    settings = device_settings(supports_memory_write=False)
    rig = Rig(make_feed, [variable("/v", DataType.UINT8)], settings=settings)

    assert "without memory writes" in rig.write("/v", 1).reason
    assert rig.write("/rpv/x1001", 5).success


def test_one_refused_write_does_not_take_the_others_along(make_feed: MakeFeed) -> None:
    places = [("/a", BASE), ("/missing", BASE + 0x10_0000), ("/b", BASE + 4)]
    rig = Rig(make_feed, [variable(path, DataType.UINT8, address) for path, address in places])
    outcomes: list[Outcome] = []
    for path, _ in places:
        rig.add_write(path, 1, outcomes)

    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [True, False, True]
    assert "FAILURE_TO_PROCEED" in outcomes[1].reason.upper().replace(" ", "_")


def test_writes_sent_alone_go_before_the_request_that_was_ready(make_feed: MakeFeed) -> None:
    """Requests of five, of which the second is refused while the third is made."""
    rig = Rig(
        make_feed,
        [variable("/a", DataType.UINT8, BASE), variable("/no", DataType.UINT8, BASE + 0x10_0000)],
        settings=device_settings(max_rx_payload=40, max_tx_payload=40),
    )
    outcomes: list[Outcome] = []
    for value in range(1, 21):
        rig.add_write("/no" if value == 7 else "/a", value, outcomes)

    rig.run_for(50 * MS)

    assert [outcome.success for outcome in outcomes] == [value != 7 for value in range(1, 21)]
    assert rig.memory.read(BASE, 1) == b"\x14"


def test_writes_that_wait_for_others_are_told_when_the_device_goes(make_feed: MakeFeed) -> None:
    rig = Rig(
        make_feed,
        [variable("/a", DataType.UINT8, BASE)],
        settings=device_settings(max_rx_payload=40, max_tx_payload=40),
    )
    outcomes: list[Outcome] = []
    for value in range(20):
        rig.add_write("/a", value, outcomes)
    rig.queue.prepare()
    assert len(rig.queue) > 0

    rig.queue.fail_all("gone", 0)

    assert len(rig.queue) == 0
    assert [outcome.reason for outcome in outcomes] == ["gone"] * 20


# ------------------------------------------------------------------ beside what is answered


def requests_of(rig: Rig, *groups: list[str]) -> list[WriteJob]:
    """Return requests, each of which writes what one group names."""
    jobs: list[WriteJob] = []
    for group in groups:
        for path in group:
            rig.add_write(path, 1, [])
        job = rig.queue.next_job()
        assert isinstance(job, WriteJob)
        jobs.append(job)
    return jobs


UNION = [
    variable("/whole", DataType.UINT32, BASE + 16),
    variable("/half", DataType.UINT16, BASE + 18),
    variable("/bit", DataType.UINT8, BASE + 19, bits=(3, 1)),
    variable("/apart", DataType.UINT32, BASE + 24),
    variable("/across", DataType.UINT64, BASE + 28),
]


@pytest.mark.parametrize(
    ("first", "second", "are_apart"),
    [
        (["/whole"], ["/apart"], True),
        (["/whole"], ["/whole"], False),
        (["/whole"], ["/apart", "/half"], False),
        (["/bit"], ["/whole"], False),
        (["/apart"], ["/across"], False),
        (["/across"], ["/whole"], True),
        (["/rpv/x1000"], ["/rpv/x1001"], True),
        (["/rpv/x1001"], ["/rpv/x1001"], False),
        (["/whole"], ["/rpv/x1001"], False),  # who knows where that is
    ],
)
def test_requests_are_apart_that_write_nothing_in_common(
    make_feed: MakeFeed, first: list[str], second: list[str], are_apart: bool
) -> None:
    one, other = requests_of(Rig(make_feed, UNION), first, second)

    assert one.is_apart_from(other) is are_apart
    assert other.is_apart_from(one) is are_apart


def test_a_request_goes_beside_one_that_it_is_apart_from(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, UNION)
    (whole,) = requests_of(rig, ["/whole"])
    rig.add_write("/apart", 1, [])
    rig.add_write("/apart", 2, [])

    assert rig.queue.next_beside(whole, room=20) is None  # they need 36 octets
    beside = rig.queue.next_beside(whole, room=36)
    assert beside is not None
    assert len(beside.writes) == 2
    rig.queue.put_back(beside)  # it got lost

    assert rig.queue.next_beside(beside, room=100) is None  # the second would overtake the first
    again = rig.queue.next_job()
    assert isinstance(again, WriteJob)
    assert again.writes == beside.writes
    assert len(rig.queue) == 0
    assert rig.queue.next_beside(whole, room=100) is None


def test_a_request_goes_beside_a_read_but_not_beside_a_command(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, UNION)
    block = ReadMemory((MemoryBlock(BASE, 4),))
    read = MessageJob(block, FMT, lambda result, now_ns: None, decides=False)
    command = MessageJob(UserCommand(1, b""), FMT, lambda result, now_ns: None)
    rig.add_write("/whole", 1, [])

    assert rig.queue.next_beside(command, room=100) is None
    assert rig.queue.next_beside(read, room=100) is not None


def test_a_command_and_a_pointer_go_alone(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [*UNION, POINTER, *MEMBERS])
    (whole,) = requests_of(rig, ["/whole"])
    rig.queue.add(MessageJob(UserCommand(1, b""), FMT, lambda result, now_ns: None))
    rig.add_write("/apart", 1, [])

    assert rig.queue.next_beside(whole, room=100) is None
    assert isinstance(rig.queue.next_job(), MessageJob)
    assert isinstance(rig.queue.next_job(), WriteJob)
    rig.add_write("/*p/m0", 1, [])
    assert rig.queue.next_beside(whole, room=100) is None


def test_who_takes_every_sample_gets_both_values_that_one_request_writes(
    make_feed: MakeFeed,
) -> None:
    rig = Rig(make_feed, UNION)
    every, newest = rig.feed(), rig.feed()
    entry, apart = rig.entry("/whole"), rig.entry("/apart")
    for one in (entry, apart):
        rig.subscriptions.watch(every.samples, one, 1)
        rig.subscriptions.watch(newest, one, 1)
    outcomes: list[Outcome] = []
    rig.add_write("/whole", 1, outcomes)
    rig.add_write("/apart", 7, outcomes)
    rig.add_write("/whole", 2, outcomes)

    while len(outcomes) < 3:
        rig.run_for(rig.exchange_ns)
    every.flush()
    newest.flush()

    assert len(functions(rig)) == 1
    assert values_of(every, entry) == [1, 2]
    assert values_of(every, apart) == [7]
    assert values_of(newest, entry) == [2]
    assert entry.value == 2


POINTER = variable("/p", DataType.PTR32, BASE)
MEMBERS = [variable(f"/*p/m{i}", DataType.UINT16, 4 + 2 * i, pointer=POINTER) for i in range(3)]


def test_pointed_variables_are_written_where_the_pointer_points_now(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [POINTER, *MEMBERS])
    outcomes: list[Outcome] = []
    rig.add_write("/p", BASE + 0x100, outcomes)
    rig.add_write("/*p/m0", 1, outcomes)
    rig.add_write("/*p/m1", 2, outcomes)
    rig.add_write("/p", BASE + 0x200, outcomes)
    rig.add_write("/*p/m2", 3, outcomes)

    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [True] * 5
    assert rig.memory.read(BASE + 0x104, 6) == b"\x01\x00\x02\x00\x00\x00"
    assert rig.memory.read(BASE + 0x204, 6) == b"\x00\x00\x00\x00\x03\x00"
    assert rig.memory.read(BASE, 4) == (BASE + 0x200).to_bytes(4, "little")
    # The pointer is written, read, written again behind both members, read, and followed.
    assert len(rig.asked) == 5


def test_pointed_writes_keep_their_place_before_a_user_command(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [POINTER, *MEMBERS])
    rig.memory.write(BASE, (BASE + 0x100).to_bytes(4, "little"))
    ended: list[str] = []
    rig.watch(rig.feed(), "/rpv/x1000")
    outcomes: list[Outcome] = []
    rig.add_write("/*p/m0", 1, outcomes)
    rig.queue.add(MessageJob(UserCommand(1, b""), FMT, lambda r, now: ended.append("command")))

    rig.run_for(10 * MS)

    assert (len(outcomes), ended) == (1, ["command"])
    urgent = [r for _, r in rig.asked if r.subfunction != Function.READ_RPV]
    assert [r.command for r in urgent] == [3, 3, 4]
    assert ReadMemory.parse(urgent[0].payload, FMT).blocks == ((BASE, 4),)


@pytest.mark.parametrize(
    ("address", "reason"),
    [(0, "nullptr: /p points to nothing"), (BASE + 0x80 - 4, "read only: ")],
)
def test_a_pointed_write_to_nowhere_fails_alone(
    make_feed: MakeFeed, address: int, reason: str
) -> None:
    settings = device_settings(readonly_regions=(AddressRange(BASE + 0x80, BASE + 0x8F),))
    rig = Rig(make_feed, [POINTER, *MEMBERS], settings=settings)
    rig.memory.write(BASE, address.to_bytes(4, "little"))
    outcomes: list[Outcome] = []
    rig.add_write("/*p/m0", 1, outcomes)
    rig.add_write("/rpv/x1001", 9, outcomes)

    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [False, True]
    assert outcomes[0].reason.startswith(reason)


def test_a_pointer_that_cannot_be_read_fails_the_write(make_feed: MakeFeed) -> None:
    lost = variable("/lost", DataType.PTR32, BASE + 0x10_0000)
    settings = device_settings(forbidden_regions=(AddressRange(BASE, BASE + 3),))
    members = [
        variable("/*p/x", DataType.UINT8, 0, pointer=POINTER),
        variable("/*lost/x", DataType.UINT8, 0, pointer=lost),
    ]
    rig = Rig(make_feed, members, settings=settings)

    assert rig.write("/*p/x", 1).reason.startswith("forbidden: ")
    assert rig.write("/*lost/x", 1).reason.startswith("the pointer /lost could not be read")


def test_a_refused_pointed_write_reads_its_pointer_again(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [POINTER, *MEMBERS])
    rig.memory.write(BASE, (BASE + 0x10_0000).to_bytes(4, "little"))
    outcomes: list[Outcome] = []
    for member in MEMBERS:
        rig.add_write(member.path, 1, outcomes)

    rig.run_for(20 * MS)

    assert [outcome.success for outcome in outcomes] == [False] * 3
    assert len(rig.asked) == 2 + 2 * 3


def test_an_unanswered_pointed_write_reads_its_pointer_again_and_goes_where_it_points_then(
    make_feed: MakeFeed,
) -> None:
    rig = Rig(make_feed, [POINTER, *MEMBERS])
    rig.memory.write(BASE, (BASE + 0x100).to_bytes(4, "little"))
    outcomes: list[Outcome] = []
    rig.add_write("/*p/m0", 1, outcomes)
    rig.run_for(rig.exchange_ns)
    assert rig.schedule.keep_unanswered(rig.queue.next_job())

    rig.memory.write(BASE, (BASE + 0x200).to_bytes(4, "little"))
    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [True]
    assert rig.memory.read(BASE + 0x104, 2) == b"\0\0"
    assert rig.memory.read(BASE + 0x204, 2) == b"\1\0"


@pytest.mark.parametrize("order", ORDERS)
def test_targets_with_chars_of_16_bits(make_feed: MakeFeed, order: ByteOrder) -> None:
    big = order == "big"
    settings = device_settings(char_bit=16, segments=(MemorySegment(2 * BASE, 0x100),))
    variables = [
        variable("/a", DataType.UINT16, BASE + 1, big=big),
        variable("/b", DataType.SINT32, BASE + 2, big=big),
        variable("/f", DataType.UINT16, BASE + 4, bits=(3, 5), big=big),
    ]
    rig = Rig(make_feed, variables, settings=settings)

    assert all(
        rig.write(path, value).success for path, value in (("/a", 1), ("/b", -2), ("/f", 21))
    )

    content = (0).to_bytes(2, order) + (1).to_bytes(2, order)
    content += (-2).to_bytes(4, order, signed=True)
    content += (21 << (8 if big else 3)).to_bytes(2, order)
    assert rig.memory.read(2 * BASE, 10) == content


def test_an_entry_is_not_forgotten_while_it_is_written(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [variable("/v", DataType.UINT8)])
    outcomes: list[Outcome] = []

    rig.add_write("/v", 1, outcomes)
    assert not rig.entry("/v").is_idle
    rig.run_for(2 * MS)

    assert rig.entry("/v").is_idle

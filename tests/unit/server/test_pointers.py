"""Variables behind pointers: where they are, when that changes, and when they are nowhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import Alias
from scrutiny.firmware_link.messages import AddressFormat, ReadMemory
from scrutiny.firmware_link.simulator import AddressRange, MemorySegment
from scrutiny.server.pointers import NULL_POINTER
from scrutiny.server.read_plan import ReadPlan
from scrutiny.server.turns import finish

from .conftest import NotingFeed
from .rig import BASE, MS, SECOND, Rig, device_settings, values_of, variable

MakeFeed = Callable[[], NotingFeed]
FMT = AddressFormat(4)
POINTER = variable("/p", DataType.PTR32, BASE)
MEMBER = variable("/*p/member", DataType.UINT16, 4, pointer=POINTER)
FIRST, SECOND_OBJECT = BASE + 0x100, BASE + 0x200


def point_to(rig: Rig, address: int) -> None:
    rig.memory.write(BASE, address.to_bytes(4, "little"))


def rig_with_objects(make_feed: MakeFeed, *aliases: Alias) -> Rig:
    rig = Rig(make_feed, [POINTER, MEMBER], aliases)
    rig.memory.write(FIRST + 4, b"\x0b\x00")
    rig.memory.write(SECOND_OBJECT + 4, b"\x16\x00")
    point_to(rig, FIRST)
    return rig


def test_a_variable_behind_a_pointer_that_nobody_watches(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")

    rig.run_for(20 * MS)

    assert entry.value == 11
    assert entry.octets == b"\x0b\x00"
    assert set(values_of(feed, entry)) == {11}
    assert len(feed.sent) > 5


def test_a_pointer_that_is_watched_is_read_once(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed, Alias("/alias/member", "/*p/member", "var", gain=2.0))
    feed = rig.feed()
    for path in ("/*p/member", "/p", "/alias/member"):
        rig.watch(feed, path)

    rig.run_for(20 * MS)

    assert rig.entry("/p").value == FIRST
    assert rig.entry("/alias/member").value == 22
    asked = {ReadMemory.parse(request.payload, FMT).blocks for _, request in rig.asked}
    assert asked == {((BASE, 4),), ((FIRST + 4, 2),)}


def test_a_pointer_that_moves_takes_its_variables_along(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")
    rig.run_for(10 * MS)

    point_to(rig, SECOND_OBJECT)
    rig.run_for(10 * MS)

    told = values_of(feed, entry)
    assert set(told) == {11, 22}
    assert 11 not in told[told.index(22) :]  # nothing of the first object after the second


def test_values_of_where_a_pointer_does_not_point_to_any_more_are_dropped(
    make_feed: MakeFeed,
) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")
    rig.run_for(10 * MS)
    assert rig.plan is not None
    (pointed,) = [job for job in rig.plan.continuous if job.assumed]
    before = len(values_of(feed, entry))

    pointed.assumed[0].value = SECOND_OBJECT
    rig.memory.write(FIRST + 4, b"\x63\x00")
    pointed.answered(rig.answer_to(pointed), rig.now_ns)
    feed.flush()

    assert entry.value == 11
    assert len(values_of(feed, entry)) == before


@pytest.mark.parametrize("rate", [None, 1, 10])
def test_a_pointer_that_moves_all_the_time_does_not_starve_its_variables(
    make_feed: MakeFeed, rate: float | None
) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member", rate)

    for index in range(400):
        point_to(rig, (FIRST, SECOND_OBJECT)[index % 2])
        rig.run_for(7 * MS)

    told = len(values_of(feed, entry))
    assert told > 300 if rate is None else told == pytest.approx(2.8 * rate, abs=1)


def test_a_null_pointer_is_told_once_to_each_client(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    point_to(rig, 0)
    first, second = rig.feed(), rig.feed()
    entry = rig.watch(first, "/*p/member")
    rig.run_for(SECOND // 10)
    rig.watch(second, "/*p/member")
    rig.run_for(SECOND // 10)
    rig.subscriptions.unwatch(first, entry)
    rig.watch(first, "/*p/member")
    rig.run_for(SECOND // 10)

    assert values_of(first, entry) == [None, None]  # one for each subscription
    assert values_of(second, entry) == [None]
    assert [u.r for m in first.sent for u in m.updates] == ["nullptr"] * 2
    asked = {ReadMemory.parse(request.payload, FMT).blocks for _, request in rig.asked}
    assert asked == {((BASE, 4),)}


def test_a_pointer_that_becomes_null_and_back_is_told_each_time(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")

    for address in (FIRST, 0, SECOND_OBJECT, 0):
        point_to(rig, address)
        rig.run_for(20 * MS)

    told = values_of(feed, entry)
    changes = [value for i, value in enumerate(told) if i == 0 or value != told[i - 1]]
    assert changes == [11, None, 22, None]
    assert told.count(None) == 2
    assert entry.reason == "nullptr"
    assert entry.octets is None


def test_an_alias_of_what_cannot_be_read_tells_the_same_reason(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed, Alias("/alias/member", "/*p/member", "var", gain=2.0))
    point_to(rig, 0)
    feed = rig.feed()
    rig.watch(feed, "/alias/member")

    rig.run_for(20 * MS)

    assert [(u.v, u.r) for m in feed.sent for u in m.updates] == [(None, "nullptr")]


def test_nothing_is_told_before_the_pointer_is_known(make_feed: MakeFeed) -> None:
    lost = variable("/lost", DataType.PTR32, BASE + 0x10_0000)
    rig = Rig(make_feed, [variable("/x", DataType.UINT8, 0, pointer=lost)])
    feed = rig.feed()
    entry = rig.watch(feed, "/x")

    rig.run_for(SECOND // 10)

    assert (entry.value, entry.reason, feed.sent) == (None, "", [])


def test_the_pointer_is_read_as_often_as_the_fastest_that_needs_it(make_feed: MakeFeed) -> None:
    other = variable("/*p/other", DataType.UINT8, 8, pointer=POINTER)
    rig = Rig(make_feed, [POINTER, MEMBER, other])
    point_to(rig, FIRST)
    feed = rig.feed()
    rig.watch(feed, "/p", 1)
    rig.watch(feed, "/*p/member", 5)
    rig.watch(feed, "/*p/other", 20)

    rig.run_for(10 * SECOND)

    blocks = [ReadMemory.parse(request.payload, FMT).blocks for _, request in rig.asked]
    assert sum(b == ((BASE, 4),) for b in blocks) == pytest.approx(200, abs=2)
    for path, rate in (("/p", 1), ("/*p/member", 5), ("/*p/other", 20)):
        assert len(values_of(feed, rig.entry(path))) == pytest.approx(10 * rate, abs=2)


def test_a_pointer_into_a_forbidden_region(make_feed: MakeFeed) -> None:
    settings = device_settings(forbidden_regions=(AddressRange(SECOND_OBJECT + 5, BASE + 0x2FF),))
    rig = Rig(make_feed, [POINTER, MEMBER], settings=settings)
    point_to(rig, SECOND_OBJECT)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")
    rig.run_for(20 * MS)
    assert (entry.reason, values_of(feed, entry)) == ("forbidden", [None])

    point_to(rig, FIRST)
    rig.run_for(20 * MS)

    assert (entry.reason, entry.value) == ("", 0)


def test_a_pointer_that_lies_in_a_forbidden_region(make_feed: MakeFeed) -> None:
    settings = device_settings(forbidden_regions=(AddressRange(BASE, BASE + 1),))
    rig = Rig(make_feed, [POINTER, MEMBER], settings=settings)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")

    rig.run_for(20 * MS)
    feed.flush()

    assert (entry.reason, values_of(feed, entry), rig.asked) == ("forbidden", [None], [])


@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("char_bit", [8, 16])
def test_pointers_of_all_targets(make_feed: MakeFeed, big: bool, char_bit: int) -> None:
    octets_per_byte = char_bit // 8
    order: ByteOrder = "big" if big else "little"
    pointer = variable("/p", DataType.PTR16, 0x40, big=big)
    member = variable("/*p/x", DataType.SINT16, 0xFFF8, big=big, pointer=pointer)  # offset -8
    settings = device_settings(
        char_bit=char_bit, address_size=2, segments=(MemorySegment(0, 0x200),)
    )
    rig = Rig(make_feed, [pointer, member], settings=settings)
    rig.memory.write(0x40 * octets_per_byte, (0x58).to_bytes(2, order))
    rig.memory.write(0x50 * octets_per_byte, (-77).to_bytes(2, order, signed=True))
    entry = rig.watch(rig.feed(), "/*p/x")

    rig.run_for(10 * MS)

    assert entry.value == -77


def test_a_move_makes_only_the_requests_of_pointed_variables_anew(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    rig.watch(rig.feed(), "/rpv/x1000")
    rig.watch(rig.feeds[0], "/*p/member")
    rig.run_for(10 * MS)
    assert rig.plan is not None
    before = {job for job in rig.plan.continuous if not job.assumed}
    pointed = {job for job in rig.plan.continuous if job.assumed}

    point_to(rig, SECOND_OBJECT)
    rig.run_for(10 * MS)

    assert {job for job in rig.plan.continuous if not job.assumed} == before
    assert not pointed & set(rig.plan.continuous)


@pytest.mark.parametrize("address", [SECOND_OBJECT, 0])
@pytest.mark.parametrize("steps", range(6))
def test_a_pointer_that_moves_while_a_plan_is_made(
    make_feed: MakeFeed, steps: int, address: int
) -> None:
    rig = rig_with_objects(make_feed)
    feed = rig.feed()
    entry = rig.watch(feed, "/*p/member")
    rig.run_for(10 * MS)
    making = ReadPlan.made(list(rig.subscriptions.watched), rig.target)
    for _ in itertools.islice(making, steps):
        pass

    point_to(rig, address)
    rig.run_for(10 * MS)
    rig.schedule.set_plan(finish(making), rig.now_ns)
    rig.memory.write(SECOND_OBJECT + 4, b"\x21\x00")
    rig.run_for(10 * MS)

    assert entry.value == (33 if address else None)
    assert entry.reason == ("" if address else NULL_POINTER)


def test_where_a_variable_is(make_feed: MakeFeed) -> None:
    rig = rig_with_objects(make_feed)
    pointers = rig.target.pointers
    assert pointers.address_of(POINTER, FMT.mask) == BASE
    assert pointers.address_of(MEMBER, FMT.mask) is None
    rig.watch(rig.feed(), "/*p/member")

    rig.run_for(10 * MS)
    assert pointers.address_of(MEMBER, FMT.mask) == FIRST + 4

    point_to(rig, 0)
    rig.run_for(10 * MS)
    assert pointers.address_of(MEMBER, FMT.mask) == NULL_POINTER

"""Variables that are written as they are in memory: in their turn, and seen by who watches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import Alias
from scrutiny.firmware_link.simulator import AddressRange
from scrutiny.server.outcome import Outcome

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, values_of, variable

MakeFeed = Callable[[], NotingFeed]
POINTER = variable("/p", DataType.PTR32, BASE)
MEMBER = variable("/*p/member", DataType.UINT16, 4, pointer=POINTER)
OBJECT = BASE + 0x100


def test_octets_keep_their_place_among_the_values(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [variable("/v", DataType.UINT16)])
    outcomes: list[Outcome] = []
    rig.add_octets("/v", b"\1\0", outcomes)
    rig.add_write("/v", 2, outcomes)
    rig.add_octets("/v", b"\3\0", outcomes)
    rig.add_write("/rpv/x1001", 7, outcomes)  # another kind of request in between
    rig.add_write("/v", 4, outcomes)
    rig.add_octets("/v", b"\5\0", outcomes)
    seen: list[bytes] = []

    while len(outcomes) < 6:
        rig.run_for(MS)
        seen.append(rig.memory.read(BASE, 2))

    assert [outcome.success for outcome in outcomes] == [True] * 6
    assert seen == [b"\3\0", b"\3\0", b"\5\0"]  # neighbours of a kind share a request


def test_octets_go_where_a_pointer_was_just_written_to(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [POINTER, MEMBER])
    outcomes: list[Outcome] = []
    rig.add_write("/p", OBJECT, outcomes)
    rig.add_octets("/*p/member", b"\7\0", outcomes)
    rig.add_octets("/p", (OBJECT + 0x10).to_bytes(4, "little"), outcomes)
    rig.add_octets("/*p/member", b"\x09\0", outcomes)

    rig.run_for(10 * MS)

    assert [outcome.success for outcome in outcomes] == [True] * 4
    assert rig.memory.read(OBJECT + 4, 2) == b"\7\0"
    assert rig.memory.read(OBJECT + 0x14, 2) == b"\x09\0"


def test_watchers_see_the_new_value_under_all_names(make_feed: MakeFeed) -> None:
    alias = Alias("/double", "/v", "var", gain=2.0)
    rig = Rig(make_feed, [variable("/v", DataType.UINT16, big=True)], [alias])
    feed = rig.feed()
    rig.watch(feed, "/v", 0.001)
    rig.watch(feed, "/double", 0.001)
    rig.run_for(5 * MS)
    feed.sent.clear()
    outcomes: list[Outcome] = []

    rig.add_octets("/double", b"\1\2", outcomes)
    rig.run_for(5 * MS)

    assert outcomes[0].success
    assert values_of(feed, rig.entry("/v")) == [0x0102]
    assert values_of(feed, rig.entry("/double")) == [2.0 * 0x0102]
    assert rig.entry("/v").octets == b"\1\2"


@pytest.mark.parametrize(("order", "octets"), [("little", b"\xa8\x02"), ("big", b"\x15\x40")])
def test_of_a_bit_field_the_whole_storage_is_written(
    make_feed: MakeFeed, order: ByteOrder, octets: bytes
) -> None:
    field = variable("/field", DataType.SINT16, bits=(3, 4), big=order == "big")
    rig = Rig(make_feed, [field])
    rig.memory.write(BASE, b"\xff\xff")
    outcomes: list[Outcome] = []

    rig.add_octets("/field", octets, outcomes)
    rig.run_for(5 * MS)

    assert outcomes[0].success
    assert rig.memory.read(BASE, 2) == octets
    told = rig.entry("/field").value
    rig.read_once("/field")
    assert told == rig.entry("/field").value == (5 if order == "little" else -6)


def test_what_no_number_is_can_be_written_as_octets(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [variable("/x", DataType.FLOAT32)])
    feed = rig.feed()
    rig.watch(feed, "/x", 0.001)
    rig.run_for(5 * MS)
    feed.sent.clear()
    outcomes: list[Outcome] = []

    rig.add_octets("/x", b"\0\0\xc0\x7f", outcomes)
    rig.run_for(5 * MS)

    assert outcomes[0].success
    assert [(u.v, u.r) for m in feed.sent for u in m.updates] == [(None, "nan")]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (0, "nullptr: /p points to nothing"),
        (OBJECT, "read only: "),
        (BASE + 0x10_0000, "the firmware refused"),
    ],
)
def test_failures_read_like_those_of_values(make_feed: MakeFeed, address: int, reason: str) -> None:
    settings = device_settings(readonly_regions=(AddressRange(OBJECT, OBJECT + 0xFF),))
    rig = Rig(make_feed, [POINTER, MEMBER], settings=settings)
    rig.memory.write(BASE, address.to_bytes(4, "little"))
    outcomes: list[Outcome] = []

    rig.add_octets("/*p/member", b"\7\0", outcomes)
    rig.run_for(5 * MS)
    rig.add_write("/*p/member", 7, outcomes)
    rig.run_for(5 * MS)

    octets, value = outcomes
    assert (octets.success, octets.reason) == (False, value.reason)
    assert octets.reason.startswith(reason)


def test_protected_memory_is_not_asked_for(make_feed: MakeFeed) -> None:
    settings = device_settings(readonly_regions=(AddressRange(BASE, BASE + 3),))
    rig = Rig(make_feed, [variable("/v", DataType.UINT8)], settings=settings)
    outcomes: list[Outcome] = []

    rig.add_octets("/v", b"\1", outcomes)

    assert "read only" in outcomes[0].reason
    assert rig.asked == []
    assert rig.entry("/v").is_idle

"""Values that are read once, because somebody asked."""

from __future__ import annotations

from collections.abc import Callable

from scrutiny.core.types import DataType
from scrutiny.core.watchables import Alias
from scrutiny.firmware_link.simulator import AddressRange
from scrutiny.server.entries import Entry
from scrutiny.server.value_reads import ValuesRead

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, variable

MakeFeed = Callable[[], NotingFeed]
POINTER = variable("/p", DataType.PTR32, BASE)
MEMBER = variable("/*p/x", DataType.UINT8, 1, pointer=POINTER)


def test_all_kinds_are_read_in_as_few_requests_as_possible(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + 0x10 + i) for i in range(4)]
    rig = Rig(make_feed, [*variables, POINTER, MEMBER], [Alias("/a", "/v3", "var", gain=2.0)])
    rig.memory.write(BASE, (BASE + 0x40).to_bytes(4, "little"))
    rig.memory.write(BASE + 0x10, b"\x01\x02\x03\x04")
    rig.memory.write(BASE + 0x41, b"\x05")
    paths = ["/v0", "/v1", "/v2", "/v3", "/a", "/*p/x", "/rpv/x1000", "/rpv/x1001", "/v0"]

    assert rig.read_once(*paths) == {}

    assert [rig.entry(path).value for path in paths] == [1, 2, 3, 4, 8.0, 5, 1.5, 7, 1]
    assert rig.entry("/a").octets == b"\x04"
    assert len(rig.asked) == 3  # published values, memory with the pointer, what it points to


def test_what_cannot_be_read_is_named_with_its_reason(make_feed: MakeFeed) -> None:
    settings = device_settings(forbidden_regions=(AddressRange(BASE + 0x80, BASE + 0x8F),))
    lost = variable("/lost", DataType.PTR32, BASE + 0x10_0000)
    variables = [
        POINTER,
        MEMBER,
        variable("/fine", DataType.UINT8, BASE + 0x20),
        variable("/missing", DataType.UINT8, BASE + 0x10_0010),
        variable("/secret", DataType.UINT32, BASE + 0x7E),
        variable("/*lost/x", DataType.UINT8, 0, pointer=lost),
    ]
    rig = Rig(make_feed, variables, settings=settings)

    failures = rig.read_once(*(v.path for v in variables))

    assert sorted(failures) == ["/*lost/x", "/*p/x", "/missing", "/secret"]
    assert failures["/*p/x"] == "nullptr"
    assert failures["/secret"] == "forbidden"
    assert failures["/missing"] == failures["/*lost/x"]
    assert rig.entry("/*p/x").reason == "nullptr"
    assert rig.entry("/fine").value == 0


def test_a_pointer_into_a_forbidden_region(make_feed: MakeFeed) -> None:
    settings = device_settings(forbidden_regions=(AddressRange(BASE + 0x80, BASE + 0x8F),))
    rig = Rig(make_feed, [POINTER, MEMBER], settings=settings)
    rig.memory.write(BASE, (BASE + 0x7F).to_bytes(4, "little"))

    assert rig.read_once("/*p/x") == {"/*p/x": "forbidden"}


def test_nothing_to_read_ends_at_once(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [])

    assert rig.read_once() == {}


def test_the_end_of_the_device_ends_the_read(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [POINTER, MEMBER])
    ended: list[dict[Entry, str]] = []
    entries = [rig.entry(path) for path in ("/p", "/*p/x", "/rpv/x1000")]
    read = ValuesRead(rig.target, rig.schedule.add_bulk, ended.append)
    read.start(entries, 0)

    rig.schedule.fail_all("unplugged", 5)

    assert ended == [dict.fromkeys(entries, "unplugged")]


def test_reads_on_demand_share_the_link_with_the_others(make_feed: MakeFeed) -> None:
    settings = device_settings(max_tx_payload=32)
    variables = [variable(f"/v{i}", DataType.UINT32, BASE + 0x40 * i) for i in range(20)]
    rig = Rig(make_feed, variables, settings=settings)
    feed = rig.feed()
    rig.watch(feed, "/rpv/x1000")
    rig.run_for(2 * MS)
    before = len(feed.sent)

    assert rig.read_once(*(item.path for item in variables)) == {}

    assert len(feed.sent) - before >= 6  # one for each of the seven requests, but the last

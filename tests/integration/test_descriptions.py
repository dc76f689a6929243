"""Descriptions in a running server, with a simulated device: loaded, replaced, and hostile."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from scrutiny.firmware_link.simulator.settings import SIMULATOR_FIRMWARE_ID
from scrutiny.server.settings import ServerSettings
from scrutiny.sfd.store import DescriptionStore

from ..support.api_peer import Message, Peer, run, running
from ..support.small_package import CAR_ALIASES, car_map, large_map, write_package

ID: Final = SIMULATOR_FIRMWARE_ID.hex()
BASE: Final = 0x20008000  # memory of the simulated device that its application leaves alone
GEAR: Final = "/global/car/gear"
SPEED: Final = "/global/car/speed"
RPM: Final = "/global/car/wheels/wheels[2]/rpm"
BEHIND: Final = "/static/garage.cpp/*current/gear"
POINTER: Final = "/static/garage.cpp/current"
FLOAT32_RPV: Final = "/rpv/x2020"

# The real loader, but later than any time-out of the device.
SLOW_LOADER: Final = (
    sys.executable,
    "-c",
    "import sys, time; time.sleep(2.5)\n"
    "from scrutiny.sfd.loader import main; sys.exit(main(sys.argv[1:]))",
)
STUCK_LOADER: Final = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def place(settings: ServerSettings) -> Path:
    """Where the description of the simulated device is installed."""
    return DescriptionStore(settings.data_folder).path_of(ID)


async def described(peer: Peer) -> Message:
    return await peer.status(lambda status: status["loaded_sfd_firmware_id"] == ID)


async def failed(peer: Peer) -> str:
    status = await peer.status(lambda status: bool(status["sfd_failure_reason"]))
    assert status["loaded_sfd_firmware_id"] is None
    return str(status["sfd_failure_reason"])


async def subscribe(peer: Peer, *paths: str, **fields: Any) -> dict[str, str]:
    answer = await peer.ask("subscribe_watchable", watchables=list(paths), **fields)
    return {path: details["id"] for path, details in answer["subscribed"].items()}


async def value_of(peer: Peer, entry_id: str, is_wanted: Callable[[Any], bool]) -> Message:
    """Return the first update of an entry with a value of a kind."""
    while True:
        event = await peer.event("watchable_update")
        for update in event["updates"]:
            if update["id"] == entry_id and is_wanted(update["v"]):
                return dict(update)


def processes_below() -> set[str]:
    me = os.getpid()
    return set(Path(f"/proc/{me}/task/{me}/children").read_text().split())


# ------------------------------------------------------------------ from end to end


def test_variables_are_listed_watched_read_and_written(
    settings: ServerSettings, place: Path
) -> None:
    write_package(place, ID, car_map(BASE), CAR_ALIASES)

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await described(peer)
            assert (await peer.ask("get_watchable_count"))["qty"]["var"] == 5
            ids = await subscribe(peer, GEAR, RPM, "/Vehicle/Speed", FLOAT32_RPV)

            for path, value in ((GEAR, "Drive"), (RPM, 2.5), (SPEED, "2^3")):
                answer = await peer.ask("write_single_watchable", server_path=path, value=value)
                assert answer["success"], answer

            assert (await value_of(peer, ids[GEAR], lambda v: v == 7))["d"] == "Bw=="
            await value_of(peer, ids[RPM], lambda v: v == 2.5)
            await value_of(peer, ids["/Vehicle/Speed"], lambda v: v == 8 * 0.5 + 2)
            read = await peer.ask("read_watchable", watchables=["/Vehicle/Gear", RPM, FLOAT32_RPV])
            assert read["values"]["/Vehicle/Gear"]["v"] == 7
            assert read["values"][RPM]["v"] == 2.5

    run(test())


def test_bit_fields_leave_their_neighbours_alone(settings: ServerSettings, place: Path) -> None:
    write_package(place, ID, car_map(BASE))

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await described(peer)
            await peer.ask("write_memory", address=BASE + 8, data="//8=")

            write = {"server_path": "/global/car/brake", "value": 0}
            assert (await peer.ask("write_single_watchable", **write))["success"]

            await peer.ask("read_memory", address=BASE + 8, size=2)
            event = await peer.event("inform_memory_read_complete")
            assert base64.b64decode(event["data"]) == (0xFC00).to_bytes(2, "little")

    run(test())


def test_what_a_pointer_points_to_follows_the_pointer(
    settings: ServerSettings, place: Path
) -> None:
    write_package(place, ID, car_map(BASE))

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await described(peer)
            ids = await subscribe(peer, BEHIND)
            assert (await value_of(peer, ids[BEHIND], lambda v: v is None))["r"] == "nullptr"
            read = await peer.ask("read_watchable", watchables=[BEHIND])
            assert read["values"][BEHIND]["r"] == "nullptr"

            for path, value in ((GEAR, 7), (POINTER, BASE)):
                await peer.ask("write_single_watchable", server_path=path, value=value)

            await value_of(peer, ids[BEHIND], lambda v: v == 7)
            read = await peer.ask("read_watchable", watchables=[BEHIND, POINTER])
            assert read["values"][BEHIND]["v"] == 7
            info = await peer.ask("get_watchable_info", watchables=[BEHIND])
            assert info["info"][BEHIND]["address"] == BASE

    run(test())


def test_f5_an_alias_of_an_array_element_is_watched_again_and_again(
    settings: ServerSettings, place: Path
) -> None:
    write_package(place, ID, car_map(BASE), CAR_ALIASES)
    path = "/Vehicle/Front"

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await described(peer)
            for _ in range(3):
                ids = await subscribe(peer, path)
                await value_of(peer, ids[path], lambda v: v == 0)
                assert "unsubscribed" in await peer.ask("unsubscribe_watchable", watchables=[path])

    run(test())


def test_a_description_that_is_installed_replaced_and_removed_is_noticed(
    settings: ServerSettings, place: Path
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            assert "install-sfd" in await failed(peer)

            write_package(place, ID, car_map(BASE))
            first = await described(peer)
            await subscribe(peer, GEAR)

            write_package(place, ID, large_map(3))
            events: list[Message] = []
            while not (events and events[-1]["loaded_sfd_firmware_id"] == ID):
                events.append(await peer.event("inform_server_status"))
            assert events[0]["loaded_sfd_firmware_id"] is None
            assert (await peer.ask("get_watchable_count"))["qty"]["var"] == 3

            assert DescriptionStore(settings.data_folder).uninstall(ID)
            assert ID in await failed(peer)
            last = await peer.ask("get_server_status")
            assert last["device_session_id"] == first["device_session_id"]

    run(test())


def test_a_device_that_comes_back_has_its_variables_at_once(
    settings: ServerSettings, place: Path
) -> None:
    write_package(place, ID, car_map(BASE))

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            before = await described(peer)
            await peer.ask("set_link_config", link_type="none", link_config={})
            gone = await peer.status(lambda s: s["device_status"] == "disconnected")
            assert gone["loaded_sfd_firmware_id"] is None

            await peer.ask("set_link_config", link_type="dummy", link_config={})

            after = await described(peer)
            assert after["device_session_id"] != before["device_session_id"]
            await subscribe(peer, GEAR)

    run(test())


# ------------------------------------------------------------------ files that do harm elsewhere

VARIABLES: Final = car_map(BASE)["variables"]


def with_variable(**entry: Any) -> dict[str, Any]:
    return car_map(BASE, variables={**VARIABLES, "/global/odd": entry})


HOSTILE: Final[dict[str, tuple[Any, ...]]] = {
    "a bit field beyond its storage": (
        with_variable(type_id="2", addr=BASE, bitoffset=12, bitsize=10),
    ),
    "a bit field of no bits": (with_variable(type_id="2", addr=BASE, bitoffset=0, bitsize=0),),
    "an unknown type": (with_variable(type_id="99", addr=BASE),),
    "an unknown enum": (with_variable(type_id="0", addr=BASE, enum=99),),
    "an address that is a text": (with_variable(type_id="0", addr="here"),),
    "an address of 400 digits": (with_variable(type_id="0", addr=10**400),),
    "an array of endless size": (
        with_variable(
            type_id="0",
            addr=BASE,
            array_segments={"/global/odd": {"dims": [2**62, 2**62], "byte_size": 2**62}},
        ),
    ),
    "a pointer to itself": (
        with_variable(type_id="4", pointer={"path": "/global/odd", "offset": 0}),
    ),
    "no types": ({key: value for key, value in car_map().items() if key != "type_map"},),
    "a list": ("[]",),
    "nothing": ("",),
    "half of it": (json.dumps(car_map())[:300],),
    "a nest": ('{"variables":' * 100_000,),
    "an alias without a target": (None, {"/a": {"gain": 2}}),
    "an alias of nothing": (None, {"/a": {"target": "/no/such"}}),
    "an alias of an alias": (None, {"/a": {"target": "/b"}, "/b": {"target": "/a"}}),
    "an alias with odd numbers": (None, {"/a": {"target": GEAR, "gain": 0, "min": 5, "max": 1}}),
    "aliases that are a list": (None, "[1, 2]"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_f2_f4_a_bad_description_never_ends_the_server(
    settings: ServerSettings, place: Path, content: tuple[Any, ...]
) -> None:
    write_package(place, ID, *content)
    run(the_server_survives(settings))


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "bomb", "folder"])
def test_f4_a_damaged_file_never_ends_the_server(
    settings: ServerSettings, place: Path, damage: str
) -> None:
    write_package(place, ID, car_map(BASE))
    content = place.read_bytes()
    match damage:
        case "cut":
            place.write_bytes(content[: len(content) // 2])
        case "text":
            place.write_bytes(b"hello")
        case "empty":
            place.write_bytes(b"")
        case "bomb":
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("firmwareid", ID)
                archive.writestr("metadata.json", "{}")
                archive.writestr("varmap.json", bytes(300 << 20))
        case _:
            place.unlink()
            place.mkdir()

    run(the_server_survives(settings, expects_failure=True))


async def the_server_survives(settings: ServerSettings, *, expects_failure: bool = False) -> None:
    async with running(settings) as server, server.client() as peer:
        status = await peer.status(
            lambda s: bool(s["loaded_sfd_firmware_id"] or s["sfd_failure_reason"])
        )
        if expects_failure:
            assert status["sfd_failure_reason"]
        paths = [GEAR, "/global/odd", "/global/odd[1]", "/a", FLOAT32_RPV]
        ids = await subscribe(peer, *paths, partial=True)
        await value_of(peer, ids[FLOAT32_RPV], lambda v: v is not None)
        answer = await peer.ask("get_watchable_list")
        assert answer["done"]
        stats = await peer.ask("get_server_stats")
        assert (stats["device_session_count"], stats["unexpected_error_count"]) == (1, 0)
        later = await peer.ask("get_server_status")
        assert later["device_session_id"] == status["device_session_id"]


# ------------------------------------------------------------------ loads that take long


async def longest_gap(peer: Peer, until: Awaitable[object]) -> float:
    """Return the longest time without an update of a value, in seconds."""
    task = asyncio.ensure_future(until)
    longest_s, before_s = 0.0, time.monotonic()
    while not task.done():
        await peer.event("watchable_update")
        now_s = time.monotonic()
        longest_s, before_s = max(longest_s, now_s - before_s), now_s
    await task
    return longest_s


def test_f6_a_slow_load_leaves_the_session_alone(settings: ServerSettings, place: Path) -> None:
    """The load takes longer than the device is waited for, which is a second."""

    async def test() -> None:
        async with (
            running(settings, SLOW_LOADER) as server,
            server.client() as peer,
            server.client() as other,
        ):
            await peer.device_is_ready()
            before = await peer.ask("get_server_status")
            await subscribe(peer, FLOAT32_RPV, rate=100)
            write_package(place, ID, car_map(BASE))

            gap_s = await longest_gap(peer, described(other))

            stats = await peer.ask("get_server_stats")
            after = await peer.ask("get_server_status")
            assert after["device_session_id"] == before["device_session_id"]
            assert (stats["device_session_count"], stats["device_failed_request_count"]) == (1, 0)
            assert gap_s < 0.5

    run(test())


@pytest.mark.parametrize("leaf_count", [50_000, 200_000])
def test_f6_a_large_description_leaves_the_session_alone(
    settings: ServerSettings, place: Path, leaf_count: int
) -> None:
    async def test() -> None:
        async with running(settings) as server, server.client() as peer, server.client() as other:
            await peer.device_is_ready()
            await subscribe(peer, FLOAT32_RPV, rate=100)
            await asyncio.to_thread(write_package, place, ID, large_map(leaf_count))

            gap_s = await longest_gap(peer, described(other))
            list_gap_s = await longest_gap(peer, whole_list(other, leaf_count))

            stats = await peer.ask("get_server_stats")
            assert (stats["device_session_count"], stats["device_failed_request_count"]) == (1, 0)
            assert gap_s < 0.5
            assert list_gap_s < 0.5

    run(test())


async def whole_list(peer: Peer, count: int) -> None:
    part = await peer.ask("get_watchable_list", filter={"type": ["var"]})
    received = part["qty"]["var"]
    while not part["done"]:
        part = await peer.event("response_get_watchable_list")
        received += part["qty"]["var"]
    assert received == count


def test_a_server_that_stops_leaves_no_loader_behind(settings: ServerSettings, place: Path) -> None:
    write_package(place, ID)
    before = processes_below()

    async def test() -> None:
        async with running(settings, STUCK_LOADER) as server, server.client() as peer:
            await peer.device_is_ready()
            assert len(processes_below() - before) == 1
        assert processes_below() <= before

    run(test())


def test_a_device_that_goes_while_its_description_is_loaded(
    settings: ServerSettings, place: Path
) -> None:
    write_package(place, ID)
    before = processes_below()

    async def test() -> None:
        async with running(settings, STUCK_LOADER) as server, server.client() as peer:
            await peer.device_is_ready()

            await peer.ask("set_link_config", link_type="none", link_config={})

            await peer.status(lambda s: s["device_status"] == "disconnected")
            while processes_below() - before:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
            assert (await peer.ask("get_server_status"))["loaded_sfd_firmware_id"] is None

    run(test())


# ------------------------------------------------------------------ transfers and automatic loading


async def upload(peer: Peer, content: bytes) -> Message:
    init = await peer.ask("upload_sfd_init", firmware_id=ID, total_size=len(content))
    answer: Message = {}
    for index, start in enumerate(range(0, len(content), 10_000)):
        chunk = {
            "chunk_index": index,
            "data": base64.b64encode(content[start : start + 10_000]).decode(),
        }
        answer = await peer.ask("upload_sfd_data", token=init["token"], file_chunk=chunk)
    assert answer["completed"]
    return answer


def test_f6_the_upload_of_a_large_description_leaves_the_session_alone(
    settings: ServerSettings, tmp_path: Path
) -> None:
    content = write_package(tmp_path / "large.sfd", ID, large_map(100_000)).read_bytes()

    async def test() -> None:
        async with running(settings) as server, server.client() as peer, server.client() as other:
            await peer.device_is_ready()
            await subscribe(peer, FLOAT32_RPV, rate=100)

            gap_s = await longest_gap(peer, upload(other, content))

            stats = await peer.ask("get_server_stats")
            assert (stats["device_session_count"], stats["device_failed_request_count"]) == (1, 0)
            assert gap_s < 0.5
            await described(other)

    run(test())


def test_a_description_goes_up_and_comes_down(
    settings: ServerSettings, place: Path, tmp_path: Path
) -> None:
    content = write_package(tmp_path / "car.sfd", ID, large_map(2000)).read_bytes()

    async def test() -> None:
        async with running(settings) as server, server.client() as peer:
            await peer.device_is_ready()
            answer = await upload(peer, content)
            assert answer["sfd_info"]["metadata"]["project_name"] == "Car"

            await described(peer)
            installed = await asyncio.to_thread(place.read_bytes)
            assert (await peer.ask("get_loaded_sfd"))["sfd"]["filesize"] == len(installed)

            chunk = await peer.ask("download_sfd", firmware_id=ID, max_chunk_size=7000)
            received = base64.b64decode(chunk["file_chunk"]["data"])
            while len(received) < chunk["total_size"]:
                chunk = await peer.event("response_download_sfd")
                received += base64.b64decode(chunk["file_chunk"]["data"])
            assert received == installed

            await peer.ask("uninstall_sfd", firmware_id_list=[ID])
            assert ID in await failed(peer)

    run(test())


def test_without_automatic_loading_a_command_loads(settings: ServerSettings, place: Path) -> None:
    write_package(place, ID, car_map(BASE))

    async def test() -> None:
        async with running(replace(settings, autoload_sfd=False)) as server, server.client() as p:
            assert "autoload_sfd" in await failed(p)

            assert (await p.ask("load_sfd", firmware_id=ID))["cmd"] == "response_load_sfd"

            await subscribe(p, GEAR)

    run(test())

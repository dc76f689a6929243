"""Variables, elements of arrays and aliases, as clients find, watch, read and write them."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.server import store
from scrutiny.server.api.definitions import LARGEST_ENUM
from scrutiny.server.api.limits import LONGEST_PATH, MOST_READS, MOST_WRITES
from scrutiny.server.api.lists import LARGEST_PART_OCTETS, LONGEST_PATTERNS, PATHS_PER_STEP
from scrutiny.server.api.read import ENTRIES_PER_PART
from scrutiny.server.turns import SLICE_S

from ...support.api_bench import FLOAT, PROFILE, SMALL, FakeClient, Message, Server
from ...support.small_package import CAR_ALIASES, car_map, large_map, write_package

ID: Final = PROFILE.firmware_id.hex()
GEAR: Final = "/global/car/gear"
BRAKE: Final = "/global/car/brake"
RPM: Final = "/global/car/wheels/wheels[3]/rpm"
BEHIND: Final = "/static/garage.cpp/*current/gear"
POINTER: Final = "/static/garage.cpp/current"
GEAR_ENUM: Final = {"name": "Gear", "values": {"Park": 0, "Drive": 7}}
ALIASES: Final[dict[str, Any]] = {
    **CAR_ALIASES,
    "/Board/Level": {"target": SMALL.strip("/") + "/", "gain": 0.1},
    "Board//Pedal": {"target": "global/car/brake/"},
    "/Board/Absent": {"target": "/rpv/xABCD"},
}


def load(server: Server, variable_map: Any = None, aliases: Any = None) -> None:
    """Install a description, and let the device find it."""
    write_package(server.library.store.path_of(ID), ID, variable_map, aliases)
    server.device.become_ready(PROFILE)
    server.run_until(lambda: server.symbols.loaded)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def server(empty: Server) -> Server:
    load(empty, car_map(), ALIASES)
    return empty


@pytest.fixture
def client(server: Server) -> FakeClient:
    return FakeClient(server)


def paths_of(parts: list[Message], group: str) -> list[str]:
    return [item["path"] for part in parts for item in part["content"][group]]


# ------------------------------------------------------------------ status and counts


def test_the_status_tells_what_is_loaded_and_what_is_not(server: Server) -> None:
    client = FakeClient(server)
    assert client.ask("get_server_status")["loaded_sfd_firmware_id"] == ID

    server.library.store.uninstall(ID)
    server.symbols.check()

    unloaded, failed = client.all()
    assert unloaded["loaded_sfd_firmware_id"] is None
    assert ID in failed["sfd_failure_reason"]


def test_counts(client: FakeClient) -> None:
    qty = {"var": 5, "alias": len(ALIASES), "rpv": 4, "var_factory": 2}

    assert client.ask("get_watchable_count")["qty"] == qty


# ------------------------------------------------------------------ lists


def test_a_list_has_everything_in_order(client: FakeClient) -> None:
    client.send("get_watchable_list", max_per_response=3)
    parts = client.whole_list()

    groups = [{group for group, count in part["qty"].items() if count} for part in parts]
    assert groups == [
        {"rpv"},
        {"rpv", "alias"},
        {"alias"},
        {"var"},
        {"var", "var_factory"},
        {"var_factory"},
    ]
    assert [part["done"] for part in parts] == [False] * 5 + [True]
    assert paths_of(parts, "alias") == [
        "/Board/Level",
        "/Board/Pedal",
        "/Vehicle/Front",
        "/Vehicle/Gear",
        "/Vehicle/Speed",
    ]
    assert paths_of(parts, "var") == [BRAKE, GEAR, "/global/car/speed", BEHIND, POINTER]
    assert [sum(part["qty"].values()) for part in parts] == [3, 3, 3, 3, 3, 1]


def test_items_have_type_and_names_of_values(client: FakeClient) -> None:
    content = client.answer_to("get_watchable_list")["content"]
    items = {item["path"]: item for group in content.values() for item in group}

    assert items[GEAR] == {"path": GEAR, "dtype": "uint8", "enum": GEAR_ENUM}
    assert items[POINTER] == {"path": POINTER, "dtype": "ptr32"}
    assert items["/Vehicle/Gear"]["enum"] == {"name": "G", "values": {"D": 7}}
    assert items["/Vehicle/Front"] == {"path": "/Vehicle/Front", "dtype": "float32"}
    assert items["/Board/Level"] == {"path": "/Board/Level", "dtype": "uint8"}
    assert items["/global/car/wheels/wheels/temp/temp"] == {
        "path": "/global/car/wheels/wheels/temp/temp",
        "dtype": "sint8",
        "factory_params": {
            "array_nodes": {
                "/global/car/wheels/wheels": [4],
                "/global/car/wheels/wheels/temp/temp": [2, 3],
            }
        },
    }


@pytest.mark.parametrize(
    ("wanted", "qty"),
    [
        ({"type": ["var"]}, (5, 0, 0, 2)),
        ({"type": ["alias"]}, (0, 5, 0, 0)),
        ({"type": ["rpv"]}, (0, 0, 4, 0)),
        ({"type": ["alias", "var"], "name": "*ear"}, (2, 1, 0, 0)),
        ({"name": ["*/wheels/*", "/Vehicle/*"]}, (0, 3, 0, 2)),
        ({"name": "/nothing"}, (0, 0, 0, 0)),
    ],
)
def test_filters(client: FakeClient, wanted: Message, qty: tuple[int, ...]) -> None:
    counts = client.answer_to("get_watchable_list", filter=wanted)["qty"]

    assert tuple(counts[group] for group in ("var", "alias", "rpv", "var_factory")) == qty


def test_a_list_makes_no_entries(server: Server, client: FakeClient) -> None:
    client.answer_to("get_watchable_list")

    assert not server.store.unload_description()


def test_elements_that_were_asked_for_are_not_listed(server: Server, client: FakeClient) -> None:
    counts, parts = client.ask("get_watchable_count")["qty"], client.answer_to("get_watchable_list")

    client.ask("get_watchable_info", watchables=[RPM])
    client.ask("write_single_watchable", server_path=RPM.replace("3", "0"), value=1)
    assert len(server.device.written) == 1

    assert client.ask("get_watchable_count")["qty"] == counts
    assert client.answer_to("get_watchable_list") == parts


def test_a_long_list_lets_others_have_their_turn(empty: Server) -> None:
    load(empty, large_map(200_000))
    client = FakeClient(empty)
    empty.step_s = SLICE_S
    client.send("get_watchable_list", filter={"type": ["var"]})
    turns: list[float] = []
    while not client.has_received(lambda message: message.get("done")):
        started = time.perf_counter()
        empty.turn()
        turns.append(time.perf_counter() - started)

    parts = client.all()
    assert sum(part["qty"]["var"] for part in parts) == 200_000
    assert len(turns) >= 200_000 / PATHS_PER_STEP
    # The fastest half shows what the work takes, undisturbed; it includes the test's own decoding.
    assert sorted(turns)[len(turns) // 2] < 0.01


def test_long_patterns_are_tried_on_few_paths_at_once(empty: Server) -> None:
    load(empty, large_map(10 * PATHS_PER_STEP))
    client = FakeClient(empty)
    empty.step_s = SLICE_S
    patterns = ["*" + "?" * (LONGEST_PATTERNS // 10 - 2) + "~"] * 10
    client.send("get_watchable_list", filter={"type": ["var"], "name": patterns})

    turns = 0
    while not client.has_received(lambda message: message.get("done")):
        empty.turn()
        turns += 1

    assert turns >= 10 * PATHS_PER_STEP


COMMANDS_BY_PATH: Final = [
    "get_watchable_info",
    "subscribe_watchable",
    "unsubscribe_watchable",
    "read_watchable",
]


@pytest.mark.parametrize("cmd", COMMANDS_BY_PATH)
def test_clients_that_ask_for_more_than_is_kept_do_not_undo_each_others_work(
    empty: Server, monkeypatch: pytest.MonkeyPatch, cmd: str
) -> None:
    monkeypatch.setattr(store, "MOST_IDLE", 10)
    load(empty, large_map(36))
    empty.subscriptions.on_idle = empty.store.keep_idle
    paths = [f"/global/unit0/value{number}" for number in range(36)]
    clients = [FakeClient(empty) for _ in range(4)]
    empty.step_s = SLICE_S

    for number, each in enumerate(clients):
        each.send(cmd, watchables=paths[9 * number : 9 * number + 9])

    for each in clients:
        assert each.wait_for(f"response_{cmd}")
        empty.hub.disconnect(each.session)
    empty.run_until(lambda: not empty.turns.is_busy)
    assert len(empty.store.unload_description()) == 10


def test_a_read_whose_client_leaves_keeps_nothing(
    empty: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_IDLE", 10)
    load(empty, large_map(2 * ENTRIES_PER_PART))
    client = FakeClient(empty)
    empty.step_s = SLICE_S
    paths = [f"/global/unit{i // 100}/value{i}" for i in range(2 * ENTRIES_PER_PART)]
    client.send("read_watchable", watchables=paths)
    for _ in range(2 * ENTRIES_PER_PART + 1):  # all are found, and the first part is on its way
        empty.turn()

    empty.hub.disconnect(client.session)
    empty.run_until(lambda: not empty.turns.is_busy)

    assert len(empty.store.unload_description()) == 10


def test_a_list_pauses_while_its_client_does_not_read(empty: Server) -> None:
    load(empty, large_map(10 * PATHS_PER_STEP))
    client = FakeClient(empty)
    client.unread_octets = 2 << 20

    client.send("get_watchable_list", max_per_response=PATHS_PER_STEP)
    until_s = time.monotonic() + 0.3

    empty.run_until(lambda: time.monotonic() > until_s)
    sent = len(client.all())
    client.unread_octets = 0

    assert sent <= 2
    assert client.wait_for("response_get_watchable_list")


@pytest.mark.parametrize("change", ["replaced", "unloaded"])
def test_a_list_ends_with_an_error_when_the_description_changes(empty: Server, change: str) -> None:
    load(empty, large_map(5 * PATHS_PER_STEP))
    client = FakeClient(empty)
    before = empty.symbols.loaded
    client.unread_octets = 2 << 20  # pauses the list
    client.send("get_watchable_list", reqid=9)
    empty.turn()

    empty.library.store.uninstall(ID)
    if change == "replaced":
        write_package(empty.library.store.path_of(ID), ID, large_map(3))
    empty.symbols.check()
    empty.run_until(lambda: empty.symbols.loaded is not before)
    client.unread_octets = 0

    error = client.wait_for("error")
    assert (error["reqid"], error["request_cmd"]) == (9, "get_watchable_list")
    assert "ask again" in error["msg"]
    client.session.client.lists.start(8)  # the place is free again


def test_large_enumerations_keep_every_part_below_the_largest_message(empty: Server) -> None:
    names = {"x" * 40 + str(i): i for i in range(1000)}
    huge = {"y" * 100 + str(i): i for i in range(LARGEST_ENUM // 100)}
    content = large_map(100)
    content["enums"] = {"0": {"name": "E", "values": names}, "1": {"name": "H", "values": huge}}
    for number, variable in enumerate(content["variables"].values()):
        variable.update(type_id="0", enum=0 if number else 1)
    load(empty, content)
    client = FakeClient(empty)

    client.send("get_watchable_list", filter={"type": ["var"]})
    empty.run_until(lambda: client.has_received(lambda message: message.get("done")))

    assert max(client.sizes) < LARGEST_PART_OCTETS + 60_000
    parts = client.all()
    items = [item for part in parts for item in part["content"]["var"]]
    assert len(items) == 100
    assert [len(item.get("enum", {}).get("values", ())) for item in items[:2]] == [0, 1000]


def test_details_that_do_not_fit_into_a_message_are_refused(empty: Server) -> None:
    names = {"x" * 40 + str(i): i for i in range(1000)}
    content = large_map(100)
    content["enums"] = {"0": {"name": "E", "values": names}}
    for variable in content["variables"].values():
        variable.update(type_id="0", enum=0)
    load(empty, content)
    client = FakeClient(empty)
    paths = list(content["variables"])

    for command in ("get_watchable_info", "subscribe_watchable"):
        assert "split the paths" in client.refusal(command, watchables=paths)
    assert not empty.subscriptions.watched
    assert client.ask("subscribe_watchable", watchables=paths[:15])["subscribed"]
    assert max(client.sizes) < MAX_MESSAGE_SIZE


# ------------------------------------------------------------------ details


def test_details_of_each_kind(client: FakeClient) -> None:
    paths = [GEAR, BRAKE, RPM, BEHIND, "/Vehicle/Speed", "/Vehicle/Front", "/Board/Level", FLOAT]
    info = client.ask("get_watchable_info", watchables=paths)["info"]
    ids = [info[path].pop("id") for path in paths]

    nothing = {"bitoffset": None, "bitsize": None}
    assert len(set(ids)) == len(paths)
    assert info[GEAR] == {
        "path": GEAR,
        "type": "var",
        "dtype": "uint8",
        "enum": GEAR_ENUM,
        "address": 0x20000100,
        **nothing,
    }
    assert info[BRAKE]["dtype"] == "uint16"
    assert (info[BRAKE]["bitoffset"], info[BRAKE]["bitsize"]) == (0, 10)
    assert info[RPM]["address"] == 0x20000104 + 3 * 12
    assert info[BEHIND]["address"] is None
    assert info["/Vehicle/Speed"] == {
        "path": "/Vehicle/Speed",
        "type": "alias",
        "dtype": "float32",
        "target": "/global/car/speed",
        "target_type": "var",
        "gain": 0.5,
        "bias": 2.0,
        "offset": 2.0,
        "min": None,
        "max": 250.0,
    }
    assert info["/Vehicle/Front"]["gain"] is None
    assert info["/Vehicle/Front"]["bias"] is None
    assert info["/Board/Level"]["target_type"] == "rpv"
    assert info[FLOAT] == {"path": FLOAT, "type": "rpv", "dtype": "float32", "rpvid": 0x1000}


def test_the_address_behind_a_pointer_is_known_once_the_pointer_was_read(
    server: Server, client: FakeClient
) -> None:
    for value, address in ((0, None), (0x2000, 0x2000)):
        client.subscribe(POINTER)
        server.read_from_device(POINTER, value)
        client.all()

        assert client.ask("get_watchable_info", watchables=[BEHIND])["info"][BEHIND]["address"] == (
            address
        )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/global/car/wheels/wheels[4]/rpm", "index 4 of /global/car/wheels/wheels is out of"),
        ("/global/car/wheels/wheels/rpm", "indices are missing at /global/car/wheels/wheels[4]"),
        ("/global/car/wheels/wheels[0]/temp/temp[1]", "[2][3]"),
        ("/global/car/gear[0]", "/global/car/gear"),
        ("/global/car/nothing", "unknown watchable '/global/car/nothing'"),
    ],
)
def test_f8_a_bad_index_is_named(client: FakeClient, path: str, reason: str) -> None:
    for command in ("get_watchable_info", "subscribe_watchable", "read_watchable"):
        assert reason in client.refusal(command, watchables=[path])
    assert reason in client.refusal("write_single_watchable", server_path=path, value=1)


def test_a_path_of_any_length_gives_a_short_refusal(client: FakeClient) -> None:
    for path in (f"/global/car/wheels/{'wheels' * 1000}[4]", "/global/car/gear[99]" * 5000):
        assert len(client.refusal("get_watchable_info", watchables=[path])) < 1000


def test_a_path_without_a_description_tells_why_there_is_none(empty: Server) -> None:
    client = FakeClient(empty)
    empty.device.description_failed("it is lost")
    client.all()

    reason = client.refusal("subscribe_watchable", watchables=[GEAR])
    assert "no firmware description is loaded: it is lost" in reason
    assert "description" not in client.refusal("subscribe_watchable", watchables=["/rpv/x9999"])


# ------------------------------------------------------------------ subscriptions


def test_a_partial_subscription_takes_what_there_is(server: Server, client: FakeClient) -> None:
    paths = [GEAR, "/global/none", "/global/car/wheels/wheels[9]/rpm", FLOAT]

    answer = client.ask("subscribe_watchable", watchables=paths, partial=True)

    assert list(answer["subscribed"]) == [GEAR, FLOAT]
    assert "unknown" in answer["failed"]["/global/none"]
    assert "out of range" in answer["failed"]["/global/car/wheels/wheels[9]/rpm"]
    assert [entry.path for entry in server.subscriptions.watched] == [GEAR, FLOAT]


def test_a_subscription_without_failures_says_so_only_when_asked(client: FakeClient) -> None:
    assert client.ask("subscribe_watchable", watchables=[GEAR], partial=True)["failed"] == {}
    assert "failed" not in client.ask("subscribe_watchable", watchables=[GEAR])


def test_elements_and_aliases_are_watched(server: Server, client: FakeClient) -> None:
    element, alias = client.subscribe(RPM, "/Vehicle/Speed")

    server.read_from_device(RPM, 2.5)
    server.read_from_device("/Vehicle/Speed", 10.0)

    (update,) = client.all()
    values = {item["id"]: item["v"] for item in update["updates"]}
    assert values == {element: 2.5, alias: 7.0}
    assert client.ask("unsubscribe_watchable", watchables=[RPM])["unsubscribed"] == [RPM]


# ------------------------------------------------------------------ read once


def test_values_are_read_once(server: Server, client: FakeClient) -> None:
    paths = [GEAR, "//global/car/gear", "/Vehicle/Speed", FLOAT]

    values = client.ask("read_watchable", watchables=paths)["values"]

    assert [values[path]["v"] for path in paths] == [1, 1, 3.0, 3]
    assert values[GEAR]["d"] == "AQ=="
    assert "d" not in values[FLOAT]
    assert values[GEAR]["t"] > 0
    assert not server.subscriptions.watched


def test_values_that_cannot_be_read_have_a_reason(server: Server, client: FakeClient) -> None:
    server.device.unreadable = {GEAR: "forbidden", FLOAT: "the device does not answer"}

    values = client.ask("read_watchable", watchables=[GEAR, FLOAT, BRAKE])["values"]

    assert (values[GEAR]["v"], values[GEAR]["r"]) == (None, "forbidden")
    assert values[FLOAT]["r"] == "the device does not answer"
    assert values[BRAKE]["v"] == 3


def test_a_value_that_json_cannot_write_is_read_with_a_reason(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    client.send("read_watchable", reqid=1, watchables=["/global/car/speed"])
    server.device.values = {"/global/car/speed": float("inf")}
    server.device.answer()

    (answer,) = client.all()
    result = answer["values"]["/global/car/speed"]
    assert (result["v"], result["r"]) == (None, "inf")


def test_reading_nothing_is_answered(client: FakeClient) -> None:
    assert client.ask("read_watchable", watchables=[])["values"] == {}


def test_a_client_that_does_not_wait_for_its_reads_is_refused(
    server: Server, client: FakeClient
) -> None:
    server.device.is_slow = True
    for _ in range(MOST_READS):
        client.send("read_watchable", watchables=[GEAR])

    assert "reads" in client.refusal("read_watchable", watchables=[GEAR])

    server.device.answer()
    assert len(client.all()) == MOST_READS


def test_an_answer_that_is_too_large_is_an_error(client: FakeClient) -> None:
    paths = ["/" * (150 + i % 40) + GEAR + "/" * (i // 40) for i in range(4000)]

    assert "split the paths" in client.refusal("read_watchable", watchables=paths)


# ------------------------------------------------------------------ writes


@pytest.mark.parametrize(
    ("path", "value", "written"),
    [
        (GEAR, "Drive", 7),
        ("/Vehicle/Gear", "D", 7),
        (BRAKE, 5000, 1023),
        (RPM, "2 * 3", 6.0),
        ("/Vehicle/Speed", 300, 496.0),
        ("/Board/Level", 0.3, 3),
    ],
)
def test_writes_are_made_to_fit(
    server: Server, client: FakeClient, path: str, value: Any, written: Any
) -> None:
    assert client.ask("write_single_watchable", server_path=path, value=value)["success"]
    assert server.device.written == [(path, written)]


def test_an_unknown_enumerator_refuses_the_whole_batch(server: Server, client: FakeClient) -> None:
    gear, brake = client.ids(GEAR, BRAKE)
    updates = [
        {"batch_index": 0, "watchable": brake, "value": 1},
        {"batch_index": 1, "watchable": gear, "value": "Reverse"},
    ]

    assert GEAR in client.refusal("write_watchable", updates=updates)
    assert server.device.written == []


def test_ids_end_with_the_description(server: Server, client: FakeClient) -> None:
    (gear,) = client.ids(GEAR)
    server.library.store.uninstall(ID)
    server.symbols.check()
    client.all()

    updates = [{"batch_index": 0, "watchable": gear, "value": 1}]
    assert "description" in client.refusal("write_watchable", updates=updates)


# ------------------------------------------------------------------ large commands


MANY: Final = 300


@pytest.fixture
def large(empty: Server) -> Server:
    """A server with many variables, and a clock that lets each step take a whole slice."""
    load(empty, large_map(MANY))
    empty.step_s = SLICE_S
    return empty


def many_paths(server: Server) -> list[str]:
    assert server.symbols.loaded is not None
    return server.symbols.loaded.description.variable_paths(0, MANY)


def watched(server: Server) -> int:
    return len(server.subscriptions.watched)


@pytest.mark.parametrize("cmd", ["subscribe_watchable", "get_watchable_info", "read_watchable"])
def test_a_large_command_lets_others_have_their_turn(large: Server, cmd: str) -> None:
    client, other = FakeClient(large), FakeClient(large)
    client.send(cmd, reqid=1, watchables=many_paths(large))
    turns = 0
    while not client.has_received(lambda message: message.get("reqid") == 1):
        assert other.ask("echo", payload=str(turns))["payload"] == str(turns)
        assert watched(large) in (0, MANY)
        turns += 1

    (answer,) = client.all()
    assert turns >= MANY - 1
    (told,) = [answer[key] for key in ("subscribed", "info", "values") if key in answer]
    assert list(told) == many_paths(large)
    assert watched(large) == (MANY if cmd == "subscribe_watchable" else 0)


def test_a_large_command_that_fails_at_its_end_has_done_nothing(large: Server) -> None:
    client = FakeClient(large)

    client.send("subscribe_watchable", reqid=2, watchables=[*many_paths(large), "/not/there"])

    error = client.wait_for("error")
    assert (error["reqid"], error["request_cmd"]) == (2, "subscribe_watchable")
    assert "/not/there" in error["msg"]
    assert watched(large) == 0
    assert not client.session.is_busy


def test_the_next_command_of_a_client_waits_for_a_large_one(large: Server) -> None:
    client, paths = FakeClient(large), many_paths(large)
    client.send("subscribe_watchable", reqid=1, watchables=paths)
    assert client.session.is_busy

    client.send("unsubscribe_watchable", reqid=2, watchables=paths)
    client.send("echo", reqid=3, payload="")

    assert [message["reqid"] for message in client.all()] == [1, 2, 3]
    assert watched(large) == 0


def test_waiting_for_a_session_ends_with_its_command(large: Server) -> None:
    client = FakeClient(large)
    client.send("subscribe_watchable", reqid=1, watchables=many_paths(large))

    large.loop.run_until_complete(client.session.idle())

    assert watched(large) == MANY


@pytest.mark.parametrize("partial", [False, True])
def test_a_large_command_fails_when_the_description_goes_meanwhile(
    large: Server, partial: bool
) -> None:
    client, paths = FakeClient(large), many_paths(large)
    client.send("subscribe_watchable", reqid=1, watchables=paths, partial=partial)
    large.turn()

    large.library.store.uninstall(ID)
    large.symbols.check()

    if partial:
        answer = client.wait_for("response_subscribe_watchable")
        assert (answer["subscribed"], list(answer["failed"])) == ({}, paths)
    else:
        assert "unknown watchable" in client.wait_for("error")["msg"]
    assert watched(large) == 0


def test_a_large_command_sees_the_description_that_is_there_at_its_end(large: Server) -> None:
    client, paths = FakeClient(large), many_paths(large)
    before = large.store.find(paths[0])
    client.send("subscribe_watchable", reqid=1, watchables=paths)
    loaded = large.symbols.loaded
    assert loaded is not None

    large.store.load_description(loaded.description)  # the entries of before are gone

    answer = client.wait_for("response_subscribe_watchable")
    assert watched(large) == MANY
    assert before not in large.subscriptions.watched
    assert all(large.store.by_id(item["id"]) for item in answer["subscribed"].values())


def test_a_client_that_leaves_during_a_large_command_watches_nothing(large: Server) -> None:
    client = FakeClient(large)
    client.send("subscribe_watchable", watchables=many_paths(large))

    large.hub.disconnect(client.session)

    large.run_until(lambda: not large.turns.is_busy)
    assert watched(large) == 0
    assert client.all() == []


def test_many_values_are_read_in_parts_and_answered_once(large: Server) -> None:
    client, paths = FakeClient(large), many_paths(large)
    large.device.is_slow = True
    client.send("read_watchable", reqid=4, watchables=paths)
    large.run_until(lambda: not client.session.is_busy)
    assert client.all() == []

    large.device.answer()

    values = client.wait_for("response_read_watchable")["values"]
    assert list(values) == paths
    assert all(value["v"] is not None for value in values.values())
    client.session.client.reads.start(MOST_READS)  # the place is free again


def test_a_path_that_is_too_long_is_not_looked_up(client: FakeClient) -> None:
    path = "/a[1]" * 1000

    reason = client.refusal("get_watchable_info", watchables=[path])

    assert "5000 characters" in reason
    assert str(LONGEST_PATH) in reason


# ------------------------------------------------------------------ octets as they are in memory


def write_octets(client: FakeClient, path: str, data: bytes) -> Message:
    text = base64.b64encode(data).decode()
    return client.ask("write_single_watchable_by_data", server_path=path, data=text)


@pytest.mark.parametrize(
    ("path", "data", "written"),
    [
        ("/global/car/speed", b"\1\2\3\4", b"\1\2\3\4"),
        ("/Vehicle/Speed", b"\xaa", b"\0\0\0\xaa"),  # zeros in front; no gain, no limits
        (BRAKE, b"\1\2", b"\1\2"),  # with the bits beside the field
        (BEHIND, b"\7", b"\7"),
    ],
)
def test_octets_are_written_as_they_are(
    server: Server, client: FakeClient, path: str, data: bytes, written: bytes
) -> None:
    answer = write_octets(client, path, data)

    assert (answer["success"], answer["failure_reason"]) == (True, "")
    assert server.device.octets_written == [(path, written)]


def test_octets_that_the_device_refuses(server: Server, client: FakeClient) -> None:
    server.device.refusal = "busy"

    answer = write_octets(client, GEAR, b"\7")

    assert (answer["success"], answer["failure_reason"]) == (False, "busy")
    assert server.parts.background.is_busy is False


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        (GEAR, "AQI=", "2 octets, 1 to 1"),
        (GEAR, "", "0 octets"),
        (GEAR, "?", "not base64"),
        (SMALL, "AQI=", "published"),
        ("/Board/Level", "AQI=", "published"),
        ("/global/nothing", "AQI=", "unknown watchable"),
    ],
)
def test_octets_that_cannot_be_written(
    client: FakeClient, path: str, data: str, reason: str
) -> None:
    assert reason in client.refusal("write_single_watchable_by_data", server_path=path, data=data)


def test_octets_count_as_a_write(client: FakeClient) -> None:
    client.session.client.writes.start(MOST_WRITES)

    text = client.refusal("write_single_watchable_by_data", server_path=GEAR, data="AQ==")

    assert f"at most {MOST_WRITES} may be in flight" in text


def test_octets_without_a_device(server: Server, client: FakeClient) -> None:
    server.device.profile = None

    text = client.refusal("write_single_watchable_by_data", server_path=GEAR, data="AQ==")

    assert "no device is connected" in text

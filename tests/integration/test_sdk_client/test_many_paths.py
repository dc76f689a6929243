"""Watching and reading many paths at a time, and reading once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import MODE, SOON_S, SPEED, FakeServer


def elements(count: int) -> dict[str, api.DetailedWatchable]:
    paths = [f"/table[{index}]" for index in range(count)]
    return {
        path: api.DetailedWatchable(path, "var", f"t{index}", "uint8")
        for index, path in enumerate(paths)
    }


def test_many_paths_are_watched_in_one_round_trip(
    server: FakeServer, client: ScrutinyClient
) -> None:
    mode = client.watch("/var/mode", update_rate=5)
    server.expect(api.SubscribeWatchable)

    handles = client.watch_many(
        ["/rpv/x1000", "var/speed", "/var/mode", "/var//speed"], update_rate=10
    )

    command = server.expect(api.SubscribeWatchable)
    assert (command.watchables, command.rate) == (["/rpv/x1000", "/var/speed"], 10)
    assert not server.has_received(api.SubscribeWatchable)
    assert [handle.server_path for handle in handles] == [
        "/rpv/x1000",
        "/var/speed",
        "/var/mode",
        "/var/speed",
    ]
    assert handles[2] is mode
    assert handles[1] is handles[3] is client.watch("/var/speed")
    assert mode.requested_update_rate == 5
    assert client.watch_many([]) == []


def test_one_unknown_path_among_many_is_named_and_nothing_is_watched(
    server: FakeServer, client: ScrutinyClient
) -> None:
    mode = client.watch("/var/mode")
    paths = ["/var/speed", "/var/nothing", "/var/mode", "/rpv/x1000", "/var/nowhere"]

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"/var/nothing .*1 more") as caught:
        client.watch_many(paths)

    assert "no watchable /var/nothing" in str(caught.value)
    assert server.expect(api.UnsubscribeWatchable).watchables == ["/var/speed", "/rpv/x1000"]
    assert client.try_get_existing_watch_handle("/var/speed") is None
    assert client.try_get_existing_watch_handle("/var/mode") is mode
    assert not mode.is_dead


def at_most(
    count: int, answer: Callable[[Any], list[api.ServerMessage]]
) -> Callable[[Any], list[api.ServerMessage]]:
    """Return what refuses more paths, as a server does whose answer would be too large."""

    def limited(command: Any) -> list[api.ServerMessage]:
        if len(command.watchables) <= count:
            return answer(command)
        return [api.Error(request_cmd="", msg="the answer would be too large")]

    return limited


def test_what_is_too_much_for_one_answer_is_asked_for_in_pieces(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.known = elements(100)
    paths = list(server.known)
    subscribe = server.answers[api.SubscribeWatchable]
    server.answers[api.SubscribeWatchable] = at_most(30, subscribe)
    server.answers[api.GetWatchableInfo] = at_most(
        30, lambda c: [api.WatchableInfoReply(info={p: server.known[p] for p in c.watchables})]
    )
    server.answers[api.ReadWatchable] = at_most(
        30,
        lambda c: [
            api.ReadWatchableReply(values={p: api.ReadResult(0.0, 1) for p in c.watchables})
        ],
    )

    handles = client.watch_many(paths)
    info = client.get_watchable_info(paths)
    values = client.read_many(paths)
    server.restart_device("session-2", *elements(100).values())
    client.wait_process(SOON_S)
    for handle in handles:
        handle.wait_bound(SOON_S)

    assert [handle.server_path for handle in handles] == paths
    assert [definition.server_path for definition in info.values()] == paths
    assert list(values) == paths


def test_a_wrong_path_is_found_among_many_without_asking_for_each(
    server: FakeServer, client: ScrutinyClient
) -> None:
    known = elements(1000)

    def describe(command: api.GetWatchableInfo) -> list[api.ServerMessage]:
        if unknown := [path for path in command.watchables if path not in known]:
            return [api.Error(request_cmd="", msg=f"unknown watchable {unknown[0]}")]
        return [api.WatchableInfoReply(info={path: known[path] for path in command.watchables})]

    server.answers[api.GetWatchableInfo] = describe

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"unknown watchable /table\[1000\]"):
        client.get_watchable_info([*known, "/table[1000]"])

    asked = [c for c in server.commands.queue if isinstance(c, api.GetWatchableInfo)]
    assert len(asked) < 25


def test_a_refusal_of_everything_is_told(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.SubscribeWatchable] = lambda c: [api.Error(request_cmd="", msg="not today")]

    with pytest.raises(sdk.exceptions.OperationFailure, match="not today"):
        client.watch_many(["/var/speed", "/var/mode", "/rpv/x1000"])

    assert not server.has_received(api.UnsubscribeWatchable)


@pytest.mark.parametrize("wrong", ["/var/speed", 5, None, [b"/var/speed"]])
def test_what_is_no_list_of_paths_is_a_type_error(client: ScrutinyClient, wrong: Any) -> None:
    for method in (client.watch_many, client.read_many, client.get_watchable_info):
        with pytest.raises(TypeError):
            method(wrong)


def test_more_paths_than_a_command_takes(server: FakeServer, client: ScrutinyClient) -> None:
    server.known = elements(8001)

    handles = client.watch_many(list(server.known))

    assert [handle.server_path for handle in handles] == list(server.known)
    sizes = [len(server.expect(api.SubscribeWatchable).watchables) for _ in range(3)]
    assert sizes == [4000, 4000, 1]


def test_a_failure_in_a_later_command_undoes_the_earlier_ones(
    server: FakeServer, client: ScrutinyClient
) -> None:
    server.known = elements(4500)
    kept = client.watch("/table[7]")
    paths = [*server.known, "/table[4500]"]

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"/table\[4500\]"):
        client.watch_many(paths)
    client.wait_process(SOON_S)

    undone = server.expect(api.UnsubscribeWatchable).watchables
    assert undone == [path for path in paths[:4001] if path != "/table[7]"]
    assert client.try_get_existing_watch_handle("/table[0]") is None
    assert client.watch("/table[7]") is kept
    assert not kept.is_dead


def test_read_once(server: FakeServer, client: ScrutinyClient) -> None:
    results = {
        "/var/speed": api.ReadResult(1.0, 2.5, d="AAAgQA=="),
        "/var/flag": api.ReadResult(1.0, False),
        "/var/strange": api.ReadResult(1.0, None, r="nan"),
        "/var/*node/next": api.ReadResult(1.0, None, r="nullptr"),
        "/var/secret": api.ReadResult(1.0, None, r="forbidden"),
        "/var/deaf": api.ReadResult(1.0, None, r="the device did not answer"),
        "/alias/of/nothing": api.ReadResult(1.0, None),
    }
    server.answers[api.ReadWatchable] = lambda c: [
        api.ReadWatchableReply(values={path: results[path] for path in c.watchables})
    ]

    assert client.read_once("var/speed") == 2.5
    assert client.read_once("/var/flag") is False
    assert math.isnan(client.read_once("/var/strange"))
    for path, reason in {
        "/var/*node/next": "null pointer",
        "/var/secret": "forbidden",
        "/var/deaf": "the device did not answer",
        "/alias/of/nothing": "no value",
    }.items():
        with pytest.raises(sdk.exceptions.InvalidValueError, match=reason) as caught:
            client.read_once(path)
        assert path in str(caught.value)
    assert not server.has_received(api.SubscribeWatchable)

    many = client.read_many(["/var/*node/next", "/var/speed", "var/speed", "/var/deaf"])
    assert server.commands.queue[-1].watchables == ["/var/*node/next", "/var/speed", "/var/deaf"]
    assert list(many) == ["/var/*node/next", "/var/speed", "var/speed", "/var/deaf"]
    assert many["var/speed"].value == 2.5
    assert many["/var/speed"].raw_data == b"\0\0\x20\x40"
    assert many["/var/speed"].failure_reason == ""
    assert many["/var/*node/next"].status is sdk.ValueStatus.NullPtrDereferenced
    assert many["/var/deaf"].status is sdk.ValueStatus.ServerSetInvalidWithoutReason
    assert many["/var/deaf"].failure_reason == "the device did not answer"
    assert client.read_many([]) == {}


def test_reading_once_can_fail_as_a_whole(server: FakeServer) -> None:
    client = ScrutinyClient(timeout=SOON_S)
    with client.connect(server.host, server.port):
        server.answers[api.ReadWatchable] = lambda c: [
            api.Error(request_cmd="read_watchable", msg="unknown watchable /var/nothing")
        ]
        with pytest.raises(sdk.exceptions.OperationFailure, match="unknown watchable /var/nothing"):
            client.read_many(["/var/speed", "/var/nothing"])
        server.answers[api.ReadWatchable] = lambda c: [api.ReadWatchableReply(values={})]
        with pytest.raises(sdk.exceptions.OperationFailure, match="nothing about /var/speed"):
            client.read_once("/var/speed")
        server.answers[api.ReadWatchable] = lambda c: []
        with pytest.raises(sdk.exceptions.TimeoutException):
            client.read_once("/var/speed", timeout=0.01)


def test_a_pointer_can_be_waited_for_by_its_address(
    server: FakeServer, client: ScrutinyClient
) -> None:
    pointer = api.DetailedWatchable("/var/next", "var", "p", "ptr64", address=0x100)
    server.known = {"/var/next": pointer}
    handle = client.watch("/var/next")
    update = api.ValueUpdate("p", 1.0, 0xFFFF_8000_0000_1234, d="NBIAAACA//8=")
    server.send(api.WatchableUpdate(updates=[update]))

    handle.wait_value(0xFFFF_8000_0000_1234, timeout=SOON_S)

    assert handle.datatype.is_pointer()
    assert handle.raw_data == bytes.fromhex("341200000080ffff")


def test_enumerators_of_an_alias(server: FakeServer, client: ScrutinyClient) -> None:
    alias = api.DetailedWatchable(
        "/alias/gear",
        "alias",
        "g",
        "uint8",
        api.Enumeration("Gear", {"REVERSE": -1, "NEUTRAL": 0, "FIRST": 1}),
        target=MODE.path,
        target_type="var",
        gain=1.0,
        offset=-1.0,
        min=-1.0,
        max=5.0,
    )
    server.known = {"/alias/gear": alias, SPEED.path: SPEED}
    gear = client.watch("/alias/gear")
    server.send(api.WatchableUpdate(updates=[api.ValueUpdate("g", 1.0, -1.0)]))

    gear.wait_value("REVERSE", timeout=SOON_S)
    gear.wait_value(-1, timeout=SOON_S)

    assert gear.value_enum == "REVERSE"
    assert gear.get_enum().vals["FIRST"] == 1
    assert gear.parse_enum_val("NEUTRAL") == 0
    details = gear.alias_details
    assert (details.target, details.target_type) == ("/var/mode", sdk.WatchableType.Variable)
    assert (details.gain, details.offset, details.min, details.max) == (1.0, -1.0, -1.0, 5.0)
    gear.value_enum = "FIRST"
    assert server.expect(api.WriteWatchable).updates == [api.WriteItem(0, "g", 1)]
    with pytest.raises(sdk.exceptions.BadEnumError, match="REVERSE, NEUTRAL, FIRST"):
        gear.wait_value("FIFTH", timeout=SOON_S)
    with pytest.raises(sdk.exceptions.BadTypeError):
        _ = gear.var_details

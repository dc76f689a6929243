"""Handles: identity, values, waiting."""

from __future__ import annotations

import gc

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import SOON_S, FakeServer, in_thread, status, values


def test_all_spellings_of_a_path_are_one_handle(server: FakeServer, client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed", update_rate=10)

    assert client.watch("var/speed") is handle
    assert client.watch("//var/speed/", update_rate=2) is handle
    assert client.try_get_existing_watch_handle("var/speed") is handle
    assert client.try_get_existing_watch_handle_by_server_id("s") is handle
    assert client.try_get_existing_watch_handle("/var/mode") is None
    assert server.expect(api.SubscribeWatchable).watchables == ["/var/speed"]
    assert not server.has_received(api.SubscribeWatchable)
    assert handle.requested_update_rate == 10
    assert repr(handle) == "<WatchableHandle '/var/speed' float32 NeverSet>"


def test_an_unknown_path_is_refused_with_the_words_of_the_server(client: ScrutinyClient) -> None:
    with pytest.raises(sdk.exceptions.OperationFailure, match="no watchable /var/nothing"):
        client.watch("/var/nothing")


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_an_empty_path_is_a_value_error(client: ScrutinyClient, path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        client.watch(path)


def test_a_value_wakes_those_who_wait_for_it(server: FakeServer, client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed")
    with pytest.raises(sdk.exceptions.InvalidValueError, match="wait_update"):
        _ = handle.value

    updated = in_thread(lambda: handle.wait_update(timeout=SOON_S, previous_counter=0))
    reached = in_thread(lambda: handle.wait_value(0.1, timeout=SOON_S))
    server.send(values(api.ValueUpdate("s", 1e6, 3.5)), values(api.ValueUpdate("s", 1e6, 3.5)))
    updated.result(SOON_S)
    server.send(values(api.ValueUpdate("s", 2e6, 0.10000000149011612)))  # as float32 holds 0.1
    reached.result(SOON_S)

    assert handle.update_counter == 3  # equal values count
    assert handle.last_update_timestamp is not None
    assert handle.last_update_timestamp.timestamp() == 1002.0


def test_waiting_ends_at_once_when_no_value_can_come(
    server: FakeServer, client: ScrutinyClient
) -> None:
    handle = client.watch("/var/speed")
    waits = [
        in_thread(lambda: handle.wait_update(timeout=SOON_S)),
        in_thread(lambda: handle.wait_value(1, timeout=SOON_S)),
    ]

    server.send(status())

    for wait in waits:
        with pytest.raises(sdk.exceptions.InvalidValueError):
            wait.result(SOON_S)
    assert handle.is_dead
    with pytest.raises(sdk.exceptions.InvalidValueError, match="device is gone"):
        _ = handle.value


def test_waiting_for_all_ends_at_once_when_one_has_no_value(
    server: FakeServer, client: ScrutinyClient
) -> None:
    client.watch("/var/speed")
    client.watch("/var/mode")
    waiting = in_thread(lambda: client.wait_new_value_for_all(timeout=SOON_S))

    server.send(values(api.ValueUpdate("m", 1.0, None, r="nullptr")))

    with pytest.raises(sdk.exceptions.InvalidValueError, match="/var/mode"):
        waiting.result(SOON_S)


def test_wait_update_time_out(client: ScrutinyClient) -> None:
    with pytest.raises(sdk.exceptions.TimeoutException, match="/var/speed"):
        client.watch("/var/speed").wait_update(timeout=0.01)


def test_wait_new_value_for_all(server: FakeServer, client: ScrutinyClient) -> None:
    client.wait_new_value_for_all(timeout=0)  # of nothing
    client.watch("/var/speed")
    client.watch("/var/mode")
    server.send(values(api.ValueUpdate("s", 1.0, 1.0)))
    client.wait_process(SOON_S)

    with pytest.raises(sdk.exceptions.TimeoutException, match="2 watched values"):
        client.wait_new_value_for_all(timeout=0.01)
    waiting = in_thread(lambda: client.wait_new_value_for_all(timeout=SOON_S))
    while not waiting.done():  # whether the thread waits yet cannot be seen: send until it ends
        server.send(values(api.ValueUpdate("s", 1.0, 1.0)), values(api.ValueUpdate("m", 1.0, 1)))
        client.wait_process(SOON_S)
    waiting.result(0)


def test_an_alias_below_zero_can_be_waited_for(server: FakeServer, client: ScrutinyClient) -> None:
    alias = api.DetailedWatchable(
        "/alias/temp", "alias", "a", "uint16", target="/var/t", target_type="var", bias=-40.0
    )
    server.answers[api.SubscribeWatchable] = lambda c: [
        api.SubscribeReply(subscribed={"/alias/temp": alias}),
        values(api.ValueUpdate("a", 1.0, -12.5)),
    ]
    handle = client.watch("/alias/temp")

    handle.wait_value(-12.5, timeout=SOON_S)

    assert handle.alias_details.offset == -40.0
    assert handle.value_int == -12


def test_a_negative_value_of_an_unsigned_variable_is_not_waited_for(
    client: ScrutinyClient,
) -> None:
    with pytest.raises(ValueError, match="never -1"):
        client.watch("/var/mode").wait_value(-1, timeout=SOON_S)


def test_enumerators(server: FakeServer, client: ScrutinyClient) -> None:
    mode = client.watch("/var/mode")
    server.send(values(api.ValueUpdate("m", 1.0, 1)))
    mode.wait_value("ON", timeout=SOON_S)

    assert mode.value_enum == "ON"
    mode.value_enum = "OFF"
    assert mode.value == 0
    with pytest.raises(sdk.exceptions.BadEnumError, match="OFF, ON"):
        mode.value_enum = "AUTO"
    with pytest.raises(ValueError, match="name of an enumerator"):
        mode.value_enum = 1  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(sdk.exceptions.BadEnumError):
        client.watch("/var/speed").get_enum()


def test_a_value_without_a_name_is_told(server: FakeServer, client: ScrutinyClient) -> None:
    mode = client.watch("/var/mode")
    server.send(values(api.ValueUpdate("m", 1.0, 9)))
    mode.wait_value(9, timeout=SOON_S)

    with pytest.raises(sdk.exceptions.InvalidValueError, match="9"):
        _ = mode.value_enum


def test_a_handle_that_nobody_keeps_is_watched_all_the_same(
    server: FakeServer, client: ScrutinyClient
) -> None:
    client.watch("/var/speed", update_rate=5)
    gc.collect()
    server.send(values(api.ValueUpdate("s", 1.0, 1.0)))
    client.wait_process(SOON_S)

    handle = client.watch("/var/speed")

    assert (handle.value, handle.requested_update_rate) == (1.0, 5)
    assert not server.has_received(api.UnsubscribeWatchable)


def test_unwatch(server: FakeServer, client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed")

    client.unwatch("var/speed")

    assert server.expect(api.UnsubscribeWatchable).watchables == ["/var/speed"]
    assert handle.status is sdk.ValueStatus.NotWatched
    for reference in ("/var/speed", handle):
        with pytest.raises(sdk.exceptions.NameNotFoundError):
            client.unwatch(reference)
    with pytest.raises(sdk.exceptions.OperationFailure, match=r"watch\(\) again"):
        handle.value = 1
    assert client.watch("/var/speed") is not handle


def test_change_of_the_update_rate(server: FakeServer, client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed")
    server.answers[api.ChangeSubscriptionUpdateRate] = lambda c: [
        api.ChangeRateReply(effective_rates={"s": 20.0})
    ]

    assert handle.change_update_rate(5) == 20.0
    assert handle.requested_update_rate == 5
    with pytest.raises(ValueError, match="at least 1"):
        handle.change_update_rate(0.5)

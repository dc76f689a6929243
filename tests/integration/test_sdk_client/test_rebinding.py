"""Handles outlive the device and its firmware description."""

from __future__ import annotations

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import WatchableHandle

from .fake_server import COUNT, MODE, SOON_S, SPEED, FakeServer, in_thread, status, values

OTHER_SPEED = api.DetailedWatchable("/var/speed", "var", "s2", "sint16", address=0x300)
OTHER_MODE = api.DetailedWatchable(
    "/var/mode", "var", "m2", "uint8", api.Enumeration("Mode", {"IDLE": 0, "RUN": 1}), address=0x400
)


def lose_device(server: FakeServer, client: ScrutinyClient) -> None:
    server.send(status())
    client.wait_process(SOON_S)


def restart_device(
    server: FakeServer, client: ScrutinyClient, session: str, *known: api.DetailedWatchable
) -> None:
    """Let the client see another session, in which these things exist."""
    server.restart_device(session, *known)
    client.wait_process(SOON_S)


def count_waits(handle: WatchableHandle) -> int:
    """Return how many threads wait for something to happen to a handle."""
    return len(handle._state.observers)  # pyright: ignore[reportPrivateUsage]


def test_a_handle_lives_again_with_the_definition_of_the_new_firmware(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed, mode = client.watch("/var/speed"), client.watch("/var/mode")
    server.send(values(api.ValueUpdate("s", 1.0, 2.5), api.ValueUpdate("m", 1.0, 1)))
    client.wait_process(SOON_S)
    lose_device(server, client)
    bound = in_thread(lambda: speed.wait_bound(SOON_S))

    restart_device(server, client, "session-2", OTHER_SPEED, OTHER_MODE)
    bound.result(SOON_S)
    mode.wait_bound(SOON_S)

    assert not speed.is_dead
    assert speed.status is sdk.ValueStatus.NeverSet
    assert (speed.server_id, speed.datatype) == ("s2", sdk.EmbeddedDataType.sint16)
    assert speed.var_details.address == 0x300
    server.send(
        values(api.ValueUpdate("s", 1.0, 9.0), api.ValueUpdate("s2", 2.0, -3)),
        values(api.ValueUpdate("m2", 2.0, 1)),
    )
    client.wait_process(SOON_S)
    assert (speed.value, speed.update_counter) == (-3, 2)
    assert mode.value_enum == "RUN"
    mode.value_enum = "IDLE"
    assert server.expect(api.WriteWatchable).updates == [api.WriteItem(0, "m2", 0)]
    assert client.watch("/var/speed") is speed
    assert client.try_get_existing_watch_handle_by_server_id("s2") is speed
    assert client.try_get_existing_watch_handle_by_server_id("s") is None


def test_a_dead_handle_has_no_value_and_takes_none(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    server.send(values(api.ValueUpdate("s", 1.0, 2.5)))
    lose_device(server, client)

    assert speed.is_dead
    assert speed.status is sdk.ValueStatus.DeviceGone
    assert speed.snapshot().value is None
    assert client.try_get_existing_watch_handle("/var/speed") is speed
    with pytest.raises(sdk.exceptions.InvalidValueError, match="wait_bound"):
        _ = speed.value
    with pytest.raises(sdk.exceptions.OperationFailure, match=r"device .* is gone"):
        speed.value = 1
    with pytest.raises(sdk.exceptions.OperationFailure, match="device is gone"):
        speed.change_update_rate(5)
    with pytest.raises(sdk.exceptions.InvalidValueError):
        speed.wait_update(timeout=SOON_S)
    with pytest.raises(sdk.exceptions.InvalidValueError, match="DeviceGone"):
        client.wait_new_value_for_all(timeout=SOON_S)
    with pytest.raises(sdk.exceptions.TimeoutException, match="device is gone"):
        speed.wait_bound(timeout=0.01)
    assert not server.has_received(api.WriteWatchable)


def test_what_the_firmware_has_no_more_is_told_and_comes_with_the_next_one(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed, mode = client.watch("/var/speed"), client.watch("/var/mode", update_rate=5)

    restart_device(server, client, "session-2", OTHER_SPEED)
    speed.wait_bound(SOON_S)
    client.wait_process(SOON_S)

    with pytest.raises(sdk.exceptions.TimeoutException, match="no watchable /var/mode"):
        mode.wait_bound(0.01)
    with pytest.raises(sdk.exceptions.InvalidValueError, match="no watchable /var/mode"):
        _ = mode.value
    server.known = {"/var/mode": OTHER_MODE}
    server.send(status("session-2"), status("session-2", "firmware-2"))
    client.wait_process(SOON_S)
    mode.wait_bound(SOON_S)
    assert mode.requested_update_rate == 5
    assert speed.status is sdk.ValueStatus.SFDUnloaded


def test_a_device_that_restarts_twice_in_a_row(server: FakeServer, client: ScrutinyClient) -> None:
    speed, count = client.watch("/var/speed"), client.watch("/rpv/x1000")

    for turn in range(2, 6):
        server.restart_device(
            f"session-{turn}",
            api.DetailedWatchable("/var/speed", "var", f"s{turn}", "float32"),
            api.DetailedWatchable("/rpv/x1000", "rpv", f"r{turn}", "sint32", rpvid=0x1000),
        )
    client.wait_process(SOON_S)
    speed.wait_bound(SOON_S)
    count.wait_bound(SOON_S)

    updates = [api.ValueUpdate(f"{name}{turn}", 1.0, turn) for name in "sr" for turn in range(2, 6)]
    server.send(values(*updates))
    client.wait_process(SOON_S)
    assert (speed.value, count.value) == (5, 5)
    assert (speed.update_counter, count.update_counter) == (1, 1)


def test_watching_again_revives_the_same_handle_by_itself(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    lose_device(server, client)

    assert client.watch("/var/speed", update_rate=20) is speed

    assert not speed.is_dead
    assert speed.requested_update_rate == 20
    assert client.watch_many(["/var/mode", "/var/speed"])[1] is speed


def test_a_wait_ends_even_if_the_device_is_back_before_the_waiting_thread_wakes_up(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    waits = [
        in_thread(lambda: speed.wait_update(timeout=SOON_S, previous_counter=0)),
        in_thread(lambda: speed.wait_value(1.5, timeout=SOON_S)),
    ]
    while count_waits(speed) < 2 and not any(wait.done() for wait in waits):
        client.wait_process(SOON_S)

    server.restart_device("session-2", OTHER_SPEED)

    for wait in waits:
        with pytest.raises(sdk.exceptions.InvalidValueError, match=r"device is gone|was lost"):
            wait.result(SOON_S)


def test_published_values_need_no_description(server: FakeServer, client: ScrutinyClient) -> None:
    count, speed = client.watch("/rpv/x1000"), client.watch("/var/speed")

    server.send(status("session-1"))
    client.wait_process(SOON_S)
    assert not count.is_dead
    assert speed.status is sdk.ValueStatus.SFDUnloaded
    server.send(status("session-2"))
    client.wait_process(SOON_S)
    count.wait_bound(SOON_S)

    assert speed.is_dead
    server.send(status("session-2", "firmware-1"))
    speed.wait_bound(SOON_S)


def test_a_dead_handle_is_left_without_a_word_to_the_server(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    server.expect(api.SubscribeWatchable)
    lose_device(server, client)

    client.unwatch("/var/speed")

    assert speed.status is sdk.ValueStatus.NotWatched
    assert client.try_get_existing_watch_handle("/var/speed") is None
    server.send(status("session-2", "firmware-1"))
    client.wait_process(SOON_S)
    assert not server.has_received(api.UnsubscribeWatchable)
    assert not server.has_received(api.SubscribeWatchable)
    with pytest.raises(sdk.exceptions.InvalidValueError, match="not watched"):
        speed.wait_bound(SOON_S)
    assert client.watch("/var/speed") is not speed


def test_leaving_a_handle_that_is_being_bound_leaves_nothing_on_the_server(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    server.expect(api.SubscribeWatchable)
    server.answers[api.SubscribeWatchable] = lambda c: []  # the answer takes its time
    server.restart_device("session-2", OTHER_SPEED)
    again = server.expect(api.SubscribeWatchable)

    leaving = in_thread(speed.unwatch)
    while count_waits(speed) < 1 and not leaving.done():
        client.wait_process(SOON_S)
    server.send(api.SubscribeReply(reqid=again.reqid, subscribed={"/var/speed": OTHER_SPEED}))
    leaving.result(SOON_S)

    assert server.expect(api.UnsubscribeWatchable).watchables == ["/var/speed"]
    assert speed.status is sdk.ValueStatus.NotWatched


def test_leaving_a_handle_at_the_moment_its_device_goes(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")

    def lose(command: api.UnsubscribeWatchable) -> list[api.ServerMessage]:
        server.send(status())
        return [api.Error(request_cmd="unsubscribe_watchable", msg="no device is connected")]

    server.answers[api.UnsubscribeWatchable] = lose
    speed.unwatch()

    assert speed.status is sdk.ValueStatus.NotWatched
    server.expect(api.SubscribeWatchable)
    server.send(status("session-2", "firmware-1"))
    client.wait_process(SOON_S)
    assert not server.has_received(api.SubscribeWatchable)


def test_a_handle_that_cannot_be_left_is_bound_again(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    server.answers[api.UnsubscribeWatchable] = lambda c: [
        api.Error(request_cmd="unsubscribe_watchable", msg="not now")
    ]

    with pytest.raises(sdk.exceptions.OperationFailure, match="not now"):
        speed.unwatch()
    restart_device(server, client, "session-2", OTHER_SPEED)

    speed.wait_bound(SOON_S)


def test_the_end_of_the_connection_is_final(server: FakeServer, client: ScrutinyClient) -> None:
    speed = client.watch("/var/speed")
    lose_device(server, client)

    client.disconnect()
    client.connect(server.host, server.port)
    client.wait_process(SOON_S)

    assert speed.status is sdk.ValueStatus.ServerGone
    assert client.watch("/var/speed") is not speed


def test_a_connection_that_is_lost_while_handles_are_bound(
    server: FakeServer, client: ScrutinyClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.connect(server.host, server.port, reconnect=False)
    speed = client.watch("/var/speed")

    def die(command: api.SubscribeWatchable) -> list[api.ServerMessage]:
        server.cut()
        return []

    server.answers[api.SubscribeWatchable] = die
    lose_device(server, client)
    waiting = in_thread(lambda: speed.wait_bound(SOON_S))
    server.send(status("session-2", "firmware-1"))

    with pytest.raises(sdk.exceptions.InvalidValueError, match="connection to the server ended"):
        waiting.result(SOON_S)
    assert "not bound again" not in caplog.text


def test_handles_of_many_definitions_are_bound_in_one_command(
    server: FakeServer, client: ScrutinyClient
) -> None:
    handles: list[WatchableHandle] = client.watch_many([SPEED.path, MODE.path, COUNT.path])
    server.expect(api.SubscribeWatchable)

    restart_device(server, client, "session-2", SPEED, MODE, COUNT)
    for handle in handles:
        handle.wait_bound(SOON_S)
    client.wait_process(SOON_S)

    command = server.expect(api.SubscribeWatchable)
    assert command.watchables == [SPEED.path, MODE.path, COUNT.path]
    assert command.partial
    assert not server.has_received(api.SubscribeWatchable)

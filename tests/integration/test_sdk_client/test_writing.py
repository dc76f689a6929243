"""Single writes and batches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.versions import FEATURES
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import WatchableHandle

from .fake_server import SOON_S, FakeServer, in_thread, welcome, write_replies


def test_a_write_returns_when_the_handle_shows_the_value(client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed")

    handle.value = 12.5

    assert handle.value == 12.5
    assert handle.last_write_timestamp is not None
    assert handle.last_write_timestamp.timestamp() == 1002.0


def test_a_failed_write_tells_the_reason(server: FakeServer, client: ScrutinyClient) -> None:
    handle = client.watch("/var/speed")
    server.answers[api.WriteWatchable] = lambda c: write_replies(c, {0: "the region is read-only"})

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"/var/speed.*region is read-only"):
        handle.value = 1

    server.answers[api.WriteWatchable] = lambda c: [
        api.Error(request_cmd="write_watchable", msg="'abc' is no expression")
    ]
    with pytest.raises(sdk.exceptions.OperationFailure, match=r"speed.*'abc' is no expression"):
        handle.value = "abc"


def test_an_unconfirmed_write_is_unknown(server: FakeServer) -> None:
    client = ScrutinyClient(write_timeout=0.05)
    server.answers[api.WriteWatchable] = lambda c: write_replies(c)[:1]
    with client.connect(server.host, server.port):
        handle = client.watch("/var/speed")

        with pytest.raises(sdk.exceptions.TimeoutException, match="may or may not"):
            handle.value = 1
        with pytest.raises(sdk.exceptions.OperationFailure, match="may or may not"):
            client.write_watchable("/var/speed", 1)


def test_a_write_without_connection_fails_at_once_and_is_never_sent(
    server: FakeServer, client: ScrutinyClient
) -> None:
    handle = client.watch("/var/speed")
    client.disconnect()

    with pytest.raises(sdk.exceptions.ConnectionError):
        handle.value = 1
    client.connect(server.host, server.port)
    with pytest.raises(sdk.exceptions.ConnectionError):
        handle.value = 1
    client.wait_process(SOON_S)

    assert not server.has_received(api.WriteWatchable)


@pytest.mark.parametrize("wrong", [None, b"1", [1], object()])
def test_what_is_no_value_is_a_type_error(client: ScrutinyClient, wrong: Any) -> None:
    with pytest.raises(TypeError):
        client.watch("/var/speed").value = wrong


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "", "  ", 10**400])
def test_what_cannot_be_written_is_a_value_error(client: ScrutinyClient, wrong: Any) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        client.watch("/var/speed").value = wrong


def test_threads_write_at_the_same_time(client: ScrutinyClient) -> None:
    handles = [client.watch("/var/speed"), client.watch("/var/mode"), client.watch("/rpv/x1000")]

    def write_many(handle: WatchableHandle) -> None:
        for number in range(50):
            handle.value = number
            assert handle.value == number

    with ThreadPoolExecutor() as pool:
        list(pool.map(write_many, handles))


def test_write_by_path(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.WriteSingleWatchable] = lambda c: [
        api.WriteSingleReply(success=c.value == 1, failure_reason="" if c.value == 1 else "no")
    ]

    client.write_watchable("var/speed", 1)
    with pytest.raises(sdk.exceptions.OperationFailure, match="/var/speed was not written: no"):
        client.write_watchable("/var/speed", 2)

    assert server.expect(api.WriteSingleWatchable).server_path == "/var/speed"


def test_a_batch_is_sent_at_the_end_of_its_block(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed, mode = client.watch("/var/speed"), client.watch("/var/mode")

    with client.batch_write():
        speed.value = 1
        mode.value_enum = "ON"
        speed.value = 2
        client.wait_process(SOON_S)
        assert not server.has_received(api.WriteWatchable)

    items = server.expect(api.WriteWatchable).updates
    assert [(item.watchable, item.value) for item in items] == [("s", 1), ("m", 1), ("s", 2)]
    assert (speed.value, mode.value) == (2, 1)
    speed.value = 3  # after the block, writing is immediate again
    assert speed.value == 3


@pytest.mark.parametrize(("features", "joined"), [(["memory"], UNSET), (FEATURES, True)])
def test_servers_that_can_are_asked_to_confirm_many_writes_at_a_time(
    server: FakeServer, features: Sequence[str], joined: bool | UnsetType
) -> None:
    def confirm(command: api.WriteWatchable) -> list[api.ServerMessage]:
        first, *completions = write_replies(command)
        if command.joined is UNSET:
            return [first, *completions]
        token = f"t{command.reqid}"
        indices = [item.batch_index for item in command.updates]
        return [
            first,
            api.WritesConfirmed(
                request_token=token, batch_indices=indices, completion_server_time_us=2e6
            ),
        ]

    server.welcome = welcome(features=features)
    server.answers[api.WriteWatchable] = confirm
    with ScrutinyClient().connect(server.host, server.port) as client:
        speed = client.watch("/var/speed")

        write_batch(client, SOON_S, (speed, 1), (speed, 2))
        speed.value = 3

    batch, single = server.expect(api.WriteWatchable), server.expect(api.WriteWatchable)
    assert (batch.joined, single.joined) == (joined, UNSET)


def test_an_exception_in_the_block_discards_the_batch(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")

    def fail_in_batch() -> None:
        with client.batch_write():
            speed.value = 1
            raise KeyError

    def nest_batches() -> None:
        with client.batch_write():
            speed.value = 1
            with client.batch_write():
                pass

    with pytest.raises(KeyError):
        fail_in_batch()
    with pytest.raises(sdk.exceptions.OperationFailure, match="nested"):
        nest_batches()
    client.wait_process(SOON_S)

    assert not server.has_received(api.WriteWatchable)


def write_batch(
    client: ScrutinyClient, timeout: float, *writes: tuple[WatchableHandle, int]
) -> None:
    with client.batch_write(timeout):
        for handle, value in writes:
            handle.value = value


def test_the_first_failure_of_a_batch_is_raised_and_the_others_are_counted(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed, mode = client.watch("/var/speed"), client.watch("/var/mode")
    server.answers[api.WriteWatchable] = lambda c: write_replies(c, {1: "first", 2: "second"})

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"/var/mode.*first \(2 of 4"):
        write_batch(client, SOON_S, (speed, 1), (mode, 1), (speed, 2), (speed, 3))

    assert speed.value == 3


def test_a_batch_without_confirmation_is_unknown(
    server: FakeServer, client: ScrutinyClient
) -> None:
    speed = client.watch("/var/speed")
    server.answers[api.WriteWatchable] = lambda c: write_replies(c)[:-1]

    with pytest.raises(sdk.exceptions.TimeoutException, match=r"1 of 2 writes.*may or may not"):
        write_batch(client, 0.05, (speed, 1), (speed, 2))


def test_a_batch_belongs_to_its_thread(server: FakeServer, client: ScrutinyClient) -> None:
    speed, mode = client.watch("/var/speed"), client.watch("/var/mode")

    def write_mode() -> None:
        mode.value = 1

    with client.batch_write():
        speed.value = 1
        in_thread(write_mode).result(SOON_S)
        assert mode.value == 1  # confirmed, although the batch of the other thread is open

    assert speed.value == 1


def test_a_batch_that_fits_a_command_is_one(server: FakeServer, client: ScrutinyClient) -> None:
    speed = client.watch("/var/speed")

    with client.batch_write():
        for number in range(500):
            speed.value = number

    assert len(server.expect(api.WriteWatchable).updates) == 500


def test_a_batch_may_be_larger_than_a_command(server: FakeServer, client: ScrutinyClient) -> None:
    speed = client.watch("/var/speed")
    long_text = "1+" * 300_000 + "1"

    with client.batch_write():
        for number in range(1201):
            speed.value = number
        speed.value = long_text
        speed.value = long_text

    sizes = [len(server.expect(api.WriteWatchable).updates) for _ in range(5)]
    assert sizes == [100, 500, 500, 102, 1]
    with pytest.raises(ValueError, match="too large"):
        speed.value = long_text * 2


def test_a_batch_that_loses_its_server_fails(server: FakeServer, client: ScrutinyClient) -> None:
    speed = client.watch("/var/speed")

    def die(command: api.WriteWatchable) -> list[api.ServerMessage]:
        server.cut()
        return []

    server.answers[api.WriteWatchable] = die

    with pytest.raises(sdk.exceptions.ConnectionError):
        write_batch(client, SOON_S, (speed, 1))

"""The asyncio client before a server that follows a script."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.aio import AsyncScrutinyClient
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import SOON_S, SPEED, FakeServer, in_thread, values, write_replies

Events = AsyncScrutinyClient.Events


def connected(
    server: FakeServer,
    scenario: Callable[[AsyncScrutinyClient], Awaitable[None]],
    *,
    reconnect: bool = True,
    **settings: Any,
) -> None:
    async def main() -> None:
        client = AsyncScrutinyClient(enabled_events=Events.LISTEN_ALL, **settings)
        async with client.connect(server.host, server.port, reconnect=reconnect):
            await scenario(client)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def both_failures(host: str, port: int, timeout_s: float) -> list[BaseException]:
    """Return what the blocking and the asyncio client raise when they connect."""

    async def connect() -> None:
        await AsyncScrutinyClient(timeout=timeout_s).connect(host, port)

    attempts: list[Callable[[], object]] = [
        lambda: ScrutinyClient(timeout=timeout_s).connect(host, port),
        lambda: asyncio.run(connect()),
    ]
    failures: list[BaseException] = []
    for attempt in attempts:
        with pytest.raises(sdk.exceptions.ScrutinySDKException) as caught:
            attempt()
        failures.append(caught.value)
    return failures


# --------------------------------------------------------------------- connecting


def test_without_a_server_both_say_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    blocking, other = both_failures("127.0.0.1", port, SOON_S)

    assert type(other) is type(blocking) is sdk.exceptions.ConnectionError
    assert "scrutiny server" in str(other)
    assert str(port) in str(other)


@pytest.mark.parametrize("host", ["a" * 300, "no.such.host.invalid", "\ud800", "a b", ".."])
def test_what_is_no_host_is_a_connection_error_for_both(host: str) -> None:
    blocking, other = both_failures(host, 8765, SOON_S)

    assert type(other) is type(blocking) is sdk.exceptions.ConnectionError
    assert "cannot find" in str(other)


def test_a_server_that_says_nothing_is_the_same_for_both() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        blocking, other = both_failures("127.0.0.1", listener.getsockname()[1], 0.05)

    assert (type(other), str(other)) == (type(blocking), str(blocking))


@pytest.mark.parametrize("banner", [b"<SCRUTINY size=2 flags=>{}", b"HTTP/1.1 404 Not\r\n\r\n"])
def test_another_program_on_the_port_is_not_taken_for_a_server(banner: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for _ in range(2):
                connection = listener.accept()[0]
                with connection:
                    connection.recv(4096)
                    connection.sendall(banner)

        answered = in_thread(answer)
        blocking, other = both_failures("127.0.0.1", listener.getsockname()[1], SOON_S)
        answered.result(SOON_S)

    assert type(other) is type(blocking) is sdk.exceptions.ConnectionError
    assert "another program" in str(other)


@pytest.mark.parametrize("lack", ["welcome", "status"])
def test_a_server_without_manners_is_the_same_for_both(server: FakeServer, lack: str) -> None:
    if lack == "welcome":
        server.welcome = None
    server.answers[api.GetServerStatus] = lambda c: []

    blocking, other = both_failures(server.host, server.port, 0.3)

    assert (type(other), str(other)) == (type(blocking), str(blocking))
    assert f"no {lack}" in str(other)


def test_an_attempt_that_is_cancelled_leaves_no_connection(server: FakeServer) -> None:
    server.welcome = None

    async def main() -> None:
        client = AsyncScrutinyClient(timeout=SOON_S)
        attempt = asyncio.ensure_future(client.connect(server.host, server.port).__aenter__())
        await asyncio.to_thread(server.expect, api.GetServerStatus)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert client.server_state is sdk.ServerState.Disconnected
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    server.ended.get(timeout=SOON_S)


# --------------------------------------------------------------------- the end of a connection


def test_a_killed_server_ends_everything_in_order(server: FakeServer) -> None:
    server.answers[api.GetWatchableCount] = lambda c: []

    async def scenario(client: AsyncScrutinyClient) -> None:
        client.listen_events(Events.LISTEN_ALL & ~Events.LISTEN_STATUS_UPDATE_CHANGED)
        client.clear_event_queue()
        handle = await client.watch("/var/speed")
        request = asyncio.ensure_future(client.get_watchable_count())
        await asyncio.to_thread(server.expect, api.GetWatchableCount)
        server.cut()

        with pytest.raises(sdk.exceptions.ConnectionError, match="lost before get_watchable_count"):
            await request
        assert handle.status is sdk.ValueStatus.ServerGone
        assert [event async for event in client.events()] == [
            Events.DeviceGoneEvent("session-1"),
            Events.SFDUnLoadedEvent("firmware-1"),
            Events.DisconnectedEvent(server.host, server.port),
        ]

    connected(server, scenario, reconnect=False)


def test_the_reason_of_the_server_to_hang_up_is_told(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        assert server.current is not None
        await asyncio.to_thread(server.current.close, 1013, "this client is too slow")
        async for _ in client.events(Events.LISTEN_DISCONNECTED):
            pass
        with pytest.raises(sdk.exceptions.ConnectionError, match="this client is too slow"):
            await client.watch("/var/speed")

    connected(server, scenario, reconnect=False)


def test_a_write_without_connection_fails_at_once_and_is_never_sent(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        await client.disconnect()
        with pytest.raises(sdk.exceptions.ConnectionError):
            await handle.write(1)
        await client.connect(server.host, server.port)
        with pytest.raises(sdk.exceptions.ConnectionError):
            await handle.write(1)
        await client.wait_process(SOON_S)

    connected(server, scenario)
    assert not server.has_received(api.WriteWatchable)


# --------------------------------------------------------------------- answers that are missing


def test_an_unconfirmed_write_is_unknown_and_its_late_answer_ignored(server: FakeServer) -> None:
    kept: list[api.ServerMessage] = []

    def accept(command: api.WriteWatchable) -> list[api.ServerMessage]:
        first, *rest = write_replies(command)
        kept.extend(rest)
        return [first]

    server.answers[api.WriteWatchable] = accept

    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        with pytest.raises(sdk.exceptions.RequestTimeout, match="may or may not"):
            await handle.write(1)

        async def write_two() -> None:
            async with client.batch_write():
                await handle.write(2)
                await handle.write(3)

        with pytest.raises(sdk.exceptions.RequestTimeout, match=r"2 of 2 writes.*may or may not"):
            await write_two()
        server.send(*kept)
        await client.wait_process(SOON_S)
        assert handle.last_write_timestamp is None

    connected(server, scenario, write_timeout=0.05)


def test_a_cancelled_watch_is_given_up_at_the_server_too(server: FakeServer) -> None:
    server.answers[api.SubscribeWatchable] = lambda c: []

    async def scenario(client: AsyncScrutinyClient) -> None:
        watching = asyncio.ensure_future(client.watch("/var/speed"))
        await asyncio.to_thread(server.expect, api.SubscribeWatchable)
        watching.cancel()
        command = await asyncio.to_thread(server.expect, api.UnsubscribeWatchable)
        assert command.watchables == ["/var/speed"]
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert client.try_get_existing_watch_handle("/var/speed") is None

    connected(server, scenario)


# --------------------------------------------------------------------- values


def test_a_wait_sees_a_value_that_is_replaced_in_the_same_message(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        waiting = asyncio.ensure_future(handle.wait_value(2.0, SOON_S))
        await asyncio.sleep(0)
        updates = [api.ValueUpdate("s", float(number), float(number)) for number in (1, 2, 3)]
        server.send(values(*updates))
        await waiting
        assert handle.value == 3.0
        assert handle.update_counter == 3

    connected(server, scenario)


def test_a_stream_tells_that_the_device_went_and_goes_on(server: FakeServer) -> None:
    new_speed = api.DetailedWatchable("/var/speed", "var", "s2", "float32", address=0x104)

    async def scenario(client: AsyncScrutinyClient) -> None:
        updates = client.stream(["/var/speed"])
        first = asyncio.ensure_future(anext(updates))
        await asyncio.to_thread(server.expect, api.SubscribeWatchable)
        await client.wait_process()
        server.send(values(api.ValueUpdate(SPEED.id, 1.0, 5.0)))
        update = await first
        assert (update.value, update.status) == (5.0, sdk.ValueStatus.Valid)
        assert update.timestamp is not None
        assert update.timestamp.timestamp() == pytest.approx(1000.000001)

        server.restart_device("session-2", new_speed)
        gone = await anext(updates)
        assert (gone.value, gone.status) == (None, sdk.ValueStatus.DeviceGone)
        await gone.handle.wait_bound(SOON_S)
        server.send(values(api.ValueUpdate("s2", 2.0, 6.0)))
        assert (await anext(updates)).value == 6.0
        await updates.aclose()

    connected(server, scenario)


def test_a_stream_that_cannot_be_watched_says_why(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        with pytest.raises(sdk.exceptions.OperationFailure, match="/nothing"):
            await anext(client.stream(["/var/speed", "/nothing"]))
        assert client.try_get_existing_watch_handle("/var/speed") is None

    connected(server, scenario)


def test_a_callback_that_fails_is_not_called_again(server: FakeServer) -> None:
    seen: list[AsyncScrutinyClient] = []

    def fail(client: AsyncScrutinyClient, message: dict[str, Any]) -> None:
        seen.append(client)
        raise KeyError("a defect of the user")

    async def scenario(client: AsyncScrutinyClient) -> None:
        await client.wait_process()
        assert seen == [client]

    connected(server, scenario, rx_message_callbacks=[fail])


def test_a_message_may_be_larger_than_a_server_takes(server: FakeServer) -> None:
    server.answers[api.Echo] = lambda c: [api.EchoReply(payload="x" * (3 << 20))]

    async def scenario(client: AsyncScrutinyClient) -> None:
        await client.wait_process(SOON_S)

    connected(server, scenario)

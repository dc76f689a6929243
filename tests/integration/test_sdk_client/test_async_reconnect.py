"""The asyncio client connects again by itself, and leaves no task behind when it is not to."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.aio import AsyncScrutinyClient

from .fake_server import SOON_S, SPEED, FakeServer, values

Events = AsyncScrutinyClient.Events
Scenario = Callable[[AsyncScrutinyClient], Awaitable[None]]
Loss = Callable[[FakeServer, AsyncScrutinyClient], Awaitable[None]]


def connected(server: FakeServer, scenario: Scenario) -> None:
    """Run a scenario with a client that reads all events; afterwards all its tasks are over."""

    async def main() -> None:
        client = AsyncScrutinyClient(enabled_events=Events.LISTEN_ALL, timeout=SOON_S)
        async with client.connect(server.host, server.port):
            await asyncio.wait_for(scenario(client), SOON_S)
        assert client.server_state is sdk.ServerState.Disconnected
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def reconnecting() -> asyncio.Task[object] | None:
    """Return the task that tries to connect, if there is one."""
    tasks = asyncio.all_tasks()
    return next((task for task in tasks if task.get_name() == "scrutiny-sdk-reconnect"), None)


async def wait_lost(client: AsyncScrutinyClient) -> None:
    """Wait until the client has noticed that its connection is gone."""
    while not isinstance(await client.read_event(SOON_S), Events.DisconnectedEvent):
        pass


async def cut_for_long(server: FakeServer, client: AsyncScrutinyClient) -> None:
    """Cut the connection; the server accepts another one, and then says nothing."""
    server.welcome = None
    server.answers.clear()
    while server.has_received(api.Command):
        server.commands.get()
    server.cut()
    await wait_lost(client)
    await asyncio.to_thread(server.expect, api.GetServerStatus)


def test_a_stream_tells_of_the_loss_and_goes_on(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed", update_rate=20)
        updates = client.stream(["/var/speed"])
        server.send(values(api.ValueUpdate(SPEED.id, 1.0, 5.0)))
        assert (await anext(updates)).value == 5.0

        server.cut()
        gone = await anext(updates)
        assert (gone.value, gone.status) == (None, sdk.ValueStatus.ServerGone)
        await handle.wait_bound(SOON_S)
        server.send(values(api.ValueUpdate(SPEED.id, 2.0, 6.0)))
        while (back := await anext(updates)).status is not sdk.ValueStatus.Valid:
            pass
        assert (back.value, back.handle) == (6.0, handle)

        await client.disconnect()
        assert [update.status async for update in updates] == [sdk.ValueStatus.ServerGone]

    connected(server, scenario)
    subscriptions = [server.expect(api.SubscribeWatchable) for _ in range(2)]
    assert [(s.watchables, s.rate) for s in subscriptions] == [(["/var/speed"], 20)] * 2


def test_events_go_on_and_end_when_nobody_connects_again(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        client.listen_events(Events.LISTEN_CONNECTED | Events.LISTEN_DISCONNECTED)
        client.clear_event_queue()
        events = client.events()
        server.cut()
        kinds = [type(await anext(events)) for _ in range(2)]
        assert kinds == [Events.DisconnectedEvent, Events.ConnectedEvent]

        await client.wait_device_ready(SOON_S)
        client.close_socket()

        assert [type(event) async for event in events] == [Events.DisconnectedEvent]

    connected(server, scenario)


async def stop_server(server: FakeServer, client: AsyncScrutinyClient) -> None:
    """Let all attempts fail; the client pauses between them."""
    await asyncio.to_thread(server.stop)
    await wait_lost(client)


@pytest.mark.parametrize("lose", [cut_for_long, stop_server], ids=["attempt", "pause"])
@pytest.mark.parametrize("way", ["disconnect", "close_socket"])
def test_connecting_again_can_be_ended(server: FakeServer, way: str, lose: Loss) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        await lose(server, client)
        waiting = asyncio.ensure_future(client.wait_device_ready(SOON_S))
        binding = asyncio.ensure_future(handle.wait_bound(SOON_S))
        await asyncio.sleep(0)
        if way == "disconnect":
            await client.disconnect()
            assert reconnecting() is None
        else:
            client.close_socket()

        with pytest.raises(sdk.exceptions.ConnectionError):
            await waiting
        with pytest.raises(sdk.exceptions.InvalidValueError, match="ended"):
            await binding
        client.clear_event_queue()
        with pytest.raises(sdk.exceptions.ConnectionError):
            await anext(client.events())

    connected(server, scenario)


def test_connecting_by_hand_takes_the_place_of_an_attempt(server: FakeServer) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        await cut_for_long(server, client)
        with FakeServer() as other:
            await client.connect(other.host, other.port)
            assert client.port == other.port
            assert reconnecting() is None
            assert "ended" in handle.snapshot().failure_reason
            assert await client.watch("/var/speed") is not handle
            await client.disconnect()

    connected(server, scenario)


def test_who_disconnects_while_another_task_connects_stays_so(server: FakeServer) -> None:
    async def main() -> None:
        client = AsyncScrutinyClient(timeout=SOON_S)
        connecting = asyncio.ensure_future(client.connect(server.host, server.port).__aenter__())
        await asyncio.sleep(0)
        assert client.server_state is sdk.ServerState.Connecting
        await client.disconnect()
        assert await connecting is client

        with pytest.raises(sdk.exceptions.ConnectionError):
            await client.wait_device_ready(SOON_S)

    asyncio.run(main())


def test_a_client_that_nobody_uses_gives_up(server: FakeServer) -> None:
    async def main() -> None:
        client = await AsyncScrutinyClient(enabled_events=Events.LISTEN_ALL).connect(
            server.host, server.port
        )
        await cut_for_long(server, client)
        attempts = reconnecting()
        assert attempts is not None
        del client
        gc.collect()
        await asyncio.wait_for(asyncio.wait([attempts]), SOON_S)
        assert attempts.cancelled()

    asyncio.run(main())


async def stay_connected(server: FakeServer, client: AsyncScrutinyClient) -> None:
    """Do nothing."""


@pytest.mark.parametrize("lose", [stay_connected, cut_for_long, stop_server])
def test_a_loop_may_end_before_the_client(
    server: FakeServer,
    lose: Loss,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> AsyncScrutinyClient:
        client = await AsyncScrutinyClient(enabled_events=Events.LISTEN_ALL).connect(
            server.host, server.port
        )
        await lose(server, client)
        return client

    client = asyncio.run(main())
    assert client.server_state is sdk.ServerState.Disconnected
    client.close_socket()  # harmless
    del client
    gc.collect()

    assert [record for record in caplog.records if record.name == "asyncio"] == []

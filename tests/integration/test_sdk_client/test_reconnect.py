"""What both clients do when they connect again, before a server that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.sdk.aio import AsyncScrutinyClient
from tests.support.either_client import RUNNERS, Scenario, expect_event

from .fake_server import SOON_S, FakeServer

Events = AsyncScrutinyClient.Events
Run = Callable[[Scenario], None]


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, server: FakeServer) -> Run:
    """Run a scenario with each client."""
    runner = RUNNERS[str(request.param)]

    def run_scenario(scenario: Scenario) -> None:
        asyncio.run(runner(server.port, scenario))

    return run_scenario


def test_what_is_under_way_fails_at_once_and_is_not_sent_again(
    server: FakeServer, run: Run
) -> None:
    server.answers[api.WriteWatchable] = lambda c: []

    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        writing = asyncio.ensure_future(handle.write(1))
        await asyncio.to_thread(server.expect, api.WriteWatchable)
        server.cut()
        with pytest.raises(sdk.exceptions.ConnectionError) as caught:
            await writing
        assert str(caught.value) == (
            "the connection was lost before write_watchable was answered: "
            "the server closed the connection"
        )
        await handle.wait_bound(SOON_S)
        await client.wait_process(SOON_S)

    run(scenario)
    assert not server.has_received(api.WriteWatchable)


def test_waits_for_a_state_outlast_the_connection(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        server.cut()
        await expect_event(client, Events.DisconnectedEvent)
        await client.wait_device_ready(SOON_S)
        await client.wait_sfd_loaded(SOON_S)
        assert client.port == server.port

    run(scenario)


def test_rates_and_throttling_are_asked_for_anew(server: FakeServer, run: Run) -> None:
    server.answers[api.SetThrottling] = lambda c: [api.SetThrottlingReply(True, c.update_rate)]

    async def scenario(client: AsyncScrutinyClient) -> None:
        slow = await client.watch("/var/speed", update_rate=20)
        await client.watch("/var/mode")
        await client.set_server_throttling(50)
        while server.has_received(api.Command):
            server.commands.get()

        server.cut()
        await expect_event(client, Events.DisconnectedEvent)
        await slow.wait_bound(SOON_S)

    run(scenario)
    assert server.expect(api.SetThrottling).update_rate == 50
    subscriptions = [server.expect(api.SubscribeWatchable) for _ in range(2)]
    rates = {path: command.rate for command in subscriptions for path in command.watchables}
    assert rates == {"/var/speed": 20, "/var/mode": None}


def test_events_tell_of_the_end_and_of_the_new_connection_in_order(
    server: FakeServer, run: Run
) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        client.listen_events(Events.LISTEN_ALL & ~Events.LISTEN_STATUS_UPDATE_CHANGED)
        client.clear_event_queue()
        server.cut()

        assert [await client.read_event(SOON_S) for _ in range(6)] == [
            Events.DeviceGoneEvent("session-1"),
            Events.SFDUnLoadedEvent("firmware-1"),
            Events.DisconnectedEvent("127.0.0.1", server.port),
            Events.ConnectedEvent("127.0.0.1", server.port),
            Events.DeviceReadyEvent("session-1"),
            Events.SFDLoadedEvent("firmware-1"),
        ]

    run(scenario)


def test_a_server_that_hangs_up_on_everyone_is_given_another_chance(
    server: FakeServer, run: Run
) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch("/var/speed")
        for _ in range(3):
            server.cut()
            await expect_event(client, Events.DisconnectedEvent)
            await expect_event(client, Events.DeviceReadyEvent)
        await handle.wait_bound(SOON_S)

    run(scenario)

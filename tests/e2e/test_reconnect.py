"""A client outlasts its server: kills and restarts on the same port, with a real board behind."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from scrutiny import sdk
from scrutiny.sdk.aio import AsyncScrutinyClient, ValueUpdate
from scrutiny.sdk.listeners.buffered_reader_listener import BufferedReaderListener
from tests.support.bench import Bench, Events
from tests.support.either_client import RUNNERS, expect_event
from tests.support.example_board import ROOT, SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S, LoggedProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


class Desk:
    """A server that can be killed and started again where it was, and one client.

    Attributes:
        server: the newest one.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._board = bench.start_board()
        self.server = bench.start_server(self._board.port)
        self.client: AsyncScrutinyClient  # once it is connected

    async def kill_server(self) -> None:
        self.server.kill()
        await expect_event(self.client, Events.DisconnectedEvent)

    async def restart_server(self) -> None:
        port = self.server.tcp_port
        self.server = await asyncio.to_thread(
            self._bench.start_server, self._board.port, tcp_port=port
        )


Run = Callable[..., None]


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, bench: Bench) -> Run:
    """Run a scenario at a desk, with each client, before a device that is ready."""
    runner = RUNNERS[str(request.param)]

    def run_scenario(scenario: Callable[[Desk], Awaitable[None]], **settings: bool) -> None:
        desk = Desk(bench)

        async def when_ready(client: AsyncScrutinyClient) -> None:
            desk.client = client
            await client.wait_device_ready(DEADLINE_S)
            await scenario(desk)

        asyncio.run(runner(desk.server.tcp_port, when_ready, **settings))

    return run_scenario


@pytest.mark.parametrize("script", ["watch_on.py", "async_watch_on.py"])
def test_a_script_without_a_line_about_it_goes_on(bench: Bench, script: str) -> None:
    path = ROOT / "examples" / script
    text = path.read_text(encoding="utf8")
    assert len(text.splitlines()) <= 20
    assert "reconnect" not in text
    board = bench.start_board()
    server = bench.start_server(board.port)
    process = LoggedProcess(
        [sys.executable, str(path), f"{server.tcp_port}", UPTIME],
        environment={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )
    try:
        wait_for_more_values(process)
        wait_for_line_after(process, board.kill, "DeviceGone")
        board = bench.start_board()
        wait_for_more_values(process)
        wait_for_line_after(process, server.kill, "ServerGone")
        bench.start_server(board.port, tcp_port=server.tcp_port)
        wait_for_more_values(process)
    finally:
        process.kill()


def wait_for_more_values(process: LoggedProcess) -> None:
    process.wait_for_line(r"\d$", skip=len(process.lines))


def wait_for_line_after(process: LoggedProcess, act: Callable[[], None], pattern: str) -> None:
    line_count = len(process.lines)
    act()
    process.wait_for_line(pattern, skip=line_count)


def test_the_same_handles_live_again_at_the_same_rates(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        client = desk.client
        slow = await client.watch(UPTIME, update_rate=5)
        handles = [slow, *await client.watch_many(SCRATCH)]
        await client.wait_new_value_for_all(DEADLINE_S)

        await desk.kill_server()
        assert {handle.status for handle in handles} == {sdk.ValueStatus.ServerGone}
        assert client.try_get_existing_watch_handle(UPTIME) == slow
        with pytest.raises(sdk.exceptions.InvalidValueError, match="server is gone"):
            _ = slow.value
        await desk.restart_server()

        await slow.wait_bound(DEADLINE_S)
        await client.wait_new_value_for_all(DEADLINE_S)
        assert {handle.status for handle in handles} == {sdk.ValueStatus.Valid}
        assert slow.requested_update_rate == 5
        assert await client.watch(UPTIME) == slow
        await handles[1].write(41)
        await handles[1].wait_value(41, DEADLINE_S)

    run(scenario)


def test_events_are_those_of_a_new_connection(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.kill_server()
        await desk.restart_server()

        await expect_event(desk.client, Events.ConnectedEvent)
        await expect_event(desk.client, Events.DeviceReadyEvent)

    run(scenario)


def test_a_write_without_a_server_fails_at_once_and_is_never_repeated(run: Run) -> None:
    """Defect avoided: elsewhere a write without connection waits, and may arrive later."""

    async def scenario(desk: Desk) -> None:
        client = desk.client
        scratch = await client.watch(SCRATCH[0])
        await scratch.write(7)
        await desk.kill_server()

        with pytest.raises(sdk.exceptions.ConnectionError):
            await scratch.write(8)
        with pytest.raises(sdk.exceptions.ConnectionError):
            await client.write_watchable(SCRATCH[0], 9)
        with pytest.raises(sdk.exceptions.ConnectionError):
            await client.read_once(SCRATCH[0])
        await desk.restart_server()

        await scratch.wait_bound(DEADLINE_S)
        assert await client.read_once(SCRATCH[0]) == 7

    run(scenario)


def test_a_device_can_be_waited_for_while_the_server_is_away(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.kill_server()
        waiting = asyncio.ensure_future(desk.client.wait_device_ready(DEADLINE_S))
        await desk.restart_server()

        await waiting

    run(scenario)


def test_what_is_disconnected_stays_so(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        client = desk.client
        handle = await client.watch(UPTIME)
        await desk.kill_server()

        await client.disconnect()

        assert "connection to the server ended" in handle.snapshot().failure_reason
        with pytest.raises(sdk.exceptions.NameNotFoundError):
            await handle.unwatch()
        await desk.restart_server()
        with pytest.raises(sdk.exceptions.ConnectionError):
            await client.wait_device_ready(DEADLINE_S)
        assert client.server_state is sdk.ServerState.Disconnected
        await client.connect("127.0.0.1", desk.server.tcp_port)
        await client.wait_device_ready(DEADLINE_S)
        assert await client.watch(UPTIME) != handle

    run(scenario)


def test_who_wants_no_reconnection_gets_none(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        handle = await desk.client.watch(UPTIME)
        await desk.kill_server()

        with pytest.raises(sdk.exceptions.InvalidValueError, match=r"connection .* ended"):
            await handle.wait_bound(DEADLINE_S)
        with pytest.raises(sdk.exceptions.ConnectionError):
            await desk.client.wait_device_ready(DEADLINE_S)

    run(scenario, reconnect=False)


def test_what_is_unwatched_meanwhile_stays_so(run: Run) -> None:
    async def scenario(desk: Desk) -> None:
        kept, left = await desk.client.watch_many([UPTIME, SCRATCH[0]])
        await desk.kill_server()

        await left.unwatch()
        await desk.restart_server()

        await kept.wait_bound(DEADLINE_S)
        await kept.wait_update(DEADLINE_S)
        assert left.status is sdk.ValueStatus.NotWatched

    run(scenario)


def test_a_listener_goes_on(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    handle = client.watch(UPTIME)
    listener = BufferedReaderListener(queue_max_size=0)
    client.register_listener(listener)
    listener.subscribe(handle)
    with listener.start():
        handle.wait_update(DEADLINE_S)
        server.kill()
        bench.start_server(board.port, tcp_port=server.tcp_port)
        seen: list[sdk.ValueStatus] = []
        while seen.count(sdk.ValueStatus.ServerGone) == 0 or seen[-1] is not sdk.ValueStatus.Valid:
            seen.append(listener.get_queue().get(timeout=DEADLINE_S).status)

    assert sdk.ValueStatus.Valid in seen[: seen.index(sdk.ValueStatus.ServerGone)]


def test_a_stream_and_the_events_go_on(bench: Bench) -> None:
    desk = Desk(bench)

    async def statuses_until(
        updates: AsyncGenerator[ValueUpdate], status: sdk.ValueStatus
    ) -> list[sdk.ValueStatus]:
        seen: list[sdk.ValueStatus] = []
        while status not in seen:
            seen.append((await anext(updates)).status)
        return seen

    async def scenario(client: AsyncScrutinyClient) -> None:
        await client.wait_device_ready(DEADLINE_S)
        updates = client.stream([UPTIME, *SCRATCH[:3]])
        client.listen_events(Events.LISTEN_CONNECTED | Events.LISTEN_DISCONNECTED)
        client.clear_event_queue()
        events = client.events()
        await statuses_until(updates, sdk.ValueStatus.Valid)
        reading = asyncio.ensure_future(anext(events))
        desk.server.kill()
        await statuses_until(updates, sdk.ValueStatus.ServerGone)
        assert isinstance(await reading, Events.DisconnectedEvent)
        await desk.restart_server()
        await statuses_until(updates, sdk.ValueStatus.Valid)
        assert isinstance(await anext(events), Events.ConnectedEvent)

        await client.disconnect()
        assert [type(event) async for event in events] == [Events.DisconnectedEvent]
        assert [update.status async for update in updates][-1] is sdk.ValueStatus.ServerGone

    asyncio.run(RUNNERS["asyncio"](desk.server.tcp_port, scenario))

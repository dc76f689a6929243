"""What only the asyncio client does: iterators, cancelling, many tasks."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.aio import AsyncScrutinyClient, ValueUpdate
from scrutiny.sdk.definitions import ServerState, ValueStatus
from tests.support.bench import Bench, Events
from tests.support.example_board import ROOT, SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


def run_before_device(
    server: ServerProcess,
    scenario: Callable[[AsyncScrutinyClient], Awaitable[None]],
    *,
    reconnect: bool = True,
) -> None:
    async def main() -> None:
        client = AsyncScrutinyClient(enabled_events=Events.LISTEN_ALL)
        async with client.connect("127.0.0.1", server.tcp_port, reconnect=reconnect) as same:
            assert same is client
            await client.wait_device_ready(DEADLINE_S)
            await scenario(client)
        gc.collect()  # of iterators that were left
        await asyncio.sleep(0)
        assert client.server_state is ServerState.Disconnected
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, "tasks outlive the connection"

    asyncio.run(main())


def test_a_stream_yields_updates_of_all_paths_with_their_handles(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        wanted = {UPTIME, *SCRATCH[:5]}
        seen: dict[str, ValueUpdate] = {}
        async for update in client.stream(sorted(wanted)):
            assert update.status is ValueStatus.Valid
            assert update.value is not None
            assert update.timestamp is not None
            seen[update.handle.server_path] = update
            if seen.keys() == wanted:
                break
        assert seen[UPTIME].handle is await client.watch(UPTIME)

    run_before_device(server, scenario)


def test_a_slow_loop_gets_the_newest_value_of_each_path(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        first, second = await client.watch_many(SCRATCH[:2])
        updates = client.stream(SCRATCH[:2])
        await anext(updates)
        for number in range(1, 20):
            await first.write(number)
            await first.wait_value(number, DEADLINE_S)
        await second.write(7)
        await second.wait_value(7, DEADLINE_S)
        newest = [await anext(updates), await anext(updates)]
        await updates.aclose()

        assert {update.handle.server_path: update.value for update in newest} == {
            first.server_path: 19,
            second.server_path: 7,
        }

    run_before_device(server, scenario)


def test_iterators_end_with_the_connection_and_tell_it_first(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        updates = client.stream([UPTIME])
        await anext(updates)
        server.kill()
        statuses = [update.status async for update in updates]
        kinds = [type(event) async for event in client.events()]

        assert statuses[-1] is ValueStatus.ServerGone
        assert kinds[-3:] == [
            Events.DeviceGoneEvent,
            Events.SFDUnLoadedEvent,
            Events.DisconnectedEvent,
        ] or kinds[-2:] == [Events.DeviceGoneEvent, Events.DisconnectedEvent]
        with pytest.raises(exceptions.ConnectionError):
            await anext(client.events())

    run_before_device(server, scenario, reconnect=False)


def test_events_are_chosen_where_they_are_read(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        client.listen_events(Events.LISTEN_NONE)  # or a status may come before it is listening
        client.clear_event_queue()
        events = client.events(Events.LISTEN_DEVICE_GONE)
        reading = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)  # it is listening now
        board.kill()
        assert isinstance(await reading, Events.DeviceGoneEvent)

    run_before_device(server, scenario)


def test_any_await_may_be_cancelled(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(UPTIME)
        awaits: list[Callable[[], Awaitable[object]]] = [
            lambda: client.watch(SCRATCH[3]),
            lambda: client.read_once(SCRATCH[3]),
            lambda: client.get_device_info(),
            lambda: client.write_watchable(SCRATCH[3], 1),
            lambda: handle.wait_update(DEADLINE_S),
            lambda: handle.wait_value(4_000_000_000, DEADLINE_S),
            lambda: client.wait_new_value_for_all(),
            lambda: client.get_watchable_info([UPTIME]),
        ]
        for start in awaits:
            for step_count in range(3):  # not begun, sent, on its way
                task = asyncio.ensure_future(start())
                for _ in range(step_count):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
        await client.wait_process()
        assert client.try_get_existing_watch_handle(SCRATCH[3]) is None
        await handle.wait_update(DEADLINE_S)
        assert await client.read_once(UPTIME) > 0

    run_before_device(server, scenario)


def test_batches_of_two_tasks_do_not_mix(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        first, second = await client.watch_many(SCRATCH[:2])
        opened, written = asyncio.Event(), asyncio.Event()

        async def collect() -> None:
            async with client.batch_write():
                await first.write(41)
                opened.set()
                await written.wait()
                assert await client.read_once(SCRATCH[0]) == 0
                with pytest.raises(exceptions.OperationFailure, match="nested"):
                    async with client.batch_write():
                        pass

        collecting = asyncio.ensure_future(collect())
        await opened.wait()
        await second.write(42)
        assert await client.read_once(SCRATCH[1]) == 42
        written.set()
        await collecting
        assert await client.read_once(SCRATCH[0]) == 41

    run_before_device(server, scenario)


def test_many_tasks_share_a_connection(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def scenario(client: AsyncScrutinyClient) -> None:
        handles = await client.watch_many(SCRATCH)
        await asyncio.gather(*(h.write(100 + number) for number, h in enumerate(handles)))
        values = await asyncio.gather(*(client.read_once(path) for path in SCRATCH))

        assert values == [100 + number for number in range(len(SCRATCH))]

    run_before_device(server, scenario)


def test_connecting_can_fail_be_cut_and_be_repeated(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def main() -> None:
        silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        async with silent, AsyncScrutinyClient(timeout=DEADLINE_S) as client:
            port = silent.sockets[0].getsockname()[1]
            connecting = asyncio.ensure_future(client.connect("127.0.0.1", port).__aenter__())
            await asyncio.sleep(0)
            assert client.server_state is ServerState.Connecting
            client.close_socket()
            with pytest.raises(exceptions.ConnectionError, match="close_socket"):
                await connecting
            silent.close()
            with pytest.raises(exceptions.ConnectionError, match="Is the server running"):
                await client.connect("127.0.0.1", port)
            for _ in range(2):  # the second one ends the first
                await client.connect("127.0.0.1", server.tcp_port)
                assert client.port == server.tcp_port
            client.close_socket()
            kinds = [type(event) async for event in client.events(Events.LISTEN_DISCONNECTED)]
            assert kinds == [Events.DisconnectedEvent]

    asyncio.run(main())


def test_a_client_that_nobody_uses_goes_away(bench: Bench) -> None:
    server = bench.start_server(bench.start_board().port)

    async def main() -> None:
        client = await AsyncScrutinyClient().connect("127.0.0.1", server.tcp_port)
        reader = next(t for t in asyncio.all_tasks() if t.get_name() == "scrutiny-sdk-reader")
        del client
        gc.collect()
        await asyncio.wait_for(reader, DEADLINE_S)

    asyncio.run(main())


def test_the_example_prints_updates_and_events(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    script = str(ROOT / "examples" / "async_watch.py")
    address = ("--host", "127.0.0.1", "--port", f"{server.tcp_port}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    example = LoggedProcess([sys.executable, script, *address, UPTIME], environment=environment)
    try:
        example.wait_for_line(rf"^{UPTIME} = \d+$")
        board.kill()
        example.wait_for_line("^Device gone")
        example.wait_for_line(f"^{UPTIME} = DeviceGone$")
        server.kill()
        example.wait_for_line("^Disconnected")
        example.wait_for_line(f"^{UPTIME} = ServerGone$")
        bench.start_server(board.port, tcp_port=server.tcp_port)
        example.wait_for_line("^Connected")
        example.interrupt()
        assert example.finish() == 0, example.lines
        assert example.lines[-1] == "Bye."
    finally:
        example.kill()

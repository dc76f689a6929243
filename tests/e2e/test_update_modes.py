"""Changes only, every sample, callbacks: with both clients, before a server and a C program."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from scrutiny.sdk import UpdateMode
from scrutiny.sdk.aio import AsyncScrutinyClient
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import ValueStatus
from scrutiny.sdk.watchable_handle import ValueSnapshot
from tests.support.bench import Bench
from tests.support.either_client import RUNNERS, Scenario
from tests.support.example_board import SCRATCH, UPTIME, Board
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

Run = Callable[[Scenario], None]


class Seen:
    """Keeps what a callback is called with, from whichever thread."""

    def __init__(self) -> None:
        self.snapshots: list[ValueSnapshot] = []
        self._changed = threading.Condition()

    def __call__(self, snapshot: ValueSnapshot) -> None:
        with self._changed:
            self.snapshots.append(snapshot)
            self._changed.notify_all()

    @property
    def values(self) -> list[object]:
        return [snapshot.value for snapshot in self.snapshots]

    @property
    def is_in_order(self) -> bool:
        times = [snapshot.timestamp for snapshot in self.snapshots if snapshot.timestamp]
        return len(times) == len(self.snapshots) and times == sorted(times)

    async def wait(self, is_enough: Callable[[], object]) -> None:
        def wait() -> None:
            with self._changed:
                assert self._changed.wait_for(is_enough, DEADLINE_S), self.snapshots

        await asyncio.to_thread(wait)


@pytest.fixture
def board(bench: Bench) -> Board:
    return bench.start_board()


@pytest.fixture
def server(bench: Bench, board: Board) -> Iterator[ServerProcess]:
    server = bench.start_server(board.port)
    yield server
    assert server.complaints == []


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, server: ServerProcess) -> Run:
    """Run a scenario with a client that is connected, before a device that is ready."""
    runner = RUNNERS[str(request.param)]

    def run_scenario(scenario: Scenario) -> None:
        async def when_ready(client: AsyncScrutinyClient) -> None:
            await client.wait_device_ready(DEADLINE_S)
            await scenario(client)

        asyncio.run(runner(server.tcp_port, when_ready))

    return run_scenario


def test_a_constant_is_told_once_and_each_change_of_it(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(SCRATCH[0], mode=UpdateMode.OnChange)
        clock = await client.watch(UPTIME)
        await handle.wait_update(DEADLINE_S, previous_counter=0)
        seen = Seen()
        handle.on_update(seen)
        for number in (5, 6, 7):
            await handle.write(number)
            await handle.wait_value(number, DEADLINE_S)
            for _ in range(20):  # it is read about as often as this one
                await clock.wait_update(DEADLINE_S)
        await seen.wait(lambda: 7 in seen.values)

        assert seen.values == [5, 6, 7]
        assert handle.update_counter == 4

    run(scenario)


def test_small_steps_are_told_when_they_add_up(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(SCRATCH[0], mode=UpdateMode.OnChange, dead_band=2)
        await handle.wait_update(DEADLINE_S, previous_counter=0)
        seen = Seen()
        handle.on_update(seen)
        writer = await client.watch(UPTIME)
        for number in range(1, 8):
            await handle.write(number)
            await writer.wait_update(DEADLINE_S)
        await seen.wait(lambda: 6 in seen.values)

        assert seen.values == [3, 6]

    run(scenario)


def test_two_clients_get_the_very_same_samples(server: ServerProcess, run: Run) -> None:
    """Nothing is left out or told twice: what is read is read once, for both."""
    other_samples: list[tuple[datetime | None, int | float | bool | None]] = []

    def note(snapshot: ValueSnapshot) -> None:
        other_samples.append((snapshot.timestamp, snapshot.value))

    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(UPTIME, mode=UpdateMode.EverySample)
        seen = Seen()
        handle.on_update(seen)
        await seen.wait(lambda: len(seen.snapshots) > 2000)

        with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as other:
            twin = other.watch(UPTIME, mode=UpdateMode.EverySample)
            end = twin.on_update(note)
            start = len(seen.snapshots)
            await seen.wait(lambda: len(seen.snapshots) > start + 2000)
            end()
            last = other_samples[-1]
            await seen.wait(lambda: last in [(s.timestamp, s.value) for s in seen.snapshots[-500:]])
            assert other.lost_sample_count == 0
        assert client.lost_sample_count == 0

        assert seen.is_in_order
        samples = [(snapshot.timestamp, snapshot.value) for snapshot in seen.snapshots]
        rest = other_samples[1:]  # the first one was known before the others were read for it
        assert samples[samples.index(rest[0]) : samples.index(rest[-1]) + 1] == rest
        assert len(rest) > 1000

    run(scenario)


def test_a_slow_function_still_gets_every_sample(server: ServerProcess) -> None:
    with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
        client.wait_device_ready(DEADLINE_S)
        handle = client.watch(UPTIME, 200, mode=UpdateMode.EverySample)
        seen, is_free = Seen(), threading.Event()

        def slow(snapshot: ValueSnapshot) -> None:
            is_free.wait(DEADLINE_S)
            seen(snapshot)

        handle.on_update(slow)
        start = handle.update_counter
        while handle.update_counter < start + 50:
            handle.wait_update(DEADLINE_S)
        is_free.set()

        asyncio.run(seen.wait(lambda: len(seen.snapshots) >= 50))
        assert seen.is_in_order


def test_a_slow_coroutine_still_gets_every_sample(server: ServerProcess) -> None:
    async def scenario() -> None:
        async with AsyncScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
            await client.wait_device_ready(DEADLINE_S)
            handle = await client.watch(UPTIME, 200, mode=UpdateMode.EverySample)
            seen, is_free = Seen(), asyncio.Event()

            async def slow(snapshot: ValueSnapshot) -> None:
                await is_free.wait()
                seen(snapshot)

            handle.on_update(slow)
            start = handle.update_counter
            while handle.update_counter < start + 50:
                await handle.wait_update(DEADLINE_S)
            is_free.set()

            await seen.wait(lambda: len(seen.snapshots) >= 50)
            assert seen.is_in_order

    asyncio.run(scenario())


async def _of_every_sample(client: AsyncScrutinyClient, count: int) -> list[object]:
    values: list[object] = []
    async for update in client.stream([UPTIME], 500, mode=UpdateMode.EverySample):
        values.append(update.value)
        if len(values) == count:
            break
        if len(values) == 10:
            await asyncio.sleep(0.2)  # while this task is away, values come
    return values


def test_a_stream_of_every_sample_has_no_holes(server: ServerProcess) -> None:
    """The uptime counts milliseconds: at 500 reads per second, each is a few after the other."""

    async def scenario() -> None:
        async with AsyncScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
            await client.wait_device_ready(DEADLINE_S)
            handle = await client.watch(UPTIME, 500, mode=UpdateMode.EverySample)
            seen = Seen()
            handle.on_update(seen)

            streamed = await _of_every_sample(client, 200)

            await seen.wait(lambda: streamed[-1] in seen.values)
            first = seen.values.index(streamed[0]) if streamed[0] in seen.values else 0
            skipped = 0 if streamed[0] in seen.values else streamed.index(seen.values[0])
            rest = streamed[skipped:]
            assert seen.values[first : first + len(rest)] == rest
            assert len(rest) > 100

    asyncio.run(scenario())


def test_a_callback_that_fails_stops_nothing(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(UPTIME)
        seen = Seen()

        def fail(snapshot: ValueSnapshot) -> None:
            seen(snapshot)
            raise ZeroDivisionError

        end = handle.on_update(fail)
        await seen.wait(lambda: len(seen.snapshots) >= 3)
        end()

    run(scenario)
    assert caplog.text.count(f"A callback for {UPTIME} failed") >= 3


def test_a_callback_learns_that_the_value_is_gone_and_ends(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(UPTIME)
        seen = Seen()
        handle.on_update(seen)
        await seen.wait(lambda: seen.snapshots)

        await handle.unwatch()

        await seen.wait(lambda: seen.snapshots[-1].status is ValueStatus.NotWatched)
        assert seen.snapshots[-1].value is None

    run(scenario)


def test_a_new_watch_has_a_value_at_once_if_it_is_read_for_somebody(
    server: ServerProcess, run: Run
) -> None:
    with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as other:
        other.wait_device_ready(DEADLINE_S)
        slow = other.watch(UPTIME, 1)
        slow.wait_update(DEADLINE_S)

        async def scenario(client: AsyncScrutinyClient) -> None:
            known = slow.last_update_timestamp
            seen = Seen()
            handle = await client.watch(UPTIME, 1)
            handle.on_update(seen)
            if handle.status is ValueStatus.NeverSet:
                await seen.wait(lambda: seen.snapshots)
            assert known is not None
            assert handle.last_update_timestamp is not None
            assert abs((handle.last_update_timestamp - known).total_seconds()) < 1.5

        run(scenario)


def test_modes_outlast_the_server(
    bench: Bench, board: Board, server: ServerProcess, run: Run
) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(SCRATCH[0], mode=UpdateMode.OnChange)
        await handle.wait_update(DEADLINE_S, previous_counter=0)
        seen = Seen()
        handle.on_update(seen)
        server.kill()
        await seen.wait(lambda: seen.snapshots)
        again = bench.start_server(board.port, tcp_port=server.tcp_port)
        await handle.wait_bound(DEADLINE_S)
        await seen.wait(lambda: seen.snapshots[-1].status is ValueStatus.Valid)
        counter = handle.update_counter
        clock = await client.watch(UPTIME)
        for _ in range(20):
            await clock.wait_update(DEADLINE_S)

        assert handle.update_counter == counter
        assert again.complaints == []

    run(scenario)


@pytest.mark.parametrize(
    ("mode", "dead_band"),
    [(UpdateMode.Newest, 1.0), (UpdateMode.EverySample, 1.0), (UpdateMode.OnChange, -1.0)],
)
def test_a_dead_band_that_makes_no_sense_is_refused(mode: UpdateMode, dead_band: float) -> None:
    with pytest.raises(ValueError, match="dead_band"):
        ScrutinyClient().watch(UPTIME, mode=mode, dead_band=dead_band)


def test_a_mode_is_one_of_the_modes() -> None:
    with pytest.raises(TypeError, match="UpdateMode"):
        ScrutinyClient().watch(UPTIME, mode="newest")  # type: ignore[arg-type]

"""The same scenarios with the blocking and the asyncio client, before a server and a C program."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.aio import AsyncScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig
from scrutiny.sdk.definitions import ServerDatastoreContentType, ServerState, ValueStatus
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events
from tests.support.either_client import RUNNERS, Scenario
from tests.support.example_board import SCRATCH, UPTIME, description_of
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

SETPOINT = "/global/motor_setpoint_rpm"
Run = Callable[[Scenario], None]


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    with Bench(described_program, tmp_path) as bench:
        yield bench
    for server in bench.servers:
        assert server.complaints == []


@pytest.fixture
def server(bench: Bench, described_program: Path, tmp_path: Path) -> ServerProcess:
    store = DescriptionStore(tmp_path / "data" / "server")
    store.install(description_of(described_program))
    return bench.start_server(bench.start_board().port, 115_200, "--allow-memory-write")


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, server: ServerProcess) -> Run:
    """Run a scenario with a client that is connected, before a device that is ready."""
    runner = RUNNERS[str(request.param)]

    def run_scenario(scenario: Scenario) -> None:
        async def when_ready(client: AsyncScrutinyClient) -> None:
            await client.wait_device_ready(DEADLINE_S)
            await client.wait_sfd_loaded(DEADLINE_S)
            await scenario(client)

        asyncio.run(runner(server.tcp_port, when_ready))

    return run_scenario


def test_a_value_is_watched_written_and_left(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(SCRATCH[0])
        await handle.wait_update(DEADLINE_S)
        await handle.write(17)
        await handle.wait_value(17, DEADLINE_S)

        assert handle.value == handle.value_int == 17
        assert handle.last_write_timestamp is not None
        assert client.try_get_existing_watch_handle(SCRATCH[0]) is not None
        await client.unwatch(SCRATCH[0])
        assert handle.status is ValueStatus.NotWatched
        with pytest.raises(exceptions.OperationFailure):
            await handle.write(1)
        with pytest.raises(exceptions.NameNotFoundError):
            await client.unwatch(SCRATCH[0])

    run(scenario)


def test_many_are_watched_all_or_none(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handles = await client.watch_many(SCRATCH, update_rate=50)
        await client.wait_new_value_for_all(DEADLINE_S)

        assert [handle.server_path for handle in handles] == SCRATCH
        with pytest.raises(exceptions.OperationFailure, match="nonsense"):
            await client.watch_many([UPTIME, "/nonsense"])
        assert client.try_get_existing_watch_handle(UPTIME) is None

    run(scenario)


def test_a_batch_is_written_at_its_end_and_not_after_an_exception(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handles = await client.watch_many(SCRATCH)
        async with client.batch_write():
            for number, handle in enumerate(handles):
                await handle.write(number + 1)
        read = await client.read_many(SCRATCH)
        assert [read[path].value for path in SCRATCH] == list(range(1, len(SCRATCH) + 1))

        with contextlib.suppress(ZeroDivisionError):
            async with client.batch_write():
                await handles[0].write(99)
                raise ZeroDivisionError
        assert await client.read_once(SCRATCH[0]) == 1

    run(scenario)


def test_memory_is_written_and_read(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        definition = await client.get_var_watchable_info(SETPOINT)
        assert definition.address is not None
        await client.write_watchable(SETPOINT, 250)
        before = await client.read_memory(definition.address, 4)
        await client.write_memory(definition.address, bytes(4))

        assert before != bytes(4)
        assert await client.read_memory(definition.address, 4) == bytes(4)
        assert await client.read_once(SETPOINT) == 0
        with pytest.raises(exceptions.BadTypeError):
            await client.get_alias_watchable_info(SETPOINT)

    run(scenario)


def test_the_server_tells_about_itself_and_the_device(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        await client.wait_process()
        status = await client.request_server_status_update(wait=True)
        device = await client.get_device_info()
        stats = await client.get_server_stats()
        counts = await client.get_watchable_count()

        assert client.server_state is ServerState.Connected
        assert status is not None
        assert status.device_session_id == client.get_latest_server_status().device_session_id
        assert device is not None
        assert stats.uptime > 0
        assert counts[ServerDatastoreContentType.Variable] > 0
        assert client.get_local_stats().rx_message_rate > 0
        await client.set_server_throttling(0)

    run(scenario)


def test_events_come_in_order(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        kinds: list[type] = []
        while client.has_event_pending():
            kinds.append(type(await client.read_event()))

        assert kinds[0] is Events.ConnectedEvent
        ready, loaded = Events.DeviceReadyEvent, Events.SFDLoadedEvent
        assert kinds.index(ready) < kinds.index(loaded)
        assert await client.read_event(timeout=0) is None

    run(scenario)


def test_the_list_comes_whole_and_in_parts(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        request = client.download_watchable_list()
        await request.wait_for_completion(DEADLINE_S)
        content = request.get()
        lasts: list[bool] = []
        in_parts = client.download_watchable_list(
            max_per_response=10, partial_reception_callback=lambda part, last: lasts.append(last)
        )
        await in_parts.wait_for_completion(DEADLINE_S)

        assert SETPOINT in content.var
        assert len(lasts) > 1
        assert lasts == [False] * (len(lasts) - 1) + [True]

    run(scenario)


def test_a_description_goes_there_and_back(run: Run, described_program: Path) -> None:
    path = description_of(described_program)

    async def scenario(client: AsyncScrutinyClient) -> None:
        (firmware_id,) = await client.get_installed_sfds()
        download = client.download_sfd(firmware_id)
        await download.wait_for_completion(DEADLINE_S)
        await client.uninstall_sfds([firmware_id])
        assert await client.get_loaded_sfd() is None
        upload = await client.init_sfd_upload(path)
        assert not upload.will_overwrite
        upload.start()
        await upload.wait_for_completion(DEADLINE_S)

        assert download.get() == path.read_bytes()
        assert upload.get_sfd_info().firmware_id == firmware_id
        await client.wait_sfd_loaded(DEADLINE_S)
        given_up = await client.init_sfd_upload(path)
        assert given_up.will_overwrite
        given_up.cancel()
        with pytest.raises(exceptions.OperationFailure):
            given_up.start()

    run(scenario)


def test_a_recording_is_made_fetched_renamed_and_deleted(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        config = DataloggingConfig(0, name="both")
        config.add_signal("/rpv/x1001", config.add_axis("rpm"))
        request = await client.start_datalog(config)
        await request.wait_until_armed(DEADLINE_S)
        acquisition = await request.wait_and_fetch(DEADLINE_S)
        assert request.acquisition_reference_id == acquisition.reference_id

        await client.update_datalogging_acquisition(acquisition.reference_id, name="renamed")
        (entry,) = await client.list_stored_datalogging_acquisitions()
        assert entry.name == "renamed"
        again = await client.read_datalogging_acquisition(acquisition.reference_id)
        (series,), (same,) = acquisition.get_data(), again.get_data()
        assert list(same.series.get_data()) == list(series.series.get_data())
        await client.delete_datalogging_acquisition(acquisition.reference_id)
        assert await client.list_stored_datalogging_acquisitions() == []

    run(scenario)


def test_what_is_wrong_raises_the_same(run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await client.watch(SCRATCH[0])
        with pytest.raises(exceptions.OperationFailure):
            await client.watch("/nothing/of/this/name")
        with pytest.raises(exceptions.TimeoutException):
            await handle.wait_value(12345, 0)
        with pytest.raises(TypeError):
            await handle.write(b"octets")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="rate"):
            await client.watch(UPTIME, update_rate=0)
        with pytest.raises(exceptions.OperationFailure):
            await client.load_sfd("0" * 32)
        await client.disconnect()
        with pytest.raises(exceptions.ConnectionError):
            await handle.write(1)
        with pytest.raises(exceptions.InvalidValueError):
            await handle.wait_update(DEADLINE_S)
        with pytest.raises(exceptions.ConnectionError):
            await client.watch(UPTIME)

    run(scenario)

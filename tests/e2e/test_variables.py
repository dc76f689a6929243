"""Variables by name, from the ELF file of the firmware to the handles of a script."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import (
    ServerDatastoreContentType,
    UpdateMode,
    ValueStatus,
    WatchableType,
)
from scrutiny.sdk.watchable_handle import WatchableHandle
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import ROOT, CannotBuild, build_board, description_of
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.told_values import ToldValues

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

SETPOINT = "/global/motor_setpoint_rpm"
FOCUS = "/global/statistics_focus"
FOCUS_MEAN = "/global/*statistics_focus/mean"
STATISTICS = "/global/statistics"
TIME_OFFSET = "/static/app_published.c/time_offset"


def built(folder: Path) -> Path:
    """Build the example with its description."""
    try:
        return build_board(folder, described=True)
    except CannotBuild as error:
        cannot_run(f"{error}")


@pytest.fixture(scope="session")
def other_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sources compiled in another way: other addresses, another identifier."""
    folder = tmp_path_factory.mktemp("other")
    before = os.environ.get("CFLAGS")
    os.environ["CFLAGS"] = "-O0 -g -fno-common -falign-functions=64"
    try:
        return built(folder)
    finally:
        if before is None:
            del os.environ["CFLAGS"]
        else:
            os.environ["CFLAGS"] = before


@pytest.fixture
def bench(described_program: Path, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose boards are described; the description is not installed yet."""
    with Bench(described_program, tmp_path) as bench:
        yield bench
    for server in bench.servers:
        assert server.complaints == []


@pytest.fixture
def store(tmp_path: Path) -> DescriptionStore:
    """Where the servers of this test look for descriptions."""
    return DescriptionStore(tmp_path / "data" / "server")


@pytest.fixture
def client(bench: Bench, store: DescriptionStore, described_program: Path) -> ScrutinyClient:
    """A client of a server that has loaded the description of a board at rest."""
    store.install(description_of(described_program))
    board = bench.start_board("--freeze")
    client = bench.connect(bench.start_server(board.port))
    expect_event(client, Events.SFDLoadedEvent)
    return client


def test_everything_that_the_firmware_has_is_listed(client: ScrutinyClient) -> None:
    count = client.get_watchable_count()
    request = client.download_watchable_list()
    request.wait_for_completion(DEADLINE_S)
    content = request.get()

    assert count[ServerDatastoreContentType.Variable] == len(content.var)
    assert count[ServerDatastoreContentType.Alias] == len(content.alias) == 8
    assert count[ServerDatastoreContentType.VariableFactory] == len(content.var_factory)
    assert {SETPOINT, "/static/motor.c/parameters/supply_v", FOCUS_MEAN} <= content.var.keys()
    state = content.var["/global/motor_state"].enum
    assert state is not None
    assert state.get_value("MOTOR_FAULT") == 3
    factory = content.var_factory["/global/statistics_histogram/statistics_histogram"]
    assert factory.count_possible_paths() == 4 * 8


def test_a_variable_and_the_value_published_from_it_are_one(client: ScrutinyClient) -> None:
    variable, published = client.watch_many([SETPOINT, "/rpv/x1000"])
    client.wait_new_value_for_all(DEADLINE_S)

    published.value = 1234.5
    variable.wait_value(1234.5, DEADLINE_S)
    variable.value = -77
    published.wait_value(-77, DEADLINE_S)


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/static/motor.c/parameters/supply_v", "float32", 24.0),
        ("/static/protected.c/calibration/serial_number", "uint32", 20240117),
        ("/static/protected.c/calibration/encoder_table/encoder_table[6]", "sint16", -17),
        ("/global/motor_flags/enabled", "uint32", 1),
        ("/global/motor_last_fault", "uint8", 0),
        ("/motor/last fault", "uint8", 0),
    ],
)
def test_values_are_those_in_the_source(
    client: ScrutinyClient, path: str, kind: str, expected: float
) -> None:
    handle = client.watch(path)
    handle.wait_update(DEADLINE_S)

    assert handle.value == expected
    assert handle.datatype.name == kind
    assert client.read_once(path) == expected


def test_v1_bit_fields_are_written_alone_and_signed(client: ScrutinyClient) -> None:
    flags = "/global/motor_flags/"
    enabled, overheated, code = client.watch_many(
        [flags + name for name in ("enabled", "overheated", "fault_code")]
    )
    direction = client.watch(flags + "direction", mode=UpdateMode.EverySample)
    client.wait_new_value_for_all(DEADLINE_S)
    directions = ToldValues(direction)  # the firmware sets it again and again

    with client.batch_write():
        code.value = 9
        direction.value = -1
    assert directions.include(-1, DEADLINE_S)
    assert code.value == 9
    code.value = 300
    direction.value = -5
    client.wait_new_value_for_all(DEADLINE_S)

    assert directions.include(-2, DEADLINE_S)
    assert (enabled.value, overheated.value, code.value) == (1, 0, 15)


def test_expressions_and_exact_integers_are_written(client: ScrutinyClient) -> None:
    setpoint, offset = client.watch_many([SETPOINT, TIME_OFFSET])
    client.wait_new_value_for_all(DEADLINE_S)

    setpoint.value = "floor(1.23e5*cos(radians(5^2)))"
    assert setpoint.value == 111475
    offset.value = "9223372036854775807"
    assert offset.value == 2**63 - 1
    with pytest.raises(exceptions.OperationFailure, match="foo"):
        setpoint.value = "foo(2)"
    assert client.read_once(SETPOINT) == 111475


def test_pointers_are_followed_wherever_they_point(client: ScrutinyClient) -> None:
    pointer, mean, speed, current = client.watch_many(
        [
            FOCUS,
            FOCUS_MEAN,
            "/global/statistics/speed_rpm/mean",
            "/global/statistics/current_a/mean",
        ]
    )
    client.wait_new_value_for_all(DEADLINE_S)
    speed.value, current.value = 1111, 2222
    mean.wait_value(1111, DEADLINE_S)

    start = client.get_var_watchable_info(f"{STATISTICS}/current_a/minimum").address
    assert start is not None
    pointer.value = start
    mean.wait_value(2222, DEADLINE_S)
    mean.value = 3333
    current.wait_value(3333, DEADLINE_S)
    assert client.get_var_watchable_info(FOCUS_MEAN).address == start + 8


def test_null_pointers_say_so_until_they_point_again(client: ScrutinyClient) -> None:
    pointer, mean = client.watch_many([FOCUS, FOCUS_MEAN])
    client.wait_new_value_for_all(DEADLINE_S)
    address = pointer.value_int

    pointer.value = 0
    wait_status(mean, ValueStatus.NullPtrDereferenced, pointer)
    with pytest.raises(exceptions.OperationFailure, match="null"):
        mean.value = 1
    assert client.get_var_watchable_info(FOCUS_MEAN).address is None
    with pytest.raises(exceptions.InvalidValueError, match="null"):
        client.read_once(FOCUS_MEAN)

    pointer.value = address
    wait_status(mean, ValueStatus.Valid, pointer)


def wait_status(handle: WatchableHandle, status: ValueStatus, ticking: WatchableHandle) -> None:
    """Wait until a handle has a status, looked at whenever another one is updated."""
    deadline_s = time.monotonic() + DEADLINE_S
    while handle.status is not status:
        assert time.monotonic() < deadline_s, handle.status
        ticking.wait_update(DEADLINE_S)


def test_regions_that_the_firmware_protects_stay_protected(client: ScrutinyClient) -> None:
    secret = client.watch("/static/protected.c/secret_key/secret_key[3]")
    serial = client.watch("/static/protected.c/calibration/serial_number")
    serial.wait_update(DEADLINE_S)

    assert secret.status is ValueStatus.ForbiddenRegion
    with pytest.raises(exceptions.OperationFailure, match="forbidden"):
        secret.value = 0
    with pytest.raises(exceptions.OperationFailure, match="read only"):
        serial.value = 1
    assert client.read_once("/static/protected.c/calibration/serial_number") == 20240117


def test_aliases_have_the_units_and_limits_of_the_user(client: ScrutinyClient) -> None:
    setpoint, raw, trim, raw_trim, fault = client.watch_many(
        ["/motor/setpoint [rpm]", SETPOINT, "/motor/trim [%]", "/rpv/x100C", "/motor/last fault"]
    )
    client.wait_new_value_for_all(DEADLINE_S)

    setpoint.value = 99999
    assert (setpoint.value, client.read_once(SETPOINT)) == (3000, 3000)
    trim.value = 12.6
    raw_trim.wait_value(25, DEADLINE_S)
    assert trim.value == 12.5
    fault.value_enum = "stalled"
    assert (fault.value, fault.value_enum) == (2, "stalled")
    raw.value = 5000
    setpoint.wait_value(5000, DEADLINE_S)
    details = trim.alias_details
    assert (details.target, details.gain, details.min, details.max) == ("/rpv/x100C", 0.5, -50, 50)
    assert details.target_type is WatchableType.RuntimePublishedValue


def test_f8_a_bad_index_is_named_with_its_limit(client: ScrutinyClient) -> None:
    table = "/global/statistics_histogram/statistics_histogram"
    with pytest.raises(exceptions.OperationFailure, match=r"index 8 .*0 to 7"):
        client.watch(f"{table}[0][8]")
    with pytest.raises(exceptions.OperationFailure, match="2 indices"):
        client.watch(f"{table}[0]")
    with pytest.raises(exceptions.OperationFailure, match="statistics_histogram"):
        client.watch(table)


def test_an_unknown_path_is_answered_with_what_is_there(client: ScrutinyClient) -> None:
    with pytest.raises(exceptions.OperationFailure, match="group, with for example /global/stat"):
        client.watch(STATISTICS)
    with pytest.raises(exceptions.OperationFailure, match=f"the closest is {SETPOINT}"):
        client.watch("/global/motor_setpoint")


def test_watching_many_paths_is_all_or_nothing(client: ScrutinyClient) -> None:
    with pytest.raises(exceptions.OperationFailure, match="/global/nothing"):
        client.watch_many([SETPOINT, "/global/nothing"])
    assert client.try_get_existing_watch_handle(SETPOINT) is None

    history = "/global/statistics_speed_history/statistics_speed_history"
    handles = client.watch_many([f"{history}[{index}]" for index in range(64)])
    client.wait_new_value_for_all(DEADLINE_S)
    assert len({handle.server_id for handle in handles}) == 64


def test_handles_come_back_after_a_reboot(
    bench: Bench, store: DescriptionStore, described_program: Path
) -> None:
    store.install(description_of(described_program))
    board = bench.start_board("--freeze")
    client = bench.connect(bench.start_server(board.port))
    expect_event(client, Events.SFDLoadedEvent)
    handles = client.watch_many([SETPOINT, FOCUS_MEAN, "/motor/state", "/rpv/x1001"])
    client.wait_new_value_for_all(DEADLINE_S)
    ids = [handle.server_id for handle in handles]

    board.kill()
    expect_event(client, Events.DeviceGoneEvent)
    assert {handle.status for handle in handles} == {ValueStatus.DeviceGone}
    with pytest.raises(exceptions.InvalidValueError):
        _ = handles[0].value
    bench.start_board("--freeze")
    expect_event(client, Events.SFDLoadedEvent)
    client.wait_new_value_for_all(DEADLINE_S)

    assert {handle.status for handle in handles} == {ValueStatus.Valid}
    assert not set(ids) & {handle.server_id for handle in handles}
    handles[0].value = 321
    assert client.read_once(SETPOINT) == 321


def test_handles_find_their_variables_in_another_firmware(
    bench: Bench,
    store: DescriptionStore,
    described_program: Path,
    other_program: Path,
    tmp_path: Path,
) -> None:
    store.install(description_of(described_program))
    store.install(description_of(other_program))
    program = tmp_path / "flash"
    shutil.copy(described_program, program)
    with Bench(program, tmp_path / "line") as own:
        (tmp_path / "line").mkdir()
        board = own.start_board("--freeze")
        client = bench.connect(bench.start_server(board.port))
        first = expect_event(client, Events.SFDLoadedEvent)
        handle = client.watch("/static/app_published.c/scratch_counts/scratch_counts[7]")
        handle.wait_update(DEADLINE_S)
        before = handle.var_details.address

        board.kill()
        shutil.copy(other_program, program)
        own.start_board("--freeze")
        second = expect_event(client, Events.SFDLoadedEvent)
        handle.wait_value(0, DEADLINE_S)

        assert first.firmware_id != second.firmware_id
        assert handle.var_details.address != before
        handle.value = 4711
        assert client.read_once("/rpv/x2007") == 4711


def test_a_handle_tells_that_the_new_firmware_has_no_description(
    bench: Bench,
    store: DescriptionStore,
    described_program: Path,
    other_program: Path,
    tmp_path: Path,
) -> None:
    store.install(description_of(described_program))
    program = tmp_path / "flash"
    shutil.copy(described_program, program)
    (tmp_path / "line").mkdir()
    with Bench(program, tmp_path / "line") as own:
        board = own.start_board("--freeze")
        client = bench.connect(bench.start_server(board.port))
        expect_event(client, Events.SFDLoadedEvent)
        handle = client.watch(SETPOINT)
        handle.wait_update(DEADLINE_S)

        board.kill()
        expect_event(client, Events.DeviceGoneEvent)
        shutil.copy(other_program, program)
        own.start_board("--freeze")
        expect_event(client, Events.DeviceReadyEvent)
        while not client.get_latest_server_status().sfd_failure_reason:
            client.wait_server_status_update(DEADLINE_S)

        with pytest.raises(exceptions.InvalidValueError, match=r"no description .* is installed"):
            _ = handle.value


def test_a_description_may_come_later_and_go_earlier(
    bench: Bench, described_program: Path, tmp_path: Path
) -> None:
    board = bench.start_board("--freeze")
    client = bench.connect(bench.start_server(board.port))
    expect_event(client, Events.DeviceReadyEvent)
    with pytest.raises(exceptions.OperationFailure, match=SETPOINT):
        client.watch(SETPOINT)

    upload = client.init_sfd_upload(description_of(described_program))
    assert not upload.will_overwrite
    upload.start()
    upload.wait_for_completion(DEADLINE_S)
    loaded = expect_event(client, Events.SFDLoadedEvent)
    variable, published = client.watch_many([SETPOINT, "/rpv/x1000"])
    client.wait_new_value_for_all(DEADLINE_S)
    assert list(client.get_installed_sfds()) == [loaded.firmware_id]
    download = client.download_sfd(loaded.firmware_id)
    download.wait_for_completion(DEADLINE_S)
    assert (
        download.get()
        == (tmp_path / "data" / "server" / "sfd_storage" / loaded.firmware_id).read_bytes()
    )

    again = client.init_sfd_upload(description_of(described_program))
    assert again.will_overwrite
    again.start()
    again.wait_for_completion(DEADLINE_S)
    expect_event(client, Events.SFDUnLoadedEvent)
    expect_event(client, Events.SFDLoadedEvent)
    variable.wait_update(DEADLINE_S)

    client.uninstall_sfds([loaded.firmware_id])
    expect_event(client, Events.SFDUnLoadedEvent)
    published.wait_update(DEADLINE_S)
    assert variable.status is ValueStatus.SFDUnloaded


def test_the_example_lists_and_shows_variables(bench: Bench, client: ScrutinyClient) -> None:
    script = [sys.executable, str(ROOT / "examples" / "variables.py")]
    port = ["--port", str(bench.servers[0].tcp_port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    listed = LoggedProcess([*script, *port], environment=environment)
    listed.wait_for_line("^/motor/state$")
    listed.wait_for_line("^... and [0-9]+ more$")
    listed.kill()
    client.watch("/global/motor_state").value_enum = "MOTOR_FAULT"
    paths = ["/motor/state", "/static/motor.c/parameters/supply_v"]
    shown = LoggedProcess([*script, *port, *paths], environment=environment)
    shown.wait_for_line(r"^MOTOR_FAULT  24\.0$")
    shown.kill()

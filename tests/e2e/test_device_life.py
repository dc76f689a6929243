"""A device comes, goes and comes back: what a client is told, and what happens to its handles."""

from __future__ import annotations

import sys
import time

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import DataloggerState, DeviceCommState, ValueStatus
from scrutiny.sdk.events import AnyEvent
from tests.support.bench import Bench, Events, expect_event
from tests.support.budgets import silence_budget_s
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


def take_events(client: ScrutinyClient, count: int) -> list[AnyEvent]:
    """Return the next events, whatever they are."""
    events: list[AnyEvent] = []
    for _ in range(count):
        event = client.read_event(timeout=DEADLINE_S)
        assert event is not None, f"only {events}"
        events.append(event)
    return events


def test_events_come_in_order_and_only_those_that_were_asked_for(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    line.unplug()
    server = bench.start_server(line.port)
    client = ScrutinyClient()
    client.listen_events(
        Events.LISTEN_DEVICE_READY
        | Events.LISTEN_DEVICE_GONE
        | Events.LISTEN_DATALOGGER_STATE_CHANGED
    )

    with client.connect("localhost", server.tcp_port):
        line.plug()  # when the client is here: the first status that it gets is no change
        first = take_events(client, 2)
        line.unplug()
        second = take_events(client, 2)
        line.plug()
        third = take_events(client, 2)
        client.wait_process()
        assert not client.has_event_pending()
    last = take_events(client, 1)

    ready, gone, logger = (
        Events.DeviceReadyEvent,
        Events.DeviceGoneEvent,
        Events.DataloggerStateChanged,
    )
    assert [type(event) for event in first + second + third + last] == [
        *(ready, logger),
        *(gone, logger),
        *(ready, logger),
        gone,
    ]
    assert [logger_state_of(part[1]) for part in (first, second, third)] == [
        DataloggerState.Standby,
        DataloggerState.NA,
        DataloggerState.Standby,
    ]
    ids = [session_id_of(event) for event in (first[0], second[0], third[0], last[0])]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def logger_state_of(event: AnyEvent) -> DataloggerState:
    assert isinstance(event, Events.DataloggerStateChanged)
    return event.details.state


def session_id_of(event: AnyEvent) -> str:
    assert isinstance(event, Events.DeviceReadyEvent | Events.DeviceGoneEvent)
    return event.session_id


def test_a_device_describes_itself(bench: Bench) -> None:
    board = bench.start_board("--name", "Pump 7 °C", "--rx-size", "200", "--tx-size", "300")
    client = bench.connect(bench.start_server(board.port))
    ready = expect_event(client, Events.DeviceReadyEvent)

    info = client.get_device_info()

    assert info is not None
    assert info.display_name == "Pump 7 °C"
    assert info.session_id == ready.session_id
    assert (info.max_rx_data_size, info.max_tx_data_size) == (200, 300)
    assert client.get_latest_server_status().device_comm_state is DeviceCommState.ConnectedReady


def test_unplugging_ends_the_session_and_replugging_begins_another(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    client = bench.connect(bench.start_server(line.port))
    session_a = expect_event(client, Events.DeviceReadyEvent).session_id
    handle = client.watch(SCRATCH[0])
    handle.wait_update(DEADLINE_S)
    assert handle.value == 0
    handle.value = 4711
    assert handle.value == 4711

    line.unplug()

    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    assert handle.status is ValueStatus.DeviceGone
    with pytest.raises(exceptions.InvalidValueError):
        _ = handle.value

    line.plug()

    session_b = expect_event(client, Events.DeviceReadyEvent).session_id
    assert session_b != session_a
    handle = client.watch(SCRATCH[0])
    handle.wait_value(4711, DEADLINE_S)


def test_a_board_that_is_started_again_is_found_again(bench: Bench) -> None:
    board = bench.start_board()
    client = bench.connect(bench.start_server(board.port))
    session_a = expect_event(client, Events.DeviceReadyEvent).session_id
    client.write_watchable(SCRATCH[0], 5)

    board.kill()
    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    bench.start_board()

    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a
    client.watch(SCRATCH[0]).wait_value(0, DEADLINE_S)


def test_a_board_that_restarts_behind_its_adapter_is_found_again(bench: Bench) -> None:
    board = bench.start_board()
    line = bench.connect_line(board)
    client = bench.connect(bench.start_server(line.port))
    session_a = expect_event(client, Events.DeviceReadyEvent).session_id
    client.write_watchable(SCRATCH[0], 5)

    board.kill()
    line.connect_board(bench.start_board().port)

    assert expect_event(client, Events.DeviceGoneEvent).session_id == session_a
    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a
    client.watch(SCRATCH[0]).wait_value(0, DEADLINE_S)


@pytest.mark.parametrize("value_count", [0, 60], ids=["idle", "polling"])
def test_a_silent_device_is_gone_within_the_time_for_retries(
    bench: Bench, value_count: int
) -> None:
    line = bench.connect_line(bench.start_board())
    client = bench.connect(bench.start_server(line.port))
    session_a = expect_event(client, Events.DeviceReadyEvent).session_id
    for path in SCRATCH[:value_count]:
        client.watch(path)
    client.wait_new_value_for_all(DEADLINE_S)
    budget_s = silence_budget_s(value_count, 115200)

    line.mute()
    begin_s = time.monotonic()
    gone = expect_event(client, Events.DeviceGoneEvent)
    silent_s = time.monotonic() - begin_s
    line.unmute()

    assert gone.session_id == session_a
    sys.stdout.write(f"gone after {silent_s:.2f} s of silence, budget {budget_s:.2f} s\n")
    assert silent_s < budget_s + 3.0  # what a busy machine may add
    assert expect_event(client, Events.DeviceReadyEvent).session_id != session_a


def test_a_server_that_is_started_before_the_board_waits_for_it(bench: Bench) -> None:
    board = bench.start_board()
    board.kill()
    board.port.unlink()
    client = bench.connect(bench.start_server(board.port))
    status = client.get_latest_server_status()
    assert not status.device_link.operational

    bench.start_board()

    expect_event(client, Events.DeviceReadyEvent)
    uptime = client.watch(UPTIME)
    uptime.wait_update(DEADLINE_S)
    assert uptime.value_int >= 0

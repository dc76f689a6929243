"""Recordings from scripts, with the example firmware, the server and two clients."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingCapabilities,
    DataloggingConfig,
    DataloggingListChangeType,
    DataloggingRequestState,
    DataloggingState,
    FixedFreqSamplingRate,
    TriggerCondition,
    XAxisType,
)
from scrutiny.sdk.exceptions import OperationFailure
from tests.support.bench import Bench, Events, expect_event
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess
from tests.unit.sdk.acquisition_bench import shown_in_a_notebook

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

SETPOINT, SPEED, UPTIME, ENABLED = "/rpv/x1000", "/rpv/x1001", "/rpv/x1007", "/rpv/x1008"


@pytest.fixture
def server(bench: Bench) -> ServerProcess:
    return bench.start_server(bench.start_board("--datalog-size", "4096").port)


@pytest.fixture
def client(bench: Bench, server: ServerProcess) -> ScrutinyClient:
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    return client


@pytest.fixture
def other(bench: Bench, server: ServerProcess, client: ScrutinyClient) -> ScrutinyClient:
    """Another client, to which the device is ready as well."""
    return bench.connect(server)


def capabilities_of(client: ScrutinyClient) -> DataloggingCapabilities:
    capabilities = client.get_datalogging_capabilities()
    assert capabilities is not None
    return capabilities


def step_config(client: ScrutinyClient, name: str = "step") -> DataloggingConfig:
    """Return what records the step of the setpoint to 1000 rpm."""
    (rate,) = (
        rate
        for rate in capabilities_of(client).sampling_rates
        if isinstance(rate, FixedFreqSamplingRate)
    )
    config = DataloggingConfig(rate, name=name)
    rpm, time = config.add_axis("rpm"), config.add_axis("ms")
    config.add_signal(SETPOINT, rpm, "setpoint")
    config.add_signal(SPEED, rpm, "speed")
    config.add_signal(UPTIME, time, "uptime")
    config.configure_trigger(TriggerCondition.GreaterThan, [SETPOINT, 999], position=0.25)
    config.configure_xaxis(XAxisType.MeasuredTime)
    return config


def wait_for_state(client: ScrutinyClient, wanted: DataloggingState) -> list[DataloggingState]:
    """Return the states that came, the wanted one last."""
    states: list[DataloggingState] = []
    while wanted not in states:
        states.append(expect_event(client, Events.DataloggerStateChanged).details.state)
    return states


def step(client: ScrutinyClient) -> None:
    client.write_watchable(ENABLED, True)
    client.write_watchable(SETPOINT, 1000)


def rest(client: ScrutinyClient) -> None:
    """Let the motor slow down, so that it has to speed up in a step."""
    client.write_watchable(SETPOINT, 0)
    speed = client.watch(SPEED)
    speed.wait_update(DEADLINE_S)
    while speed.value > 500:
        speed.wait_update(DEADLINE_S)


def test_a_step_is_recorded_fetched_and_exported(
    client: ScrutinyClient, other: ScrutinyClient, tmp_path: Path
) -> None:
    rest(client)
    request = client.start_datalog(step_config(client))
    assert not request.completed
    for each in (client, other):
        wait_for_state(each, DataloggingState.WaitForTrigger)

    step(client)
    acquisition = request.wait_and_fetch(DEADLINE_S, DEADLINE_S)

    assert request.acquisition_reference_id == acquisition.reference_id
    setpoint, speed, uptime = (entry.series for entry in acquisition.ydata)
    trigger = acquisition.trigger_index
    assert trigger is not None
    assert set(setpoint.to_list()[:trigger]) == {0.0}
    assert set(setpoint.to_list()[trigger:]) == {1000.0}
    assert speed.to_numpy()[-1] > speed.to_numpy()[trigger]
    assert str(uptime.to_numpy().dtype) == "int64"
    times = acquisition.xdata.to_numpy()
    assert np.allclose(np.diff(times), 1e-4, atol=2e-5)  # the loop runs at 10 kHz
    assert [axis.name for axis in acquisition.get_unique_yaxis_list()] == ["rpm", "ms"]
    acquisition.to_csv(tmp_path / "step.csv")
    lines = (tmp_path / "step.csv").read_text().splitlines()
    assert lines[6] == f"{acquisition.xdata.name},setpoint,speed,uptime,Trigger"
    assert len(lines) == 7 + len(times)
    assert acquisition.to_dataframe().shape == (len(times), 3)
    assert "data:image/png" in shown_in_a_notebook(acquisition)
    for each in (client, other):
        states = wait_for_state(each, DataloggingState.Standby)
        assert DataloggingState.DataReady in states


def test_requests_queue_and_anybody_may_cancel_them(
    client: ScrutinyClient, other: ScrutinyClient
) -> None:
    rest(client)
    first = client.start_datalog(step_config(client, "first"))
    wait_for_state(client, DataloggingState.WaitForTrigger)
    second = other.start_datalog(step_config(other, "second"))

    seen = other.get_datalogging_requests()
    assert [(r.token, r.name, r.is_mine, r.state) for r in seen] == [
        (first.request_token, "first", False, DataloggingRequestState.WaitForTrigger),
        (second.request_token, "second", True, DataloggingRequestState.Queued),
    ]
    assert all("127.0.0.1" in request.owner for request in seen)
    other.cancel_datalogging_request(first.request_token)
    with pytest.raises(OperationFailure, match="cancelled"):
        first.wait_for_completion(DEADLINE_S)
    with pytest.raises(OperationFailure):
        other.cancel_datalogging_request(first.request_token)

    second.wait_until_armed(DEADLINE_S)
    (left,) = other.get_datalogging_requests()
    assert (left.token, left.state) == (
        second.request_token,
        DataloggingRequestState.WaitForTrigger,
    )
    step(other)
    assert second.wait_and_fetch(DEADLINE_S).name == "second"


def test_a_cancelled_request_frees_the_datalogger(client: ScrutinyClient) -> None:
    rest(client)
    request = client.start_datalog(step_config(client))
    wait_for_state(client, DataloggingState.WaitForTrigger)

    request.cancel()

    assert request.completed
    assert not request.is_success
    wait_for_state(client, DataloggingState.Standby)
    assert client.get_datalogging_requests() == []


def test_a_client_that_connects_in_mid_way_is_told(
    bench: Bench, server: ServerProcess, client: ScrutinyClient
) -> None:
    rest(client)
    client.start_datalog(step_config(client))
    wait_for_state(client, DataloggingState.WaitForTrigger)

    late = bench.connect(server)

    event = expect_event(late, Events.DataloggerStateChanged)
    assert event.details.state is DataloggingState.WaitForTrigger


def test_what_a_client_asked_for_is_stored_although_it_has_left(
    client: ScrutinyClient, other: ScrutinyClient
) -> None:
    rest(client)
    request = client.start_datalog(step_config(client))
    wait_for_state(client, DataloggingState.WaitForTrigger)

    client.disconnect()
    with pytest.raises(OperationFailure, match="list_stored_datalogging_acquisitions"):
        request.wait_for_completion(DEADLINE_S)
    while other.get_datalogging_requests()[0].is_owner_connected:
        pass  # until the server has noticed
    step(other)

    change = expect_event(other, Events.DataloggingListChanged)
    assert change.change_type is DataloggingListChangeType.NEW
    assert change.acquisition_reference_id is not None
    assert len(other.read_datalogging_acquisition(change.acquisition_reference_id).xdata) > 0


def test_stored_recordings_are_listed_renamed_and_deleted_for_all(
    client: ScrutinyClient, other: ScrutinyClient
) -> None:
    rest(client)
    config = DataloggingConfig(0, decimation=2)
    config.add_signal(SPEED, config.add_axis("rpm"))
    ids: list[str] = []
    for _ in range(3):
        request = client.start_datalog(config)
        request.wait_for_completion(DEADLINE_S)
        assert request.acquisition_reference_id is not None
        ids.append(request.acquisition_reference_id)

    newest_first = other.list_stored_datalogging_acquisitions()
    assert [entry.reference_id for entry in newest_first] == ids[::-1]
    entry = newest_first[0]
    assert (entry.name, entry.signals) == ("", ("x1001",))
    assert entry.point_count == len(other.read_datalogging_acquisition(ids[2]).xdata)
    older = other.list_stored_datalogging_acquisitions(before_datetime=entry.timestamp, count=1)
    assert [entry.reference_id for entry in older] == [ids[1]]
    assert other.list_stored_datalogging_acquisitions(firmware_id="f" * 32) == []
    assert len(other.list_stored_datalogging_acquisitions(entry.firmware_id, count=2)) == 2

    for _ in ids:
        expect_event(other, Events.DataloggingListChanged)
    client.update_datalogging_acquisition(ids[0], "renamed", {0: "1/min", -1: "number"})
    client.delete_datalogging_acquisition(ids[1])
    changes = [expect_event(other, Events.DataloggingListChanged) for _ in range(2)]
    assert [(c.change_type, c.acquisition_reference_id) for c in changes] == [
        (DataloggingListChangeType.UPDATE, ids[0]),
        (DataloggingListChangeType.DELETE, ids[1]),
    ]
    metadata = other.read_datalogging_acquisitions_metadata(ids[0])
    assert metadata is not None
    assert metadata.name == "renamed"
    renamed = other.read_datalogging_acquisition(ids[0])
    assert (renamed.name, renamed.xdata.name) == ("renamed", "number")
    assert [entry.axis.name for entry in renamed.ydata] == ["1/min"]
    assert other.read_datalogging_acquisitions_metadata(ids[1]) is None
    for change in (
        lambda: client.delete_datalogging_acquisition(ids[1]),
        lambda: client.update_datalogging_acquisition(ids[1], "name"),
        lambda: client.update_datalogging_acquisition(ids[0], axis_names={7: "none"}),
        lambda: client.read_datalogging_acquisition(ids[1]),
    ):
        with pytest.raises(OperationFailure):
            change()

    client.clear_datalogging_storage()
    change_of_all = expect_event(other, Events.DataloggingListChanged)
    assert change_of_all == Events.DataloggingListChanged(
        DataloggingListChangeType.DELETE_ALL, None
    )
    assert other.list_stored_datalogging_acquisitions() == []


def test_what_the_device_cannot_do_is_refused_at_once(client: ScrutinyClient) -> None:
    capabilities = capabilities_of(client)
    assert capabilities.buffer_size == 4096
    config = DataloggingConfig(0)
    axis = config.add_axis("")
    for _ in range(capabilities.max_nb_signal + 1):
        config.add_signal(SPEED, axis)
    unknown = DataloggingConfig(0)
    unknown.add_signal("/rpv/xFFFF", unknown.add_axis(""))
    no_loop = DataloggingConfig(200)
    no_loop.add_signal(SPEED, no_loop.add_axis(""))

    for wrong in (unknown, no_loop):
        with pytest.raises(OperationFailure):
            client.start_datalog(wrong)
    client.start_datalog(config).wait_for_completion(DEADLINE_S)  # one target costs one signal

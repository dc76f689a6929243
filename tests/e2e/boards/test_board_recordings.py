"""Recordings on each kind of board that can make them."""

from __future__ import annotations

import sys

import pytest

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingConfig,
    FixedFreqSamplingRate,
    TriggerCondition,
    XAxisType,
)
from scrutiny.sdk.definitions import DataloggerState
from tests.support.board_desk import BoardDesk
from tests.support.example_board import SCRATCH
from tests.support.missing_tools import does_not_apply
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

TICKS_PATH = "/global/app_tick_count"


@pytest.fixture(autouse=True)
def only_with_recordings(desk: BoardDesk) -> None:
    if not desk.kind.has_recordings:
        does_not_apply(f"{desk.kind.name} has no room for recordings")


def test_every_iteration_of_the_loop_is_recorded_around_the_trigger(
    client: ScrutinyClient,
) -> None:
    capabilities = client.get_datalogging_capabilities()
    assert capabilities is not None
    (rate,) = (
        rate for rate in capabilities.sampling_rates if isinstance(rate, FixedFreqSamplingRate)
    )
    config = DataloggingConfig(rate, name="ticks", decimation=1)
    axis = config.add_axis("all")
    config.add_signal(TICKS_PATH, axis, "ticks")
    config.add_signal(SCRATCH[0], axis, "scratch")
    config.configure_trigger(TriggerCondition.GreaterThan, [SCRATCH[0], 99], position=0.5)
    config.configure_xaxis(XAxisType.MeasuredTime)

    request = client.start_datalog(config)
    while client.get_latest_server_status().datalogging.state is not DataloggerState.WaitForTrigger:
        client.wait_server_status_update(DEADLINE_S)
    client.write_watchable(SCRATCH[0], 100)
    acquisition = request.wait_and_fetch(3 * DEADLINE_S, 3 * DEADLINE_S)

    ticks, scratch = ([int(v) for v in entry.series.to_list()] for entry in acquisition.ydata)
    trigger = acquisition.trigger_index
    assert trigger is not None
    assert ticks == list(range(ticks[0], ticks[0] + len(ticks)))
    assert set(scratch[:trigger]) <= {0}
    assert set(scratch[trigger:]) == {100}

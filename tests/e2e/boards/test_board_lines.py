"""A bad line to each kind of board costs time, and nothing else."""

from __future__ import annotations

import sys

import pytest

from scrutiny.firmware_link.simulator.faults import Direction, FaultSettings, LineFaults
from scrutiny.sdk.client import ScrutinyClient
from tests.support.bench import Events
from tests.support.board_desk import BoardDesk
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S
from tests.support.workload import Workload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the boards run ELF programs")

NOISE_SECONDS = 1.0
NOISE_RATE = 1 / 2000


@pytest.mark.parametrize("direction", Direction, ids=lambda direction: direction.value)
def test_one_lost_octet_costs_one_retry_and_no_session(
    desk: BoardDesk, client: ScrutinyClient, direction: Direction
) -> None:
    session = client.get_latest_server_status().device_session_id
    sessions_before = client.get_server_stats().device_session_count
    retries_before = client.get_server_stats().device_retry_count
    uptime, scratch = client.watch_many([UPTIME, SCRATCH[0]])
    client.wait_new_value_for_all(DEADLINE_S)
    faults_before = desk.line.counts.faults

    for count, offset in enumerate((0, 3, 7, 30), 1):
        before_ms = uptime.value_int
        desk.line.drop_octet(direction, offset)
        while desk.line.counts.faults < faults_before + count:
            uptime.wait_update(DEADLINE_S)
        scratch.value = count
        uptime.wait_update(DEADLINE_S)

        assert uptime.value_int > before_ms
        assert scratch.value == count

    stats = client.get_server_stats()
    assert stats.device_retry_count - retries_before >= 4
    assert stats.device_session_count == sessions_before
    assert client.get_latest_server_status().device_session_id == session
    while (event := client.read_event(timeout=0)) is not None:
        assert not isinstance(event, Events.DeviceGoneEvent)


def test_noise_costs_neither_the_session_nor_the_truth(
    desk: BoardDesk, client: ScrutinyClient
) -> None:
    workload = Workload(client, SCRATCH[:8])
    faults = LineFaults(drop=NOISE_RATE, flip=NOISE_RATE, duplicate=NOISE_RATE)

    desk.line.set_faults(FaultSettings(faults, faults, seed=1))
    report = workload.run(NOISE_SECONDS)
    desk.line.set_faults(None)

    sys.stdout.write(f"{report}\n")
    assert report.retries > 0
    assert report.device_gone == 0
    assert report.confirmed > 0
    assert report.contradictions == []
    assert workload.check_all() == []

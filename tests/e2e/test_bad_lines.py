"""Lost, flipped and doubled octets between server and board cost time, and nothing else."""

from __future__ import annotations

import sys

import pytest

from scrutiny.firmware_link.simulator.faults import Direction, FaultSettings, LineFaults
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import AnyEvent
from tests.support.bench import Bench, Events, expect_event
from tests.support.capture_workload import CaptureWorkload
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.processes import DEADLINE_S
from tests.support.workload import Workload

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

NOISE_SECONDS = 8.0
RECORDING_SECONDS = 4.0
NOISE_RATE = 1 / 2000


def gone_events(client: ScrutinyClient) -> list[AnyEvent]:
    """Take all events that have come, and return those that end a session."""
    found: list[AnyEvent] = []
    while (event := client.read_event(timeout=0)) is not None:
        if isinstance(event, Events.DeviceGoneEvent):
            found.append(event)
    return found


@pytest.mark.parametrize("direction", Direction, ids=lambda direction: direction.value)
def test_one_lost_octet_anywhere_does_not_end_the_session(
    bench: Bench, direction: Direction
) -> None:
    line = bench.connect_line(bench.start_board())
    client = bench.connect(bench.start_server(line.port))
    expect_event(client, Events.DeviceReadyEvent)
    uptime = client.watch(UPTIME)
    scratch = client.watch(SCRATCH[0])
    client.wait_new_value_for_all(DEADLINE_S)

    for count, offset in enumerate([*range(12), 50, 51, 100], 1):
        before_ms = uptime.value_int
        line.drop_octet(direction, offset)
        while line.counts.faults < count:
            uptime.wait_update(DEADLINE_S)
        scratch.value = count
        uptime.wait_update(DEADLINE_S)

        assert uptime.value_int >= before_ms
        assert scratch.value == count

    client.wait_process()
    assert gone_events(client) == []
    assert client.get_server_stats().device_session_count == 1


def test_noise_costs_neither_the_session_nor_the_truth(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    client = bench.connect(bench.start_server(line.port))
    workload = Workload(client, SCRATCH)
    faults = LineFaults(drop=NOISE_RATE, flip=NOISE_RATE, duplicate=NOISE_RATE)

    line.set_faults(FaultSettings(faults, faults, seed=1))
    report = workload.run(NOISE_SECONDS)
    line.set_faults(None)

    sys.stdout.write(f"{line.counts.faults} faults: {report}\n")
    assert line.counts.faults > 0
    assert report.retries > 0
    assert report.device_gone == 0
    assert report.confirmed > 0
    assert report.contradictions == []
    assert workload.check_all() == []


def test_answers_that_become_late_are_waited_for(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board())
    client = bench.connect(bench.start_server(line.port))
    workload = Workload(client, SCRATCH[:1])  # one value: each confirmation could be another's

    line.set_faults(FaultSettings(to_host=LineFaults(delay_ns=150_000_000)))
    report = workload.run(2.0)
    line.set_faults(None)

    sys.stdout.write(f"{report}\n")
    assert report.device_gone == 0
    assert report.confirmed > 0
    assert report.contradictions == []
    assert workload.check_all() == []


@pytest.mark.parametrize("baud", [0, 115_200])
def test_noise_costs_a_recording_time_but_never_a_sample(bench: Bench, baud: int) -> None:
    size = 2048
    board = bench.start_board(
        *("--baud", f"{baud}", "--datalog-size", f"{size}", "--tx-size", "128")
    )
    line = bench.connect_line(board)
    client = bench.connect(bench.start_server(line.port))
    client.wait_device_ready(DEADLINE_S)
    noise = LineFaults(flip=NOISE_RATE, drop=NOISE_RATE, duplicate=NOISE_RATE)
    line.set_faults(FaultSettings(noise, noise, seed=5))

    report = CaptureWorkload(client, size).run(RECORDING_SECONDS)

    assert line.counts.faults > 10
    assert report.wrong == []
    assert report.durations_s

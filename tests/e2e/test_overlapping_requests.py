"""A board that keeps what arrives while it answers has the next request before its answer ends."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Final

import pytest

from scrutiny.firmware_link.codes import MemoryControlFunction
from scrutiny.firmware_link.errors import FrameError
from scrutiny.firmware_link.frames import RequestParser, ResponseParser
from scrutiny.firmware_link.simulator.faults import Direction, FaultSettings, LineFaults
from scrutiny.sdk import datalogging
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.definitions import UpdateMode
from scrutiny.sdk.watchable_handle import ValueSnapshot, WatchableHandle
from tests.support.bench import Bench, Events
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.network_line import NetworkLine
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

BAUD: Final = 1_000_000
SLOW_BAUD: Final = 38_400
SAMPLES: Final = 3000
DELAY_NS: Final = 2_000_000
SMALL_BUFFERS: Final = ("--rx-size", "64", "--tx-size", "64")  # requests of ten writes
NOISE: Final = LineFaults(flip=0.0001, drop=0.0001, duplicate=0.0001)
MORE_NOISE: Final = LineFaults(flip=0.002)


class Overlaps:
    """Counts requests that arrive at a board before it has answered the last one."""

    def __init__(self) -> None:
        self.count = 0
        self._unanswered = 0
        self._requests = RequestParser()
        self._responses = ResponseParser()

    def note(self, direction: Direction, data: bytes) -> None:
        """Take octets as they come to a line, in its thread."""
        try:
            if direction is Direction.TO_DEVICE:
                requests = len(self._requests.feed(data))
                self.count += max(0, requests - (self._unanswered == 0))
                self._unanswered += requests
            else:
                self._unanswered -= len(self._responses.feed(data))
        except FrameError:
            self._unanswered = 0


class Samples:
    """What a client is told of the time that a board has been running."""

    def __init__(self, handle: WatchableHandle, count: int) -> None:
        self.values: list[float] = []
        self.are_there = threading.Event()
        self._count = count
        handle.on_update(self._take)

    @property
    def are_in_order(self) -> bool:
        """Whether none is older than the one before."""
        return self.values == sorted(self.values)

    def _take(self, snapshot: ValueSnapshot) -> None:
        if snapshot.value is not None:
            self.values.append(snapshot.value)
        if len(self.values) == self._count:
            self.are_there.set()


def test_reads_arrive_before_the_last_one_is_answered(bench: Bench) -> None:
    overlaps = Overlaps()
    line = bench.connect_line(bench.start_board(), baud=BAUD)
    line.on_octets = overlaps.note
    client = bench.connect(bench.start_server(line.port, BAUD))
    client.wait_device_ready(DEADLINE_S)

    samples = Samples(client.watch(UPTIME, mode=UpdateMode.EverySample), SAMPLES)

    assert samples.are_there.wait(DEADLINE_S)
    assert samples.are_in_order
    assert client.lost_sample_count == 0
    assert overlaps.count > SAMPLES / 4


def test_reads_overlap_over_a_network_that_takes_its_time(bench: Bench) -> None:
    overlaps = Overlaps()
    with NetworkLine(bench.start_board().port) as line:
        line.on_octets = overlaps.note
        line.set_faults(FaultSettings(LineFaults(delay_ns=DELAY_NS), LineFaults(delay_ns=DELAY_NS)))
        client = bench.connect(bench.start_server_with_link(f"tcp://127.0.0.1:{line.tcp_port}"))
        client.wait_device_ready(DEADLINE_S)

        samples = Samples(client.watch(UPTIME, mode=UpdateMode.EverySample), SAMPLES)

        assert samples.are_there.wait(DEADLINE_S)
    assert samples.are_in_order
    assert overlaps.count > SAMPLES / 4


def test_a_device_that_keeps_less_than_a_request_is_asked_one_by_one(bench: Bench) -> None:
    overlaps = Overlaps()
    board = bench.start_board("--rx-size", "20000")  # more than the ring has
    line = bench.connect_line(board, baud=BAUD)
    line.on_octets = overlaps.note
    client = bench.connect(bench.start_server(line.port, BAUD))
    client.wait_device_ready(DEADLINE_S)

    samples = Samples(client.watch(UPTIME, mode=UpdateMode.EverySample), SAMPLES)

    assert samples.are_there.wait(DEADLINE_S)
    assert overlaps.count == 0


def test_noise_costs_samples_but_neither_their_order_nor_the_session(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board(), baud=BAUD)
    client = bench.connect(bench.start_server(line.port, BAUD))
    client.wait_device_ready(DEADLINE_S)
    handles = [client.watch(path) for path in SCRATCH[:8]]
    for number, handle in enumerate(handles):
        handle.value = number
    samples = Samples(client.watch(UPTIME, mode=UpdateMode.EverySample), SAMPLES)

    line.set_faults(FaultSettings(to_device=NOISE, to_host=NOISE, seed=3))

    assert samples.are_there.wait(DEADLINE_S)
    assert samples.are_in_order
    assert line.counts.faults > 10
    line.set_faults(None)
    for number, handle in enumerate(handles):
        handle.wait_update(DEADLINE_S)
        assert handle.value == number
    events = list(iter(lambda: client.read_event(0), None))
    assert not [event for event in events if isinstance(event, Events.DeviceGoneEvent)]


def set_all(client: ScrutinyClient, handles: Sequence[WatchableHandle], number: int) -> None:
    """Write a number of its own to each."""
    with client.batch_write(DEADLINE_S):
        for index, handle in enumerate(handles):
            handle.value = 1000 * number + index


def test_writes_arrive_before_the_last_ones_are_confirmed(bench: Bench) -> None:
    overlaps = Overlaps()
    # The pace is that of the board: the line sees how far an answer is.
    line = bench.connect_line(bench.start_board(*SMALL_BUFFERS, "--baud", f"{SLOW_BAUD}"))
    line.on_octets = overlaps.note
    client = bench.connect(bench.start_server(line.port, SLOW_BAUD))
    client.wait_device_ready(DEADLINE_S)
    handles = [client.watch(path, 1.0) for path in SCRATCH]
    client.wait_new_value_for_all(DEADLINE_S)
    reads = overlaps.count

    for number in range(10):
        set_all(client, handles, number)

    assert overlaps.count - reads > 10
    assert [client.read_once(path) for path in SCRATCH] == [
        9000 + index for index in range(len(SCRATCH))
    ]


def test_writes_of_one_value_never_overtake_each_other(bench: Bench) -> None:
    requests = RequestParser()
    written: list[int] = []  # the first value of each request

    def note(direction: Direction, data: bytes) -> None:
        if direction is Direction.TO_DEVICE:
            written.extend(
                int.from_bytes(request.payload[2:6], "big")
                for request in requests.feed(data)
                if request.subfunction == MemoryControlFunction.WRITE_RPV
            )

    board = bench.start_board(*SMALL_BUFFERS, "--baud", f"{SLOW_BAUD}")
    line = bench.connect_line(board)
    client = bench.connect(bench.start_server(line.port, SLOW_BAUD))
    client.wait_device_ready(DEADLINE_S)
    one, other = client.watch(SCRATCH[0], 1.0), client.watch(SCRATCH[1], 1.0)
    client.wait_new_value_for_all(DEADLINE_S)
    line.on_octets = note
    line.set_faults(FaultSettings(to_host=MORE_NOISE, seed=2))

    for number in range(20):
        with client.batch_write(DEADLINE_S):
            for step in range(50):
                one.value = 50 * number + step
                other.value = 50 * number + step

    line.set_faults(None)
    assert line.counts.faults > 5
    assert len(written) > len(set(written))  # some were sent again
    assert written == sorted(written)
    assert client.read_once(SCRATCH[0]) == client.read_once(SCRATCH[1]) == 999


def test_noise_loses_no_write_of_a_batch(bench: Bench) -> None:
    line = bench.connect_line(bench.start_board(*SMALL_BUFFERS), baud=BAUD)
    client = bench.connect(bench.start_server(line.port, BAUD))
    client.wait_device_ready(DEADLINE_S)
    handles = client.watch_many(SCRATCH)
    line.set_faults(FaultSettings(to_device=NOISE, to_host=NOISE, seed=4))

    for number in range(40):
        set_all(client, handles, number)
        assert [handle.value for handle in handles] == [
            1000 * number + index for index in range(len(SCRATCH))
        ]

    assert line.counts.faults > 10
    line.set_faults(None)
    assert client.read_once(SCRATCH[59]) == 39059
    events = list(iter(lambda: client.read_event(0), None))
    assert not [event for event in events if isinstance(event, Events.DeviceGoneEvent)]


@pytest.mark.parametrize("noise", [None, NOISE], ids=["clean", "noisy"])
def test_chunks_of_a_recording_are_asked_for_ahead(bench: Bench, noise: LineFaults | None) -> None:
    overlaps = Overlaps()
    line = bench.connect_line(
        bench.start_board("--datalog-size", "65536", "--tx-size", "128"), baud=BAUD
    )
    line.on_octets = overlaps.note
    client = bench.connect(bench.start_server(line.port, BAUD))
    client.wait_device_ready(DEADLINE_S)
    config = datalogging.DataloggingConfig(sampling_rate=0)
    config.add_signal(UPTIME, config.add_axis("time"))
    config.configure_trigger(datalogging.TriggerCondition.AlwaysTrue, position=0)
    if noise is not None:
        line.set_faults(FaultSettings(to_device=noise, to_host=noise, seed=6))

    recording = client.start_datalog(config).wait_and_fetch(DEADLINE_S)

    (signal,) = recording.get_data()
    samples = list(signal.series.get_data())
    assert len(samples) > 4000
    assert samples == sorted(samples)
    if noise is None:
        assert overlaps.count > 100
    else:
        assert line.counts.faults > 5

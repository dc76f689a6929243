"""A board that keeps what arrives while it answers has the next read before its answer ends."""

from __future__ import annotations

import sys
import threading
from typing import Final

import pytest

from scrutiny.firmware_link.errors import FrameError
from scrutiny.firmware_link.frames import RequestParser, ResponseParser
from scrutiny.firmware_link.simulator.faults import Direction, FaultSettings, LineFaults
from scrutiny.sdk.definitions import UpdateMode
from scrutiny.sdk.watchable_handle import ValueSnapshot, WatchableHandle
from tests.support.bench import Bench, Events
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.network_line import NetworkLine
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

BAUD: Final = 1_000_000
SAMPLES: Final = 3000
DELAY_NS: Final = 2_000_000
NOISE: Final = LineFaults(flip=0.0001, drop=0.0001, duplicate=0.0001)


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

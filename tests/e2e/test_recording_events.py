"""Clients are told what the datalogger does within one of the questions that the device is asked.

On a slow line there are few of those questions, so that they can be counted: between what the
device says and what clients are told.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scrutiny.firmware_link.codes import DatalogState
from scrutiny.firmware_link.messages import Arm, GetStatus, Reset, RpvValue, WriteRpvs
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig, DataloggingState, TriggerCondition
from scrutiny.sdk.definitions import DataloggingInfo
from tests.support.bench import Bench, Events
from tests.support.example_board import SCRATCH
from tests.support.frame_log import FrameLog
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

# The status, 26 octets, is asked for every 0.54 s: 20 times what it takes on the line.
BAUD = 9600
BUFFER_SIZE = 1024  # 1.2 s on the line, in 9 chunks
TX_SIZE = 128
DECIMATION = 200  # 128 samples at 50 per second are 2.6 s

TICKS, LEVEL = "/rpv/x1010", SCRATCH[0]
WRITE_LEVEL = WriteRpvs((RpvValue(0x2000, bytes(4)),))

Waiting = DataloggingState.WaitForTrigger
Acquiring = DataloggingState.Acquiring
DataReady = DataloggingState.DataReady
Standby = DataloggingState.Standby


@dataclass(frozen=True)
class Told:
    """What a client was told, and when; `time.monotonic_ns`."""

    time_ns: int
    info: DataloggingInfo


class Listener:
    """A client, and a thread that notes when it is told something about the datalogger."""

    def __init__(self, client: ScrutinyClient) -> None:
        self.client = client
        self.told: list[Told] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def states(self) -> list[DataloggingState]:
        """The states in their order, each once in a row."""
        return [state for state, _ in itertools.groupby(one.info.state for one in self.told)]

    def ratios(self, state: DataloggingState) -> list[float]:
        """Return what was told of a state's progress."""
        ratios = [one.info.completion_ratio for one in self.told if one.info.state is state]
        return [ratio for ratio in ratios if ratio is not None]

    def first_ns(self, state: DataloggingState) -> int:
        """Return when a state was told first."""
        return next(one.time_ns for one in self.told if one.info.state is state)

    def forget_before(self, state: DataloggingState) -> None:
        """Drop what was told before a state."""
        first = next(i for i, one in enumerate(self.told) if one.info.state is state)
        del self.told[:first]

    def wait_for(self, state: DataloggingState, ratio: float = 0.0) -> None:
        """Wait until a state was told, as far advanced as this."""

        def was_told() -> bool:
            return any(
                one.info.state is state and (one.info.completion_ratio or 0.0) >= ratio
                for one in self.told
            )

        with self._changed:
            assert self._changed.wait_for(was_told, DEADLINE_S), self.states

    def close(self) -> None:
        self._is_over = True
        self._thread.join()

    def _listen(self) -> None:
        while not self._is_over:
            event = self.client.read_event(timeout=0.1)
            if isinstance(event, Events.DataloggerStateChanged):
                with self._changed:
                    self.told.append(Told(time.monotonic_ns(), event.details))
                    self._changed.notify_all()


class Room:
    """Clients that come to one server, and listen."""

    def __init__(self, bench: Bench, server: ServerProcess) -> None:
        self._bench = bench
        self._server = server
        self._listeners: list[Listener] = []

    def enter(self) -> Listener:
        """Connect another one; the device is ready for it when this returns."""
        client = self._bench.connect(self._server)
        client.wait_device_ready(DEADLINE_S)
        self._listeners.append(Listener(client))
        return self._listeners[-1]

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()


@pytest.fixture
def log_and_room(bench: Bench) -> Iterator[tuple[FrameLog, Room]]:
    board = bench.start_board(
        *("--baud", f"{BAUD}", "--datalog-size", f"{BUFFER_SIZE}", "--tx-size", f"{TX_SIZE}")
    )
    line = bench.connect_line(board)
    log = FrameLog(line)
    room = Room(bench, bench.start_server(line.port, BAUD))
    yield log, room
    room.close()


def slow_recording() -> DataloggingConfig:
    config = DataloggingConfig(0, decimation=DECIMATION)
    config.add_signal(TICKS, config.add_axis("ticks"))
    config.configure_trigger(TriggerCondition.Equal, [LEVEL, 1], position=0)
    return config


def test_every_client_is_told_each_state_within_one_status_poll(
    log_and_room: tuple[FrameLog, Room],
) -> None:
    log, room = log_and_room
    alice, bob = room.enter(), room.enter()
    alice.client.write_watchable(LEVEL, 0)
    begin_ns = time.monotonic_ns()
    request = alice.client.start_datalog(slow_recording())
    for each in (alice, bob):
        each.wait_for(Waiting)
        each.forget_before(Waiting)
    alice.client.write_watchable(LEVEL, 1)
    bob.wait_for(Acquiring, 0.1)
    carol = room.enter()
    bob.wait_for(DataReady, 0.1)
    dave = room.enter()
    request.wait_for_completion(DEADLINE_S)
    for each in (alice, bob, carol, dave):
        each.wait_for(Standby)

    # Everybody is told all, in order, and that it goes on.
    for each in (alice, bob):
        assert each.states == [Waiting, Acquiring, DataReady, Standby]
        for state in (Acquiring, DataReady):
            ratios = each.ratios(state)
            assert len(ratios) >= 3
            assert ratios == sorted(set(ratios))

    # Who comes in mid-way is told at once where things are.
    assert carol.states == [Acquiring, DataReady, Standby]
    assert carol.told[0].info.completion_ratio is not None
    assert dave.states == [DataReady, Standby]
    assert dave.told[0].info.completion_ratio is not None

    # Between a change in the device and what clients are told, the device was asked once at most.
    polls = [(at, status.state) for at, status in log.answers(GetStatus()) if at > begin_ns]
    (armed_ns, _) = log.answers(Arm())[-1]
    (triggered_ns, _) = log.answers(WRITE_LEVEL)[-1]
    still_acquiring_ns = max(at for at, state in polls if state is DatalogState.TRIGGERED)
    (reset_ns, _) = log.answers(Reset())[-1]
    for state, changed_ns in (
        (Waiting, armed_ns),
        (Acquiring, triggered_ns),
        (DataReady, still_acquiring_ns),  # the device was ready later than this
        (Standby, reset_ns),
    ):
        told_ns = sorted(each.first_ns(state) for each in (alice, bob))
        assert changed_ns < told_ns[0]
        asked = [at for at, _ in polls if changed_ns < at < told_ns[1]]
        assert len(asked) <= 1, (state, asked, told_ns)
        assert len([at for at in asked if told_ns[0] < at]) <= 1

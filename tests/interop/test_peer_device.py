"""What our server records from the emulated device of the peer, and whether every sample is right.

It differs from firmware in many ways; device protocol, section 21, lists them.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.firmware_link.codes import Command
from scrutiny.firmware_link.codes import DatalogControlFunction as Function
from scrutiny.firmware_link.frames import Response
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingRequest,
    DataloggingRequestState,
    DataloggingState,
    FixedFreqSamplingRate,
    VariableFreqSamplingRate,
)
from scrutiny.sdk.exceptions import OperationFailure
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Events, expect_event
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess
from tests.support.small_package import write_package

from .peer_client import config_of, content_of
from .peer_device import COUNT_ADDRESS, FIXED_LOOP_HZ
from .peer_processes import Peer, PeerScript
from .shown_recordings import Change, ShownRecording, assert_consecutive, assert_crossing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peer's home is known there")

FIRMWARE_ID: Final = "deadbeefc001d00d0ff1cebaadf00d00"

# What the device has as it comes.
SINE, SINE_ALIAS = "/global/sinewave_generator/output", "/Sine Wave"
UPTIME, UPTIME_ALIAS = "/global/device/uptime", "/Up Time"
NOISE, NOISE_ALIAS = "/rpv/x1000", "/RPV1000 with gain 1000"

# What we have added. The first three count the iterations of the loop.
COUNT, COUNT_32, COUNT_64 = "/static/ours.c/count", "/rpv/x3000", "/rpv/x3001"
SHORT, PRECISE, SWITCH = "/rpv/x3002", "/rpv/x3003", "/rpv/x3004"  # sint16, float64 and boolean
SCRATCH: Final = [f"/rpv/x{rpv_id:04X}" for rpv_id in range(0x3100, 0x3120)]
LEVEL, LIMIT, RATIO = "/static/ours.c/level", "/static/ours.c/limit", "/static/ours.c/ratio"
LARGE, FINE = "/static/ours.c/large", "/static/ours.c/fine"
LOW_BITS, SOME_BITS = "/static/ours.c/count/low", "/static/ours.c/count/some"
LEVEL_BITS = "/static/ours.c/level/bits"
SCALED = "/ours/scaled"

# Of samples of 4 and 8 octets, the last chunk of a transfer holds 120: with an answer of 128
# octets, there would be room for the CRC, and this device does not use it.
ROOM: Final = 616
ANSWER_SIZE = 128

# The device reads its clock at other moments for hold time and time-out than for the samples.
CLOCK_MARGIN_S: Final = 0.001

SIZES: Final = dict.fromkeys((LEVEL, RATIO, SCALED), 4) | {
    SHORT: 2,
    SWITCH: 1,
    LARGE: 8,
    FINE: 8,
    PRECISE: 8,
    LEVEL_BITS: 3,
}


# --- Fixtures -----------------------------------------------------------------------------------


def describe(demo: Path, target: Path) -> None:
    """Add variables and an alias of ours to the description of the demo."""
    with zipfile.ZipFile(demo) as archive:
        variable_map = json.loads(archive.read("varmap.json"))
        aliases = json.loads(archive.read("alias.json"))
    types = {"a": "uint32", "b": "float32", "c": "sint64", "d": "float64"}
    variable_map["type_map"] |= {key: {"name": name, "type": name} for key, name in types.items()}
    level_address = COUNT_ADDRESS + 0x10
    variable_map["variables"] |= {
        COUNT: {"type_id": "a", "addr": COUNT_ADDRESS},
        LOW_BITS: {"type_id": "a", "addr": COUNT_ADDRESS, "bitoffset": 0, "bitsize": 4},
        SOME_BITS: {"type_id": "a", "addr": COUNT_ADDRESS, "bitoffset": 2, "bitsize": 9},
        LEVEL: {"type_id": "a", "addr": level_address},
        LEVEL_BITS: {"type_id": "a", "addr": level_address, "bitoffset": 6, "bitsize": 12},
        LIMIT: {"type_id": "a", "addr": COUNT_ADDRESS + 0x14},
        RATIO: {"type_id": "b", "addr": COUNT_ADDRESS + 0x18},
        LARGE: {"type_id": "c", "addr": COUNT_ADDRESS + 0x20},
        FINE: {"type_id": "d", "addr": COUNT_ADDRESS + 0x28},
    }
    aliases[SCALED] = {"target": RATIO, "gain": 0.5, "offset": 3}
    write_package(target, FIRMWARE_ID, variable_map, aliases, {"project_name": "Emulated"})


@dataclass(frozen=True)
class Bench:
    """The emulated device, and a client of our server that has it."""

    device: PeerScript
    client: ScrutinyClient

    def set(self, values: dict[str, float]) -> None:
        """Write values."""
        for path, value in values.items():
            self.client.write_watchable(path, value)

    def start(self, *paths: str, **wish: Any) -> DataloggingRequest:
        """Ask for a recording."""
        return self.client.start_datalog(config_of("test", paths=list(paths), **wish))

    def record(self, *paths: str, **wish: Any) -> ShownRecording:
        """Record, without anything that has to be done for it."""
        return shown(self.start(*paths, **wish))

    def record_change(self, *paths: str, change: dict[str, float], **wish: Any) -> ShownRecording:
        """Record while values are changed, which has to fire the trigger."""
        request = self.start(*paths, **wish)
        request.wait_until_armed(DEADLINE_S)
        self.run_for(ROOM // 4 * wish.get("decimation", 1))  # until the buffer is full
        self.set(change)
        return shown(request)

    def run_for(self, iterations: int) -> None:
        """Let the loop of the device run so often at least."""
        end = int(self.client.read_once(COUNT)) + iterations
        while int(self.client.read_once(COUNT)) < end:
            pass

    def frames(self) -> list[tuple[str, bytes]]:
        """Return frames about the datalogger since the last call, each with its way."""
        frames = [(way, bytes.fromhex(data)) for way, data in self.device.ask("exchanges")]
        return [(way, data) for way, data in frames if data[0] & 0x7F == Command.DATALOG_CONTROL]

    def chunks(self) -> list[tuple[str, bytes]]:
        """Return what was answered with samples since the last call, and what became of it."""
        return [
            (way, Response.decode(data).payload)
            for way, data in self.frames()
            if way != ">" and data[1] == Function.READ_ACQUISITION
        ]

    def states_until(self, last: DataloggingState) -> list[tuple[DataloggingState, float | None]]:
        """Return the states and ratios that the datalogger was in since the last call."""
        seen: list[tuple[DataloggingState, float | None]] = []
        while not seen or seen[-1][0] is not last:
            details = expect_event(self.client, Events.DataloggerStateChanged).details
            seen.append((details.state, details.completion_ratio))
        return seen


def shown(request: DataloggingRequest) -> ShownRecording:
    """Return what a request brings."""
    return ShownRecording(content_of(request.wait_and_fetch(DEADLINE_S, DEADLINE_S)))


@pytest.fixture(scope="module")
def bench(peer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The emulated device and our server, for all tests of the module."""
    folder = tmp_path_factory.mktemp("emulated")
    device, port = Peer(peer_python, folder).start_device(folder / "demo.sfd", ROOM)
    try:
        describe(folder / "demo.sfd", folder / "ours.sfd")
        DescriptionStore(folder / "data" / "server").install(folder / "ours.sfd")
        server = ServerProcess(folder, "--link", f"udp://127.0.0.1:{port}")
        try:
            client = ScrutinyClient(
                enabled_events=Events.LISTEN_SFD_LOADED, event_queue_size=10_000
            )
            with client.connect("127.0.0.1", server.tcp_port):
                expect_event(client, Events.SFDLoadedEvent)
                client.listen_events(Events.LISTEN_DATALOGGING_STATE_CHANGED)
                yield Bench(device, client)
            assert server.complaints == []
        finally:
            server.kill()
        device.close()
    finally:
        device.process.stop()


# --- What it tells about itself -----------------------------------------------------------------


def test_the_emulated_device_is_known(bench: Bench) -> None:
    info = bench.client.get_device_info()
    assert info is not None
    recorder = info.datalogging_capabilities
    assert recorder is not None

    assert (info.device_id, info.display_name) == (FIRMWARE_ID, "EmulatedDevice")
    assert (info.max_rx_data_size, info.max_tx_data_size) == (ANSWER_SIZE, ANSWER_SIZE)
    assert (recorder.buffer_size, recorder.max_nb_signal) == (ROOM, 32)
    fixed, variable = recorder.sampling_rates
    assert fixed == FixedFreqSamplingRate(0, "fixed", FIXED_LOOP_HZ)
    assert variable == VariableFreqSamplingRate(1, "Python thread")


# --- Triggers -----------------------------------------------------------------------------------


CHANGES: Final = {
    "equal": Change(LEVEL, 0, 7, "Equal", (LEVEL, 7)),
    "not equal": Change(LEVEL, 7, 8, "NotEqual", (LEVEL, 7)),
    "less": Change(LEVEL, 7, 6, "LessThan", (LEVEL, 7)),
    "less or equal": Change(LEVEL, 8, 7, "LessOrEqualThan", (LEVEL, 7)),
    "greater": Change(RATIO, 1.5, 1.75, "GreaterThan", (RATIO, 1.5)),
    "greater or equal": Change(RATIO, 1.25, 1.5, "GreaterOrEqualThan", (RATIO, 1.5)),
    "growth": Change(LEVEL, 5, 16, "ChangeMoreThan", (LEVEL, 10)),
    "fall": Change(RATIO, 2.0, -1.5, "ChangeMoreThan", (RATIO, -3)),
    "within": Change(RATIO, 8.0, 10.25, "IsWithin", (RATIO, 10, 0.5)),
    "two variables": Change(LEVEL, 6, 8, "GreaterThan", (LEVEL, LIMIT), ((LIMIT, 7),)),
    "sint64": Change(LARGE, -(2**50), -2, "GreaterThan", (LARGE, -3)),
    "float64": Change(FINE, 1.0, 1.5000001, "GreaterThan", (FINE, 1.5)),
    "published": Change(SHORT, 5, -5, "LessThan", (SHORT, 0)),
    "published float64": Change(PRECISE, 5.0, -5.0, "LessThan", (PRECISE, LIMIT), ((LIMIT, 1),)),
    "boolean": Change(SWITCH, False, True, "Equal", (SWITCH, 1)),
    "bit field": Change(LEVEL_BITS, 3, 9, "GreaterThan", (LEVEL_BITS, 8)),
    "alias": Change(SCALED, 3.5, 4.5, "GreaterThan", (SCALED, 4)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_trigger_fires_at_the_crossing(bench: Bench, change: Change) -> None:
    bench.set({**dict(change.others), change.path: change.before})

    recorded = bench.record_change(
        COUNT,
        change.path,
        condition=change.condition,
        operands=list(change.operands),
        change={change.path: change.after},
    )

    assert_crossing(recorded[change.path], recorded.trigger, change.before, change.after)
    assert_consecutive(recorded[COUNT])
    assert (len(recorded.x), recorded.trigger) == expected_place(4 + SIZES[change.path])


def expected_place(entry_size: int, position: float = 0.5) -> tuple[int, int]:
    """Return how many samples there will be, and which of them is the trigger's."""
    points = ROOM // entry_size
    after = -(-round((1 - round(position * 255) / 255) * ROOM) // entry_size)
    return points, max(0, points - after - 1)


@pytest.mark.parametrize("position", [0.0, 0.25, 1.0])
def test_the_trigger_stands_where_it_was_wanted(bench: Bench, position: float) -> None:
    bench.set({LEVEL: 0})

    recorded = bench.record_change(
        COUNT,
        LEVEL,
        condition="Equal",
        operands=[LEVEL, 1],
        position=position,
        change={LEVEL: 1},
    )

    assert (len(recorded.x), recorded.trigger) == expected_place(4 + 4, position)
    assert_consecutive(recorded[COUNT])
    assert recorded[LEVEL][recorded.trigger] == 1
    assert set(recorded[LEVEL][: recorded.trigger]) <= {0}


def test_the_condition_has_to_hold(bench: Bench) -> None:
    bench.set({LEVEL: 0})

    recorded = bench.record_change(
        COUNT,
        LEVEL,
        condition="Equal",
        operands=[LEVEL, 1],
        hold_s=0.02,
        decimation=5,
        x_axis="MeasuredTime",
        change={LEVEL: 1},
    )

    # Both the change and the trigger may lie between two samples.
    begin = recorded[LEVEL].index(1)
    assert begin > 0
    assert recorded.x[recorded.trigger + 1] - recorded.x[begin - 1] > 0.02 - CLOCK_MARGIN_S
    assert recorded.x[recorded.trigger - 1] - recorded.x[begin] < 0.02 + CLOCK_MARGIN_S
    assert_consecutive(recorded[COUNT], 5)


def test_a_recording_ends_with_its_timeout(bench: Bench) -> None:
    recorded = bench.record(COUNT, timeout_s=0.03, position=0, x_axis="MeasuredTime")

    begin = recorded.x[recorded.trigger]
    assert len(recorded.x) < ROOM // 8
    assert recorded.x[-1] - begin > 0.03 - CLOCK_MARGIN_S
    assert recorded.x[-2] - begin < 0.03 + CLOCK_MARGIN_S
    assert_consecutive(recorded[COUNT])


# --- Samples ------------------------------------------------------------------------------------


def test_all_kinds_of_signals_are_of_the_same_iteration(bench: Bench) -> None:
    recorded = bench.record(
        *(COUNT, COUNT_32, COUNT_64, LOW_BITS, SOME_BITS),
        *(SINE, SINE_ALIAS, UPTIME, UPTIME_ALIAS, NOISE, NOISE_ALIAS),
    )

    counts = recorded[COUNT]
    assert_consecutive(counts)
    assert recorded[COUNT_32] == counts
    assert recorded[COUNT_64] == counts
    assert recorded[LOW_BITS] == [int(count) & 0xF for count in counts]
    assert recorded[SOME_BITS] == [int(count) >> 2 & 0x1FF for count in counts]
    assert recorded[SINE_ALIAS] == recorded[SINE]
    assert recorded[UPTIME_ALIAS] == recorded[UPTIME]
    assert recorded[NOISE_ALIAS] == [value * 1000 for value in recorded[NOISE]]
    assert len(set(recorded[NOISE])) > 1
    assert len(set(recorded[SINE])) > 1


@pytest.mark.parametrize("x_axis", ["Indexed", "IdealTime", "MeasuredTime", "Signal"])
def test_samples_are_drawn_over_each_x_axis(bench: Bench, x_axis: str) -> None:
    recorded = bench.record(
        COUNT, x_axis=x_axis, x_signal=COUNT_64 if x_axis == "Signal" else None, decimation=3
    )

    counts = recorded[COUNT]
    assert_consecutive(counts, 3)
    match x_axis:
        case "Indexed":
            assert recorded.x == list(range(len(counts)))
        case "IdealTime":
            expected = [index * 3 / FIXED_LOOP_HZ for index in range(len(counts))]
            assert recorded.x == pytest.approx(expected)
        case "MeasuredTime":
            assert recorded.x[0] == 0
            assert recorded.x == sorted(set(recorded.x))
        case _:
            assert recorded.x == counts


def test_the_loop_that_the_device_really_has_is_measured(bench: Bench) -> None:
    recorded = bench.record(COUNT, loop_id=1, x_axis="MeasuredTime")

    assert_consecutive(recorded[COUNT])
    assert recorded.x == sorted(set(recorded.x))


def test_as_many_signals_are_recorded_as_the_device_takes(bench: Bench) -> None:
    written = {path: float(index) for index, path in enumerate(SCRATCH)}
    bench.set(written)

    recorded = bench.record(*SCRATCH)

    assert len(recorded.paths) == 32
    assert all(set(recorded[path]) == {value} for path, value in written.items())
    with pytest.raises(OperationFailure, match="32"):
        bench.record(*SCRATCH, COUNT)


# --- Transfers ----------------------------------------------------------------------------------


def record_full(bench: Bench) -> ShownRecording:
    """Record until the whole buffer is in use, and check what comes."""
    bench.set({LEVEL: 0})
    recorded = bench.record_change(
        COUNT, LEVEL, condition="Equal", operands=[LEVEL, 1], change={LEVEL: 1}
    )
    assert len(recorded.x) == ROOM // (4 + 4)
    assert_crossing(recorded[LEVEL], recorded.trigger, 0, 1)
    assert_consecutive(recorded[COUNT])
    return recorded


def test_a_last_chunk_with_nothing_but_the_crc_is_taken(bench: Bench) -> None:
    bench.chunks()

    record_full(bench)

    sizes = [len(payload) for _, payload in bench.chunks()]
    assert sizes == [ANSWER_SIZE] * 4 + [4 + 120, 4 + 4]


@pytest.mark.parametrize("count", [1, 3, 6, 8])
def test_what_gets_lost_is_asked_for_again(bench: Bench, count: int) -> None:
    bench.chunks()
    bench.device.ask("lose", count=count)

    record_full(bench)

    assert [way for way, _ in bench.chunks()][: count + 1] == ["lost"] * count + ["<"]


def test_a_configuration_that_the_device_drops_fails_and_is_named(bench: Bench) -> None:
    # It compares its limit of 128 octets with the whole frame; firmware only counts the payload.
    wish = {"condition": "IsWithin", "operands": [LEVEL, LIMIT, LARGE]}

    with pytest.raises(OperationFailure, match=r"frame has 130 octets.*128"):
        bench.record(*SCRATCH[:29], **wish)

    record_full(bench)


# --- Requests -----------------------------------------------------------------------------------


def test_requests_wait_for_each_other(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    first = bench.start(COUNT, condition="Equal", operands=[LEVEL, 1])
    second = bench.start(COUNT)
    first.wait_until_armed(DEADLINE_S)

    assert [request.state for request in bench.client.get_datalogging_requests()] == [
        DataloggingRequestState.WaitForTrigger,
        DataloggingRequestState.Queued,
    ]
    bench.set({LEVEL: 1})
    counts = [shown(request)[COUNT] for request in (first, second)]
    for each in counts:
        assert_consecutive(each)
    assert counts[0][-1] < counts[1][0]


def test_a_cancelled_request_frees_the_datalogger(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    request = bench.start(COUNT, condition="Equal", operands=[LEVEL, 1])
    request.wait_until_armed(DEADLINE_S)
    bench.frames()

    request.cancel()

    assert (request.completed, request.is_success) == (True, False)
    record_full(bench)
    sent = [data[1] for way, data in bench.frames() if way == ">"]
    before_the_next = sent[: sent.index(Function.CONFIGURE)]
    assert Function.RESET in before_the_next
    assert set(before_the_next) <= {Function.RESET, Function.GET_STATUS}


def test_states_come_in_order(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    request = bench.start(COUNT, condition="Equal", operands=[LEVEL, 1], position=0, decimation=2)
    request.wait_until_armed(DEADLINE_S)
    bench.client.clear_event_queue()

    bench.run_for(ROOM)  # so long that the counters of the status have much to count
    bench.set({LEVEL: 1})

    assert_consecutive(shown(request)[COUNT], 2)
    told = bench.states_until(DataloggingState.Standby)
    order = [DataloggingState.Acquiring, DataloggingState.Downloading, DataloggingState.Standby]
    assert [state for state, _ in told] == sorted((s for s, _ in told), key=order.index)
    ratios = [ratio for state, ratio in told if state is DataloggingState.Acquiring]
    known = [ratio for ratio in ratios if ratio is not None]
    assert len(known) >= 2
    assert known == sorted(set(known))
    assert 0 <= known[0] < known[-1] <= 1


def test_a_recording_survives_the_session(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    request = bench.start(COUNT, LEVEL, condition="Equal", operands=[LEVEL, 1])
    request.wait_until_armed(DEADLINE_S)
    bench.client.clear_event_queue()

    bench.device.ask("end_session")
    bench.states_until(DataloggingState.NA)
    bench.states_until(DataloggingState.WaitForTrigger)
    bench.set({LEVEL: 1})

    recorded = shown(request)
    assert_crossing(recorded[LEVEL], recorded.trigger, 0, 1)
    assert_consecutive(recorded[COUNT])

"""What the stock server and SDK record from our devices, and whether every sample is right."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from scrutiny.sfd.package import read_package
from tests.support.example_board import description_of

from .our_devices import (
    IDLE_LOOP,
    SMALL_ANSWER,
    Model,
    c_model,
    describe_simulator,
    simulated_model,
)
from .peer_processes import Peer, PeerClient, running_processes
from .shown_recordings import Change, ShownRecording, assert_consecutive, assert_crossing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

# Published values.
SPEED, FAULT_COUNT, SETPOINT = "/rpv/x1001", "/rpv/x1004", "/rpv/x1000"
UPTIME_MS, ENABLED, TICKS = "/rpv/x1007", "/rpv/x1008", "/rpv/x1010"
ENERGY_PUBLISHED = "/rpv/x1011"
TRIM, OFFSET = "/rpv/x100C", "/rpv/x1012"  # sint8 and sint64, ours to write like the following
LEVEL, LEVEL_2, LEVEL_3 = "/rpv/x2000", "/rpv/x2001", "/rpv/x2002"  # uint32
RATIO, RATIO_2 = "/rpv/x201E", "/rpv/x201F"  # float32

# Variables.
SAMPLE_COUNT = "/global/statistics/sample_count"  # of iterations, as TICKS
SCRATCH_COUNTS = "/static/app_published.c/scratch_counts/scratch_counts"
COUNT, COUNT_2 = f"{SCRATCH_COUNTS}[7]", f"{SCRATCH_COUNTS}[8]"  # uint32, ours to write
FAULT_CODE, DIRECTION = "/global/motor_flags/fault_code", "/global/motor_flags/direction"
NARROW_FAULT_CODE = "/global/motor_flags/narrow_fault_code"  # of the simulator
DRIVE, TEMPERATURE = "/global/motor_drive_permille", "/global/motor_temperature_c"
ENERGY, SPEED_VARIABLE = "/global/motor_energy_j", "/global/motor_speed_rpm"

# Aliases.
UPTIME_S, DRIVE_PERCENT = "/board/uptime [s]", "/motor/drive [%]"
TEMPERATURE_F, SETPOINT_ALIAS = "/motor/temperature [°F]", "/motor/setpoint [rpm]"

ALL_KINDS: Final = (
    *(TICKS, SAMPLE_COUNT, UPTIME_MS, UPTIME_S, SPEED, SPEED_VARIABLE, ENERGY, ENERGY_PUBLISHED),
    *(COUNT, LEVEL, DRIVE, DRIVE_PERCENT, TEMPERATURE, TEMPERATURE_F, SETPOINT, SETPOINT_ALIAS),
)

SIZES: Final = dict.fromkeys((LEVEL, RATIO, COUNT, SETPOINT_ALIAS), 4) | {
    TRIM: 1,
    ENABLED: 1,
    OFFSET: 8,
    TICKS: 8,
}

INJECT_FAULT = 2  # a user command

SMALL_REQUEST: Final = 128


# --- Fixtures -----------------------------------------------------------------------------------


def _c_application(
    request: pytest.FixtureRequest, request_size: int = 1024, answer_size: int = 1024
) -> tuple[Model, Path]:
    program: Path = request.getfixturevalue("described_program")
    description = description_of(program)
    firmware_id = read_package(description).firmware_id
    return c_model(program, request_size, answer_size, firmware_id), description


def _simulator(request: pytest.FixtureRequest) -> tuple[Model, Path]:
    folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("simulator")
    return simulated_model(), describe_simulator(folder / "simulator.sfd")


MODELS: Final[dict[str, Callable[[pytest.FixtureRequest], tuple[Model, Path]]]] = {
    "C application": _c_application,
    "C application, small buffers": lambda request: _c_application(
        request, SMALL_REQUEST, SMALL_ANSWER
    ),
    "simulator": _simulator,
}


# Where it would be a waste of time to go through all of them.
LARGE_BUFFERS: Final = ["C application", "simulator"]


@dataclass(frozen=True)
class Bench:
    """A stock client, whose server has one of our devices.

    Attributes:
        loop_hz: how often the control loop of the device runs.
        room: for recordings, in octets.
    """

    client: PeerClient
    loop_hz: float
    room: int

    def set(self, values: dict[str, float]) -> None:
        """Write values."""
        for path, value in values.items():
            self.client.ask("write", path=path, value=value)

    def record(self, *paths: str, **wish: Any) -> ShownRecording:
        """Record, without anything that has to be done for it."""
        return ShownRecording(self.client.ask("record", paths=paths, **wish))

    def record_after_refusal(self, *paths: str) -> ShownRecording:
        """Record, although the request before was refused."""
        return ShownRecording(self.client.ask("record_after_refusal", paths=paths))

    def record_change(self, *paths: str, change: Callable[[], None], **wish: Any) -> ShownRecording:
        """Record what the device does while something is changed, which fires the trigger."""
        self.client.ask("arm", name="change", paths=paths, **wish)
        self.run_for(self.room / 8 * wish.get("decimation", 1))  # until the buffer is full
        change()
        return ShownRecording(self.client.ask("fetch", name="change"))

    def inject_fault(self, code: int) -> None:
        """Let the motor fail, for a second."""
        self.client.ask("user_command", subfunction=INJECT_FAULT, data=f"{code:02x}")

    def run_for(self, iterations: float) -> None:
        """Let the control loop run so often at least."""
        end = self.client.ask("read", path=TICKS) + iterations
        while self.client.ask("read", path=TICKS) < end:
            pass

    def expected_place(self, entry_size: int, position: float = 0.5) -> tuple[int, int]:
        """Return how many samples there will be, and which of them is the trigger's."""
        points = self.room // entry_size
        probe = round(position * 255)
        after = -(-(self.room * (255 - probe) // 256) // entry_size)
        return points, max(0, points - after - 1)


@contextmanager
def _bench(
    model: Model, description: Path, room: int, peer_python: Path, folder: Path
) -> Generator[Bench]:
    peer = Peer(peer_python, folder)
    installed = peer.run("install-sfd", description)
    assert installed.returncode == 0, installed.stderr
    with running_processes() as processes:
        processes.append(model.start(folder / "motor", "--datalog-size", f"{room}"))
        processes.append(peer.start_server(folder / "motor"))
        client = peer.connect()
        processes.append(client.process)
        client.ask("wait_described", firmware_id=model.firmware_id)
        yield Bench(client, model.control_loop_hz, room)
        client.close()


@pytest.fixture(scope="module", params=MODELS)
def bench(
    request: pytest.FixtureRequest, peer_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A stock server that has each kind of device in turn, and its description."""
    model, description = MODELS[request.param](request)
    room = 2048 if model.control_loop_hz > 1000 else 1024  # some tenths of a second
    folder = tmp_path_factory.mktemp("peer")
    with _bench(model, description, room, peer_python, folder) as started:
        yield started


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
    "literal first": Change(LEVEL, 0, 7, "LessThan", (6.5, LEVEL)),
    "two values": Change(LEVEL, 6, 8, "GreaterThan", (LEVEL, LEVEL_2), ((LEVEL_2, 7),)),
    "two types": Change(LEVEL, 6, 8, "GreaterThan", (LEVEL, RATIO_2), ((RATIO_2, 7.5),)),
    "three values": Change(
        LEVEL, 0, 99, "IsWithin", (LEVEL, LEVEL_2, LEVEL_3), ((LEVEL_2, 100), (LEVEL_3, 1))
    ),
    "sint8": Change(TRIM, -100, 100, "GreaterThan", (TRIM, -1)),
    "sint64": Change(OFFSET, -(2**50), -(2**50) - 1, "LessThan", (OFFSET, -(2.0**50))),
    "boolean": Change(ENABLED, True, False, "NotEqual", (ENABLED, 1)),
    "variable": Change(COUNT, 5, 2**31, "GreaterThan", (COUNT, 2.0**30)),
    "two variables": Change(COUNT, 5, 70000, "Equal", (COUNT, COUNT_2), ((COUNT_2, 70000),)),
    "variable and published": Change(COUNT, 5, 70000, "Equal", (LEVEL, COUNT), ((LEVEL, 70000),)),
    "alias": Change(SETPOINT_ALIAS, 100.0, -100.0, "LessThan", (SETPOINT_ALIAS, -50)),
}


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_trigger_fires_at_the_crossing(bench: Bench, change: Change) -> None:
    bench.set(dict(change.others))
    bench.set({change.path: change.before})

    recorded = bench.record_change(
        TICKS,
        change.path,
        condition=change.condition,
        operands=change.operands,
        change=lambda: bench.set({change.path: change.after}),
    )

    assert_crossing(recorded[change.path], recorded.trigger, change.before, change.after)
    assert_consecutive(recorded[TICKS])
    place = (len(recorded.x), recorded.trigger)
    assert place == bench.expected_place(SIZES[TICKS] + SIZES[change.path])


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_a_bit_field_fires_the_trigger(bench: Bench) -> None:
    bench.inject_fault(3)

    recorded = bench.record_change(
        TICKS,
        FAULT_COUNT,
        condition="GreaterThan",
        operands=[FAULT_CODE, 8],
        change=lambda: bench.inject_fault(9),
    )

    counts = recorded[FAULT_COUNT]
    assert_crossing(counts, recorded.trigger, counts[0], counts[0] + 1)
    assert_consecutive(recorded[TICKS])


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_a_signed_bit_field_that_the_stock_firmware_refuses_fires_the_trigger(
    bench: Bench,
) -> None:
    bench.set({ENABLED: True, SETPOINT: 300})
    while bench.client.ask("read", path=SPEED) < 100:
        pass

    recorded = bench.record_change(
        TICKS,
        SPEED,
        condition="LessThan",
        operands=[DIRECTION, 0],
        change=lambda: bench.set({SETPOINT: -300}),
    )

    speeds = recorded[SPEED]
    assert min(speeds[: recorded.trigger]) >= -15  # below, the motor runs backwards
    assert speeds[recorded.trigger] < -15
    assert_consecutive(recorded[TICKS])


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
@pytest.mark.parametrize("position", [0.0, 0.25, 1.0])
def test_the_trigger_stands_where_it_was_wanted(bench: Bench, position: float) -> None:
    bench.set({LEVEL: 0})

    recorded = bench.record_change(
        TICKS,
        LEVEL,
        condition="Equal",
        operands=[LEVEL, 1],
        position=position,
        change=lambda: bench.set({LEVEL: 1}),
    )

    assert (len(recorded.x), recorded.trigger) == bench.expected_place(8 + 4, position)
    assert_consecutive(recorded[TICKS])
    assert recorded[LEVEL][recorded.trigger] == 1
    assert set(recorded[LEVEL][: recorded.trigger]) <= {0}


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_the_condition_has_to_hold(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    per_ms = round(bench.loop_hz / 1000)

    recorded = bench.record_change(
        TICKS,
        LEVEL,
        condition="Equal",
        operands=[LEVEL, 1],
        decimation=per_ms,
        hold_s=0.02,
        change=lambda: bench.set({LEVEL: 1}),
    )

    held = recorded.trigger - recorded[LEVEL].index(1)
    assert held in (20, 20 - 1)  # it may have begun between two samples
    assert_consecutive(recorded[TICKS], per_ms)


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_a_recording_ends_with_its_timeout(bench: Bench) -> None:
    per_ms = round(bench.loop_hz / 1000)

    recorded = bench.record(TICKS, timeout_s=0.02, position=0, decimation=per_ms)

    assert len(recorded.x) - 1 - recorded.trigger in (20, 20 - 1)
    assert_consecutive(recorded[TICKS], per_ms)


# --- Samples ------------------------------------------------------------------------------------


def test_all_kinds_of_signals_are_of_the_same_iteration(bench: Bench) -> None:
    bench.set({COUNT: 0xDEADBEEF, LEVEL: 0xDEADBEEF, SETPOINT: 700})

    recorded = bench.record(*ALL_KINDS)

    assert_consecutive(recorded[TICKS])
    assert_consecutive(recorded[SAMPLE_COUNT])
    ticks_per_ms = bench.loop_hz / 1000
    assert recorded[UPTIME_MS] == [ticks // ticks_per_ms for ticks in recorded[TICKS]]
    for variable, published in (
        (SPEED_VARIABLE, SPEED),
        (ENERGY, ENERGY_PUBLISHED),
        (COUNT, LEVEL),
        (SETPOINT_ALIAS, SETPOINT),
    ):
        assert recorded[variable] == recorded[published]
    assert len(set(recorded[SPEED])) > len(recorded.x) / 2
    for alias, target, gain, offset in (
        (UPTIME_S, UPTIME_MS, 0.001, 0.0),
        (DRIVE_PERCENT, DRIVE, 0.1, 0.0),
        (TEMPERATURE_F, TEMPERATURE, 1.8, 32.0),
    ):
        expected = [value * gain + offset for value in recorded[target]]
        assert recorded[alias] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
@pytest.mark.parametrize("x_axis", ["Indexed", "IdealTime", "MeasuredTime", "Signal"])
def test_samples_are_drawn_over_each_x_axis(bench: Bench, x_axis: str) -> None:
    recorded = bench.record(
        TICKS, x_axis=x_axis, x_signal=TICKS if x_axis == "Signal" else None, decimation=3
    )

    ticks = recorded[TICKS]
    assert_consecutive(ticks, 3)
    expected = {
        "Indexed": list(range(len(ticks))),
        "IdealTime": [(tick - ticks[0]) / bench.loop_hz for tick in ticks],
        "MeasuredTime": [(tick - ticks[0]) / bench.loop_hz for tick in ticks],
        "Signal": ticks,
    }
    assert recorded.x == pytest.approx(expected[x_axis], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_a_loop_of_variable_frequency_is_measured(bench: Bench) -> None:
    recorded = bench.record(
        TICKS, loop_id=IDLE_LOOP, x_axis="MeasuredTime", position=0, timeout_s=0.1
    )

    ticks = recorded[TICKS]
    assert ticks == sorted(ticks)
    assert recorded.x == sorted(recorded.x)
    ms_by_ticks = (ticks[-1] - ticks[0]) / bench.loop_hz * 1000
    assert recorded.x[-1] * 1000 == pytest.approx(ms_by_ticks, abs=20)
    assert ms_by_ticks > 0


@pytest.mark.parametrize("bench", ["simulator"], indirect=True)
def test_a_bit_field_as_wide_as_the_stock_server_can_read_it_is_recorded(bench: Bench) -> None:
    # It asks for the octets that hold the bits, and stops if its type is larger.
    bench.inject_fault(9)

    recorded = bench.record(NARROW_FAULT_CODE, TICKS)

    assert set(recorded[NARROW_FAULT_CODE]) == {9}
    assert_consecutive(recorded[TICKS])


# --- Requests -----------------------------------------------------------------------------------


def test_one_recording_follows_the_other(bench: Bench) -> None:
    bench.set({LEVEL: 7})

    recorded = [
        bench.record(TICKS, name=name, condition="Equal", operands=[LEVEL, 7])
        for name in ("first", "second", "third")
    ]

    for each in recorded:
        assert_consecutive(each[TICKS])
    ends = [(each[TICKS][0], each[TICKS][-1]) for each in recorded]
    assert ends == sorted(ends)
    assert [each.content["name"] for each in recorded] == ["first", "second", "third"]


def test_a_newer_request_takes_the_place_of_the_one_that_waits(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    bench.client.ask("arm", name="waits", paths=[TICKS], condition="Equal", operands=[LEVEL, 12345])

    recorded = bench.record(TICKS, LEVEL, name="takes over")

    assert_consecutive(recorded[TICKS])
    bench.client.refusal("fetch", name="waits")
    assert_consecutive(bench.record(TICKS)[TICKS])


# Not here, because the stock server does not stand it: more signals than the device takes, at which
# its process ends, and signals in forbidden regions, as it takes the answer Forbidden for noise.
def test_what_the_device_refuses_leaves_the_session_alone(
    peer_python: Path, tmp_path: Path
) -> None:
    description = describe_simulator(tmp_path / "simulator.sfd")
    with _bench(simulated_model(), description, 16, peer_python, tmp_path) as bench:
        session = bench.client.ask("device")["session"]

        bench.client.refusal("record", paths=[TICKS, OFFSET, LEVEL])  # longer than the buffer

        assert_consecutive(bench.record_after_refusal(TICKS)[TICKS])
        assert bench.client.ask("device")["session"] == session


def test_an_unknown_loop_is_refused(bench: Bench) -> None:
    bench.client.refusal("record", paths=[TICKS], loop_id=7)

    assert_consecutive(bench.record_after_refusal(TICKS)[TICKS])


@pytest.mark.parametrize("bench", ["C application, small buffers"], indirect=True)
def test_what_does_not_fit_a_request_is_refused(bench: Bench) -> None:
    too_large = [f"{SCRATCH_COUNTS}[{index}]" for index in range(SMALL_REQUEST // 10 + 1)]

    bench.client.refusal("record", paths=too_large)

    assert_consecutive(bench.record_after_refusal(TICKS)[TICKS])


@pytest.mark.parametrize("bench", LARGE_BUFFERS, indirect=True)
def test_the_recorder_is_seen_at_work(bench: Bench) -> None:
    bench.set({LEVEL: 0})
    points, _ = bench.expected_place(8, position=0)
    decimation = round(bench.loop_hz / points)  # a second, for a poll every 0.2 s
    bench.client.ask(
        "arm",
        name="slow",
        paths=[TICKS],
        condition="Equal",
        operands=[LEVEL, 1],
        position=0,
        decimation=decimation,
    )

    bench.set({LEVEL: 1})

    *acquiring, (last_state, _) = bench.client.ask("states_until", state="Downloading")
    assert last_state == "Downloading"
    assert {state for state, _ in acquiring} == {"Acquiring"}
    ratios = [ratio for _, ratio in acquiring]
    assert ratios == sorted(set(ratios))
    assert 0 < ratios[0] < ratios[-1] <= 1
    assert_consecutive(ShownRecording(bench.client.ask("fetch", name="slow"))[TICKS], decimation)


# --- Storage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bench", ["C application"], indirect=True)
def test_recordings_are_listed_read_renamed_and_deleted(bench: Bench) -> None:
    ask = bench.client.ask
    ask("delete_all")
    recorded = [bench.record(TICKS, LEVEL, name=name) for name in ("one", "two")]
    contents = {each.content["name"]: each.content for each in recorded}
    references = {name: content["reference_id"] for name, content in contents.items()}

    firmware_id = recorded[0].content["firmware_id"]
    assert recorded[0].content["firmware_name"] == "Motor example"
    for selection in ({}, {"firmware_id": firmware_id}, {"count": 2}):
        assert dict(ask("stored", **selection)) == references
    assert ask("stored", firmware_id="f" * 32) == []
    for name, content in contents.items():
        assert ask("read_stored", reference_id=references[name]) == content

    ask("rename", reference_id=references["one"], name="renamed")
    ask("delete", reference_id=references["two"])
    assert ask("stored") == [["renamed", references["one"]]]
    bench.client.refusal("read_stored", reference_id=references["two"])
    ask("delete_all")
    assert ask("stored") == []

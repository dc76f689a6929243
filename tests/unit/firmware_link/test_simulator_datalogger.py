"""The recording engine of the simulator: states, ring, completion (device protocol, 11 and 12)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import DatalogState, ResponseCode, TriggerCondition
from scrutiny.firmware_link.messages import (
    Arm,
    Configure,
    Disarm,
    GetMetadata,
    GetStatus,
    LiteralOperand,
    MemorySignal,
    ReadAcquisition,
    RequestMessage,
    Reset,
    RpvOperand,
    RpvSignal,
    TimeSignal,
    VariableOperand,
)
from scrutiny.firmware_link.simulator.datalogger import Datalogger

from .recording_rig import (
    ALWAYS,
    CLOSED,
    COUNTER,
    COUNTER_SIGNAL,
    FIXED,
    MS,
    ON_FLAG,
    PERIOD_100NS,
    REFUSED_ID,
    VALUE_ID,
    VARIABLE,
    RecordingRig,
)

IDLE, CONFIGURED, ARMED, TRIGGERED, COMPLETED = list(DatalogState)[:5]


@pytest.fixture
def rig() -> RecordingRig:
    return RecordingRig()


def reach(rig: RecordingRig, state: DatalogState) -> None:
    """Bring a device that is idle into a state."""
    if state is IDLE:
        return
    rig.ask(ON_FLAG)
    rig.run(3)
    if state is CONFIGURED:
        return
    rig.ask(Arm())
    if state is ARMED:
        rig.run(3)
        return
    rig.set_flag()
    rig.run(1 if state is TRIGGERED else 100)
    assert rig.state is state


# --- States -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after_arm", "after_disarm"),
    [
        (CONFIGURED, ARMED, CONFIGURED),
        (ARMED, ARMED, CONFIGURED),
        (TRIGGERED, ARMED, CONFIGURED),
        (COMPLETED, ARMED, CONFIGURED),
    ],
)
def test_arm_and_disarm(
    before: DatalogState, after_arm: DatalogState, after_disarm: DatalogState
) -> None:
    for message, after in ((Arm(), after_arm), (Disarm(), after_disarm)):
        rig = RecordingRig()
        reach(rig, before)

        rig.ask(message)

        assert rig.state is after


@pytest.mark.parametrize("state", [IDLE, CONFIGURED, ARMED, TRIGGERED, COMPLETED])
def test_what_is_accepted_when(state: DatalogState) -> None:
    failure, ok = ResponseCode.FAILURE_TO_PROCEED, ResponseCode.OK
    has_data = ok if state is COMPLETED else failure
    expected: list[tuple[RequestMessage[Any], ResponseCode]] = [
        (GetStatus(), ok),
        (GetMetadata(), has_data),
        (ReadAcquisition(), has_data),
        (Arm(), failure if state is IDLE else ok),
        (Disarm(), failure if state is IDLE else ok),
        (ALWAYS, ok),
        (Reset(), ok),
    ]
    for message, code in expected:
        rig = RecordingRig()
        reach(rig, state)

        assert rig.code(message) is code, message


@pytest.mark.parametrize("state", [CONFIGURED, ARMED, TRIGGERED, COMPLETED])
def test_a_reset_and_a_refused_configuration_leave_nothing(state: DatalogState) -> None:
    for message in (Reset(), replace(ALWAYS, decimation=0)):
        rig = RecordingRig()
        reach(rig, state)

        rig.code(message)

        assert rig.state is IDLE
        assert rig.code(Arm()) is ResponseCode.FAILURE_TO_PROCEED


def test_the_counters_are_told_while_triggered_only(rig: RecordingRig) -> None:
    rig.ask(replace(ON_FLAG, signals=(MemorySignal(COUNTER, 4),)))
    rig.ask(Arm())
    rig.run(20)
    assert rig.ask(GetStatus()).completion is None
    rig.set_flag()

    rig.run(1)
    assert rig.ask(GetStatus()).bytes_since_trigger == 0
    rig.run(3)

    status = rig.ask(GetStatus())
    assert (status.bytes_to_acquire, status.bytes_since_trigger) == (64 * 127 // 256, 12)
    rig.run(10)
    assert rig.ask(GetStatus()).bytes_to_acquire == 0


# --- The ring and its end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probe_location", "after"),
    [(0, 63), (128, 31), (254, 0), (255, 0)],  # of 64, when the ring is full at the trigger
)
def test_the_probe_location_says_how_much_follows_the_trigger(
    rig: RecordingRig, probe_location: int, after: int
) -> None:
    rig.ask(replace(ON_FLAG, probe_location=probe_location))
    rig.run(100)
    rig.ask(Arm())
    rig.set_flag()
    rig.run(100)

    metadata = rig.ask(GetMetadata())

    assert (metadata.point_count, metadata.points_after_trigger) == (64, after)
    data = rig.read()
    assert data[metadata.trigger_index] == 101
    assert list(data) == list(range(101 + after - 63, 101 + after + 1))


@pytest.mark.parametrize("before", [0, 1, 20, 63])
def test_the_ring_is_filled_whatever_the_probe_location(rig: RecordingRig, before: int) -> None:
    rig.ask(replace(ALWAYS, probe_location=255))
    rig.run(before)

    rig.ask(Arm())
    rig.run(63 - before)
    assert rig.state is (ARMED if before == 63 else TRIGGERED)
    rig.run(1)

    assert rig.state is COMPLETED
    assert rig.ask(GetMetadata()).points_after_trigger == 63 - before
    assert rig.read() == bytes(range(1, 65))


def test_what_is_left_of_the_buffer_stays_empty(rig: RecordingRig) -> None:
    rig.record(replace(ALWAYS, signals=(MemorySignal(COUNTER, 5), COUNTER_SIGNAL, TimeSignal())))

    metadata = rig.ask(GetMetadata())

    assert (metadata.point_count, metadata.data_size) == (6, 60)
    assert len(rig.read()) == 60


@pytest.mark.parametrize(("timeout_periods", "after"), [(1, 1), (5, 5), (100, 63)])
def test_the_timeout_runs_from_the_trigger(
    rig: RecordingRig, timeout_periods: int, after: int
) -> None:
    rig.record(replace(ALWAYS, probe_location=0, timeout_100ns=timeout_periods * PERIOD_100NS))

    metadata = rig.ask(GetMetadata())

    assert metadata.points_after_trigger == after
    assert metadata.point_count == after + 1


def test_a_timeout_shorter_than_an_iteration_ends_at_the_next_one(rig: RecordingRig) -> None:
    rig.ask(replace(ALWAYS, timeout_100ns=1))
    rig.ask(Arm())

    rig.run()
    assert rig.state is TRIGGERED
    rig.run()
    assert rig.state is COMPLETED


@pytest.mark.parametrize("decimation", [1, 2, 3, 7])
def test_every_nth_iteration_is_recorded_but_all_are_looked_at(
    rig: RecordingRig, decimation: int
) -> None:
    rig.ask(replace(ON_FLAG, decimation=decimation, probe_location=0))
    rig.ask(Arm())
    rig.run(9)
    rig.set_flag()

    rig.run()

    assert rig.state is TRIGGERED
    rig.set_flag(0)
    rig.run(100 * decimation)
    data = rig.read()
    assert data[0] % decimation == 0
    assert {(b - a) & 0xFF for a, b in pairwise(data)} == {decimation}
    assert data[rig.ask(GetMetadata()).trigger_index] == 10 - 10 % decimation


def test_arming_again_keeps_what_was_recorded_and_what_was_true(rig: RecordingRig) -> None:
    hold = replace(ON_FLAG, hold_time_100ns=5 * PERIOD_100NS, probe_location=255)
    rig.ask(hold)
    rig.ask(Arm())
    rig.set_flag()
    rig.run(100)
    assert rig.state is COMPLETED
    rig.ask(Disarm())
    rig.run(5)

    rig.ask(Arm())
    rig.run()

    assert rig.state is COMPLETED
    assert rig.ask(GetMetadata()).point_count == 64


def test_configuring_again_forgets_what_was_true(rig: RecordingRig) -> None:
    hold = replace(ON_FLAG, hold_time_100ns=5 * PERIOD_100NS)
    rig.set_flag()
    for _ in range(2):
        rig.ask(hold)
        rig.ask(Arm())
        rig.run(5)
        assert rig.state is ARMED


def test_acquisitions_are_counted_from_boot_on(rig: RecordingRig) -> None:
    for number in (1, 2, 3):
        rig.record()
        metadata = rig.ask(GetMetadata())
        assert (metadata.acquisition_id, metadata.config_id) == (number, 0x4321)
        rig.ask(Reset())

    rig.device.reboot(0)
    rig.connect()
    assert rig.state is IDLE
    rig.record()
    assert rig.ask(GetMetadata()).acquisition_id == 1


def test_the_number_of_acquisitions_wraps(rig: RecordingRig) -> None:
    rig.ask(replace(ALWAYS, probe_location=255, signals=(MemorySignal(COUNTER, 64),)))
    for _ in range(0x1_0001):
        engine = rig.application.datalogger
        assert isinstance(engine, Datalogger)
        engine.arm()
        engine.run(FIXED, 0)

    assert rig.ask(GetMetadata()).acquisition_id == 1


# --- Loops and time -----------------------------------------------------------------------------


def times_of(rig: RecordingRig) -> list[int]:
    data = rig.read()
    return [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]


def test_only_the_configured_loop_records(rig: RecordingRig) -> None:
    rig.ask(ALWAYS)
    rig.ask(Arm())

    rig.run(100, VARIABLE)
    rig.run(100, CLOSED)

    assert rig.state is ARMED


def test_a_fixed_loop_counts_its_periods(rig: RecordingRig) -> None:
    rig.record(replace(ALWAYS, signals=(TimeSignal(),)))

    assert times_of(rig) == [PERIOD_100NS * n for n in range(1, 17)]


def test_the_time_of_a_fixed_loop_goes_on_while_nothing_is_recorded(rig: RecordingRig) -> None:
    rig.record(replace(ALWAYS, signals=(TimeSignal(),)), count=50)
    rig.ask(Disarm())

    rig.run(20)
    rig.ask(Arm())
    rig.run(50)

    assert times_of(rig)[-1] > 60 * PERIOD_100NS


def test_a_variable_loop_looks_at_the_clock_which_wraps(rig: RecordingRig) -> None:
    rig.now_ns = ((1 << 32) - 20_000) * 100
    rig.connect()
    rig.ask(replace(ALWAYS, loop_id=VARIABLE, signals=(TimeSignal(),), timeout_100ns=25_000))
    rig.ask(Arm())
    for _ in range(4):
        rig.run(loop_id=VARIABLE)
        rig.now_ns += MS

    assert rig.state is COMPLETED
    assert times_of(rig) == [0xFFFF_FFFF - 19_999, 0xFFFF_FFFF - 9_999, 0, 10_000]


def test_the_end_of_the_session_does_not_end_a_recording(rig: RecordingRig) -> None:
    rig.ask(ALWAYS)
    rig.ask(Arm())
    rig.run(10)
    rig.now_ns += 10_000 * MS
    rig.device.tick(rig.now_ns)
    assert rig.device.session_id is None

    rig.run(100)
    rig.connect()

    assert rig.state is COMPLETED
    assert rig.read() == bytes(range(1, 65))


# --- Signals and operands -----------------------------------------------------------------------


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_memory_is_recorded_as_it_is_and_values_and_time_big_endian(byte_order: str) -> None:
    rig = RecordingRig(byte_order=byte_order)
    rig.device.memory.write(COUNTER + 1, b"\xaa\xbb")
    signals = (MemorySignal(COUNTER + 1, 2), RpvSignal(VALUE_ID), TimeSignal())

    rig.record(replace(ALWAYS, signals=signals))

    assert rig.read()[:8] == bytes.fromhex("aabb 1234 00002710")


def test_a_refused_value_is_recorded_as_zeros(rig: RecordingRig) -> None:
    rig.record(replace(ALWAYS, signals=(RpvSignal(REFUSED_ID), COUNTER_SIGNAL)))

    assert rig.read()[:10] == b"\0\0\0\0\1\0\0\0\0\2"


def test_a_value_that_does_not_fit_its_type_is_refused(rig: RecordingRig) -> None:
    rig.application.values[VALUE_ID] = -1
    equal = replace(
        ALWAYS,
        condition=TriggerCondition.NOT_EQUAL,
        operands=(RpvOperand(VALUE_ID), LiteralOperand(0)),
        signals=(RpvSignal(VALUE_ID),),
    )
    rig.ask(equal)
    rig.ask(Arm())
    rig.run(100)
    assert rig.state is ARMED

    rig.application.values[VALUE_ID] = 5
    rig.run(100)

    assert rig.state is COMPLETED


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_variables_are_compared_in_the_byte_order_of_the_target(byte_order: str) -> None:
    rig = RecordingRig(byte_order=byte_order)
    operands = (VariableOperand(DataType.UINT16, COUNTER + 4), LiteralOperand(1.0))
    rig.ask(replace(ALWAYS, condition=TriggerCondition.EQUAL, operands=operands))
    rig.ask(Arm())
    rig.device.memory.write(COUNTER + 4, b"\x01\x00")

    rig.run()

    assert rig.state is (TRIGGERED if byte_order == "little" else ARMED)


def test_a_recording_needs_no_loop_to_be_replaced(rig: RecordingRig) -> None:
    rig.ask(ALWAYS)

    rig.ask(replace(ALWAYS, config_id=2))
    rig.ask(Arm())
    rig.run(100)

    assert rig.ask(GetMetadata()).config_id == 2


def test_the_largest_configuration_is_recorded() -> None:
    rig = RecordingRig(datalog_buffer_size=255 * 16, max_rx_payload=1024)
    big = Configure(
        FIXED, 1, 1, 0, 0, TriggerCondition.ALWAYS_TRUE, 0, (), (MemorySignal(0x2000, 255),) * 16
    )

    rig.record(big)

    assert rig.ask(GetMetadata()).data_size == 255 * 16

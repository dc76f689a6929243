"""A wish becomes a configuration, and the recording an acquisition."""

from __future__ import annotations

import struct

import msgspec
import pytest
from msgspec.structs import replace

from scrutiny.core.datalogging import Axis
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Variable
from scrutiny.firmware_link.codes import DatalogEncoding, FeatureBits, TriggerCondition
from scrutiny.firmware_link.errors import RecordingFailed
from scrutiny.firmware_link.messages import Configure, DatalogSetup, MemorySignal, TimeSignal
from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.server.datalogging.errors import RecordingRefused
from scrutiny.server.datalogging.plan import (
    MOST_SAMPLES,
    Origin,
    Recorded,
    RecordingPlan,
)
from scrutiny.server.datalogging.target import has_datalogger
from scrutiny.server.datalogging.wanted import (
    WantedRecording,
    WantedSignal,
    WantedTrigger,
    XAxis,
)

from .naive_datalogger import (
    BASE,
    PROFILE,
    alias,
    profile,
    published,
    variable,
    wanted,
)

SPEED = variable("/speed", DataType.SINT16)
STATE = variable("/state", DataType.UINT8, BASE + 2)
ORIGIN = Origin("ab" * 16, "cd" * 16, "Pump V1", 1.75e9)


def plan(wish: WantedRecording, device: DeviceProfile = PROFILE) -> RecordingPlan:
    return RecordingPlan(wish, device, {})


def refusal(wish: WantedRecording, device: DeviceProfile = PROFILE) -> str:
    with pytest.raises(RecordingRefused) as refused:
        plan(wish, device)
    return str(refused.value)


def test_the_configuration_says_what_was_asked_for() -> None:
    wish = wanted(
        SPEED,
        condition=TriggerCondition.GREATER_THAN,
        operands=[SPEED, 3],
        loop_id=1,
        decimation=7,
        probe_location=64,
        timeout_100ns=123,
    )
    trigger = replace(wish.trigger, hold_time_100ns=45)
    made = plan(replace(wish, trigger=trigger)).configuration(0xBEEF)
    assert isinstance(made, Configure)
    assert (made.loop_id, made.config_id, made.decimation) == (1, 0xBEEF, 7)
    assert (made.probe_location, made.timeout_100ns, made.hold_time_100ns) == (64, 123, 45)
    assert made.condition is TriggerCondition.GREATER_THAN
    assert made.signals == (MemorySignal(BASE, 2),)
    assert Configure.parse(made.payload(PROFILE.address_format), PROFILE.address_format) == made


def test_samples_come_back_in_the_order_and_the_units_of_the_user() -> None:
    wish = wanted(STATE, alias("/kmh", SPEED, 0.5, 1), SPEED, published(0x1000, DataType.FLOAT32))
    made = plan(wish)
    octets = b"".join(
        struct.pack("<hB", speed, state) + struct.pack(">f", value)
        for speed, state, value in ((-2, 7, 0.5), (4, 255, -1e10))
    )

    acquisition = made.acquisition(Recorded(octets, 2, 1), ORIGIN)

    assert [list(series.samples) for series in acquisition.series] == [
        [7, 255],
        [0.0, 3.0],
        [-2, 4],
        [0.5, -1e10],
    ]
    assert [series.samples.typecode for series in acquisition.series] == ["q", "d", "q", "d"]
    assert [(s.path, s.kind) for s in acquisition.series] == [
        ("/state", "var"),
        ("/kmh", "alias"),
        ("/speed", "var"),
        ("/rpv/x1000", "rpv"),
    ]
    assert (acquisition.trigger_index, acquisition.point_count) == (1, 2)
    assert (acquisition.firmware_name, acquisition.time_s) == ("Pump V1", 1.75e9)
    assert (acquisition.x.name, list(acquisition.x.samples)) == ("Index", [0, 1])


def test_ideal_time_counts_iterations_of_the_loop() -> None:
    made = plan(wanted(STATE, x_axis=XAxis.IDEAL_TIME, decimation=5))
    x = made.acquisition(Recorded(bytes(3), 3, 0), ORIGIN).x
    assert (x.name, list(x.samples)) == ("Time (ideal)", [0.0, 0.0005, 0.001])
    text = refusal(wanted(STATE, x_axis=XAxis.IDEAL_TIME, loop_id=1))
    assert "no fixed frequency" in text
    assert "use measured_time" in text
    endless = msgspec.structs.replace(PROFILE.loops[0], period_100ns=0)
    assert "no fixed" in refusal(wanted(STATE, x_axis=XAxis.IDEAL_TIME), profile(loops=(endless,)))


def test_measured_time_is_recorded_behind_the_signals() -> None:
    made = plan(wanted(STATE, x_axis=XAxis.MEASURED_TIME))
    assert made.configuration(1).signals == (MemorySignal(BASE + 2, 1), TimeSignal())
    octets = b"".join(b"\x05" + tick.to_bytes(4, "big") for tick in (0xFFFFFFF0, 0x10, 0x20))
    x = made.acquisition(Recorded(octets, 3, 0), ORIGIN).x
    assert (x.name, list(x.samples)) == ("Time (measured)", [0.0, 32e-7, 48e-7])


def test_a_signal_may_be_the_x_axis_and_costs_nothing_if_it_is_recorded_anyway() -> None:
    wish = wanted(SPEED, x_axis=XAxis.SIGNAL, x_signal=WantedSignal("rpm", -1, SPEED))
    made = plan(wish)
    assert made.configuration(1).signals == (MemorySignal(BASE, 2),)
    acquisition = made.acquisition(Recorded(b"\x01\x00\x02\x00", 2, 0), ORIGIN)
    assert (acquisition.x.name, acquisition.x.path) == ("rpm", "/speed")
    assert list(acquisition.x.samples) == [1, 2] == list(acquisition.series[0].samples)


def test_behind_a_pointer_the_value_of_the_pointer_counts() -> None:
    pointer = Variable("/p", DataType.PTR32, "little", BASE)
    pointed = variable("/*p/x", DataType.UINT16, 8, pointer=pointer)
    wish = wanted(pointed, condition=TriggerCondition.EQUAL, operands=[pointed, 1])
    assert wish.pointers == (pointer,)
    made = RecordingPlan(wish, PROFILE, {"/p": BASE + 0x20}).configuration(1)
    assert made.signals == (MemorySignal(BASE + 0x28, 2),)
    with pytest.raises(RecordingRefused, match=r"pointer /p is null"):
        RecordingPlan(wish, PROFILE, {"/p": 0})


# --------------------------------------------------------------------- limits


def test_a_loop_has_to_exist_and_to_record() -> None:
    assert "no loop 9; sampling rates are 0 (control), 1 (idle)" in refusal(
        wanted(SPEED, loop_id=9)
    )
    assert "loop 2 of the firmware does not record" in refusal(wanted(SPEED, loop_id=2))


def test_a_device_without_a_datalogger_is_refused() -> None:
    for device in (profile(features=FeatureBits(0xB0)), profile(datalog_setup=None)):
        assert "built without datalogging" in refusal(wanted(SPEED), device)
        assert not has_datalogger(device)
    assert has_datalogger(PROFILE)
    assert not has_datalogger(None)


def test_signals_are_counted_as_the_device_does() -> None:
    scattered = [variable(f"/v{i}", DataType.UINT8, BASE + 2 * i) for i in range(16)]
    assert len(plan(wanted(*scattered)).configuration(1).signals) == 16
    text = refusal(wanted(*scattered, x_axis=XAxis.MEASURED_TIME))
    assert "17 signals are too many, of which the measured time is one" in text
    table = [variable(f"/t[{i}]", DataType.UINT8, BASE + i) for i in range(100)]
    assert len(plan(wanted(*table)).configuration(1).signals) == 1


def test_one_sample_has_to_fit_the_buffer() -> None:
    setup = DatalogSetup(3, DatalogEncoding.RAW, 16)
    assert plan(wanted(SPEED, STATE), profile(datalog_setup=setup)).entry_size == 3
    wide = variable("/wide", DataType.UINT32)
    assert "4 octets, more than the buffer of the device with 3" in refusal(
        wanted(wide), profile(datalog_setup=setup)
    )
    assert plan(wanted(wide), profile(datalog_setup=setup, char_bit=16)).entry_size == 4


def test_the_configuration_has_to_fit_the_receive_buffer() -> None:
    scattered = [variable(f"/v{i}", DataType.UINT8, BASE + 2 * i) for i in range(4)]
    assert "41 octets, the device takes 40" in refusal(
        wanted(*scattered), profile(max_rx_payload=40)
    )
    assert plan(wanted(*scattered), profile(max_rx_payload=41)).entry_size == 4


def test_what_would_fill_the_memory_of_the_server_is_refused() -> None:
    setup = DatalogSetup(MOST_SAMPLES // 2 + 1, DatalogEncoding.RAW, 16)
    assert "ask for fewer series" in refusal(wanted(STATE), profile(datalog_setup=setup))


def test_octets_that_are_not_whole_samples_are_a_failure() -> None:
    made = plan(wanted(SPEED))
    for octets, count in ((bytes(3), 1), (bytes(2), 2), (bytes(4), 1), (b"", 1)):
        with pytest.raises(RecordingFailed, match=r"octets for"):
            made.acquisition(Recorded(octets, count, 0), ORIGIN)
    with pytest.raises(RecordingFailed, match=r"before its first sample"):
        made.acquisition(Recorded(b"", 0, 0), ORIGIN)


def test_axes_are_those_that_were_asked_for() -> None:
    axes = (Axis(3, "rpm"), Axis(-7, "unused"))
    wish = wanted(SPEED, axes=axes, signals=(WantedSignal("s", 3, SPEED),))
    acquisition = plan(wish).acquisition(Recorded(bytes(2), 1, 0), ORIGIN)
    assert acquisition.axes == axes
    assert acquisition.series[0].axis_id == 3


def test_a_trigger_that_cannot_be_told_is_refused() -> None:
    wish = wanted(SPEED)
    trigger = WantedTrigger(TriggerCondition.EQUAL, (SPEED, 16777217))
    assert "32-bit floats" in refusal(replace(wish, trigger=trigger))

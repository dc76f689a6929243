"""The demo application: a motor that a server can look into and change."""

from __future__ import annotations

import math
import struct
from typing import TypeVar

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import FLOAT32_MAX
from scrutiny.firmware_link.codes import DatalogState, TriggerCondition
from scrutiny.firmware_link.frames import ResponseParser
from scrutiny.firmware_link.messages import (
    Arm,
    Configure,
    Connect,
    Heartbeat,
    MemorySignal,
    ReadAcquisition,
    RequestMessage,
    RpvSignal,
    Signal,
    TimeSignal,
)
from scrutiny.firmware_link.simulator import (
    DeviceSettings,
    MemorySegment,
    MotorApplication,
    SimulatedDevice,
    SparseMemory,
    UnmappedAddress,
)
from scrutiny.firmware_link.simulator.motor import HISTORY_SIZE, Motor, MotorState, Statistics
from scrutiny.firmware_link.simulator.motor_application import CONTROL_LOOP, IDLE_LOOP
from scrutiny.firmware_link.simulator.motor_variables import DEMO_VARIABLES, VariableLayout
from scrutiny.firmware_link.simulator.settings import DEMO_LOOPS, DEMO_RPVS, RAM_START

MS = 1_000_000
SETPOINT, SPEED, STATE, FAULT_COUNT, KP, UPTIME, ENABLED = (
    0x1000,
    0x1001,
    0x1003,
    0x1004,
    0x1005,
    0x1007,
    0x1008,
)
LAST_FAULT, TICK_COUNT = 0x100A, 0x1010

AnswerT = TypeVar("AnswerT")


class Rig:
    """The application in memory of its own."""

    def __init__(self, seed: int = 0) -> None:
        self.memory = SparseMemory((MemorySegment(RAM_START, 0x1000),))
        self.app = MotorApplication(seed)
        self.app.start(self.memory, "little", 0)

    def run(self, until_ms: int) -> None:
        self.app.advance(until_ms * MS)

    def read(self, name: str, code: str) -> float | int:
        size = struct.calcsize(code)
        octets = self.memory.read(self.app.variable_address(name), size)
        value: float | int = struct.unpack("<" + code, octets)[0]
        return value

    def write(self, name: str, code: str, value: float) -> None:
        octets = struct.pack("<" + code, value)
        self.memory.write(self.app.variable_address(name), octets)
        self.app.memory_written()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def number(rig: Rig, rpv_id: int) -> float:
    value = rig.app.read_rpv(rpv_id)
    assert value is not None
    return float(value)


def test_the_motor_reaches_its_setpoint(rig: Rig) -> None:
    rig.run(1000)

    assert abs(number(rig, SPEED) - 1500) < 15
    assert number(rig, STATE) == MotorState.RUNNING


def test_a_new_setpoint_is_followed(rig: Rig) -> None:
    assert rig.app.write_rpv(SETPOINT, -800.0)

    rig.run(2000)

    assert abs(number(rig, SPEED) + 800) < 15
    assert rig.app.motor.direction == -1


@pytest.mark.parametrize(
    ("rpv_id", "value"),
    [(SETPOINT, 3001.0), (SETPOINT, math.nan), (KP, -1.0), (SPEED, 1.0), (UPTIME, 1), (0x9999, 1)],
)
def test_values_out_of_range_and_read_only_ones_are_refused(
    rig: Rig, rpv_id: int, value: float
) -> None:
    before = rig.app.read_rpv(rpv_id)

    assert not rig.app.write_rpv(rpv_id, value)
    assert rig.app.read_rpv(rpv_id) == before


def test_a_disabled_motor_stops(rig: Rig) -> None:
    rig.run(500)
    rig.app.write_rpv(ENABLED, False)

    rig.run(8000)

    assert number(rig, STATE) == MotorState.STOPPED
    assert abs(number(rig, SPEED)) < 100


def test_every_announced_value_can_be_read_and_those_free_for_the_user_written(rig: Rig) -> None:
    for definition in DEMO_RPVS:
        assert rig.app.read_rpv(definition.id) is not None
    for definition in DEMO_RPVS:
        if definition.id >= 0x2000 or definition.id in (0x100C, 0x1012):
            assert rig.app.write_rpv(definition.id, 5)
            assert rig.app.read_rpv(definition.id) == 5


def test_the_announced_table_is_the_one_of_the_example_firmware() -> None:
    types = dict(DEMO_RPVS)

    assert len(DEMO_RPVS) == 76
    assert (types[0x1000], types[0x1008], types[0x1012]) == (
        DataType.FLOAT32,
        DataType.BOOL8,
        DataType.SINT64,
    )
    assert (types[0x201D], types[0x201E]) == (DataType.UINT32, DataType.FLOAT32)
    assert [loop.name for loop in DEMO_LOOPS] == ["control", "idle"]
    assert DeviceSettings().rpvs is DEMO_RPVS


def test_time_is_counted_in_milliseconds_and_iterations_of_the_control_loop(rig: Rig) -> None:
    rig.run(250)

    assert rig.app.read_rpv(UPTIME) == 250
    assert rig.app.read_rpv(TICK_COUNT) == 250
    assert rig.app.statistics.sample_count == 250


def test_time_that_goes_back_stands_still(rig: Rig) -> None:
    rig.run(250)
    rig.run(100)

    assert rig.app.read_rpv(UPTIME) == 250


def test_memory_shows_what_is_published(rig: Rig) -> None:
    rig.run(321)

    assert abs(rig.read("motor_speed_rpm", "f") - number(rig, SPEED)) < 1e-3
    assert rig.read("motor_state", "I") == number(rig, STATE)
    assert rig.read("statistics.sample_count", "I") == 321
    assert rig.read("statistics_history_next", "H") == 32


def test_what_a_server_writes_into_memory_takes_effect(rig: Rig) -> None:
    rig.write("motor_setpoint_rpm", "f", 700.0)
    rig.run(1000)

    assert rig.app.read_rpv(SETPOINT) == 700.0
    assert abs(number(rig, SPEED) - 700) < 15


def test_the_flags_are_a_bit_field(rig: Rig) -> None:
    rig.app.user_command(2, b"\x09")
    assert rig.read("motor_flags", "I") == 0x91

    rig.write("motor_flags", "I", 0x300)
    assert not rig.app.motor.enabled
    assert rig.app.motor.direction == -1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, FLOAT32_MAX, -FLOAT32_MAX])
@pytest.mark.parametrize("name", [v.name for v in DEMO_VARIABLES if v.type is DataType.FLOAT32])
def test_no_number_in_memory_stops_the_simulation(rig: Rig, name: str, value: float) -> None:
    rig.write(name, "f", value)

    rig.run(50)

    assert rig.app.read_rpv(UPTIME) == 50
    assert rig.app.statistics.sample_count == 50


@pytest.mark.parametrize("octet", [0xFF, 0x7F, 0x80])
def test_garbage_in_all_variables_does_not_stop_the_simulation(rig: Rig, octet: int) -> None:
    last = DEMO_VARIABLES[-1]
    size = last.offset + last.count * last.type.size
    rig.memory.write(RAM_START, bytes((octet,)) * size)
    rig.app.memory_written()

    rig.run(50)

    assert rig.app.read_rpv(UPTIME) == 50


def test_an_injected_fault_shows_and_ends_by_itself(rig: Rig) -> None:
    rig.run(500)

    assert rig.app.user_command(2, b"\x07") == b""
    assert (number(rig, STATE), number(rig, LAST_FAULT)) == (MotorState.FAULT, 7)
    assert number(rig, FAULT_COUNT) == 1
    rig.run(3000)
    assert number(rig, STATE) == MotorState.RUNNING
    assert number(rig, LAST_FAULT) == 7


def test_a_blocked_motor_reports_a_stall(rig: Rig) -> None:
    rig.write("parameters.current_limit_a", "f", 0.0)
    rig.app.write_rpv(SETPOINT, 3000.0)
    rig.app.write_rpv(KP, 1.0)

    rig.run(2500)

    assert number(rig, LAST_FAULT) == 2


def test_overheating_is_a_fault(rig: Rig) -> None:
    rig.write("motor_temperature_c", "f", 150.0)

    rig.run(1)

    assert number(rig, LAST_FAULT) == 1


def test_statistics_are_reset_but_for_the_number_of_resets(rig: Rig) -> None:
    rig.run(1000)

    assert rig.app.user_command(1, b"") == b""
    assert rig.read("statistics.sample_count", "I") == 0
    assert rig.read("statistics.reset_count", "I") == 1
    assert rig.app.statistics.history == [0.0] * HISTORY_SIZE
    assert sum(rig.app.statistics.histogram) == 0


def test_the_echo_returns_what_it_gets(rig: Rig) -> None:
    assert rig.app.user_command(0, b"hello") == b"hello"


@pytest.mark.parametrize(
    ("subfunction", "data"), [(1, b"x"), (2, b""), (2, b"\0"), (2, b"\x10"), (3, b"")]
)
def test_other_user_commands_are_refused(rig: Rig, subfunction: int, data: bytes) -> None:
    assert rig.app.user_command(subfunction, data) is None


def test_equal_seeds_run_alike_and_others_do_not() -> None:
    rigs = [Rig(5), Rig(5), Rig(6)]
    for step, rig in enumerate(rigs):
        for until_ms in (range(0, 501, 7), range(0, 501, 50), range(500, 501))[step]:
            rig.run(until_ms)
        rig.run(500)

    assert rigs[0].app.motor == rigs[1].app.motor
    assert rigs[0].app.motor != rigs[2].app.motor


def test_a_long_pause_is_not_run_through(rig: Rig) -> None:
    rig.run(3_600_000)

    assert rig.app.read_rpv(UPTIME) == 3_600_000
    assert rig.app.statistics.sample_count == 10_000


def test_a_start_forgets_everything(rig: Rig) -> None:
    rig.run(500)
    rig.app.write_rpv(0x2000, 5)

    rig.app.start(rig.memory, "big", 900 * MS)

    assert rig.app.read_rpv(0x2000) == 0
    assert rig.app.read_rpv(UPTIME) == 0
    address = rig.app.variable_address("motor_setpoint_rpm")
    assert rig.memory.read(address, 4) == struct.pack(">f", 1500.0)


def test_variables_need_memory() -> None:
    with pytest.raises(UnmappedAddress):
        MotorApplication().start(SparseMemory((MemorySegment(0, 64),)), "little", 0)


def test_a_model_beyond_float32_saturates_in_memory() -> None:
    layout = VariableLayout("little")
    motor, statistics = Motor(temperature_c=1e300, current_a=-1e300), Statistics()

    octets = layout.pack(motor, statistics)
    layout.unpack(octets, motor, statistics)

    assert (motor.temperature_c, motor.current_a) == (FLOAT32_MAX, -FLOAT32_MAX)
    assert layout.pack(motor, statistics) == octets


# --- Recording ----------------------------------------------------------------------------------


def recording_motor(loop_id: int, *signals: Signal) -> SimulatedDevice:
    """A motor that has run for half a second, and records from now on."""
    device = SimulatedDevice()
    ask(device, Connect(), 0)
    device.tick(500 * MS)
    always = TriggerCondition.ALWAYS_TRUE
    ask(device, Configure(loop_id, 1, 1, 0, 0, always, 0, (), signals), 500 * MS)
    ask(device, Arm(), 500 * MS)
    return device


def ask(device: SimulatedDevice, message: RequestMessage[AnswerT], now_ns: int) -> AnswerT:
    fmt = device.settings.address_format
    device.receive(message.request(fmt).encode(), now_ns)
    (response,) = ResponseParser().feed(device.take_output())
    assert response.code == 0
    return message.parse_answer(response.payload, fmt)


def recorded(device: SimulatedDevice, now_ns: int) -> bytes:
    """Fetch what was recorded until then."""
    ask(device, Heartbeat(0, 1), now_ns - 1)
    data = b""
    is_last = False
    while not is_last:
        chunk = ask(device, ReadAcquisition(), now_ns)
        data, is_last = data + chunk.data, chunk.is_last
    return data


def test_each_step_of_the_control_loop_is_recorded_with_its_own_values() -> None:
    application = MotorApplication()
    speed = MemorySignal(application.variable_address("motor_speed_rpm"), 4)
    samples = MemorySignal(application.variable_address("statistics.sample_count"), 4)
    device = recording_motor(CONTROL_LOOP, samples, speed, RpvSignal(TICK_COUNT), TimeSignal())

    data = recorded(device, 4900 * MS)
    # Memory is little endian, published values and times are big endian.
    in_memory = list(struct.iter_unpack("<If12x", data))
    published = list(struct.iter_unpack(">8xQI", data))
    count = 0x1_0000 // 20
    assert [samples for samples, _ in in_memory] == list(range(501, 501 + count))
    assert published == [(500 + n, 10_000 * n) for n in range(1, count + 1)]
    assert len({speed for _, speed in in_memory}) > count // 2, "it is noisy"


def test_a_recorded_motor_runs_like_another() -> None:
    device = recording_motor(CONTROL_LOOP, TimeSignal())
    other = SimulatedDevice()

    device.tick(3000 * MS)
    other.tick(3000 * MS)

    assert device.memory.read(RAM_START, 0x400) == other.memory.read(RAM_START, 0x400)


def test_the_idle_loop_iterates_when_the_device_is_called() -> None:
    device = recording_motor(IDLE_LOOP, RpvSignal(UPTIME), TimeSignal())
    application = device.application

    for now_ms in (600, 601, 650):
        device.tick(now_ms * MS)

    assert application.datalogger is not None
    assert application.datalogger.status().bytes_since_trigger == 2 * 8
    entries = list(struct.iter_unpack(">II", application.datalogger.octets()))
    assert entries[-3:] == [(600, 6_000_000), (601, 6_010_000), (650, 6_500_000)]


def test_time_goes_on_after_a_recording_is_complete() -> None:
    device = recording_motor(CONTROL_LOOP, MemorySignal(RAM_START, 255), TimeSignal())
    device.tick(4000 * MS)
    application = device.application
    assert application.datalogger is not None
    assert application.datalogger.state is DatalogState.ACQUISITION_COMPLETED

    ask(device, Arm(), 4000 * MS)
    device.tick(4001 * MS)

    newest = application.datalogger.octets()[-4:]
    assert int.from_bytes(newest, "big") == 3501 * 10_000

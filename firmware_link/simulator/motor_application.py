"""The demo: a motor whose variables lie in memory and whose main values are published.

Ids, types and user commands are those of the example firmware, so that one script serves both.
"""

from __future__ import annotations

from typing import Final

from scrutiny.core.values import ByteOrder, Value

from .application import Application
from .memory import SparseMemory
from .motor import STEP_NS, Motor, Statistics
from .motor_variables import DEMO_VARIABLES, VariableLayout
from .settings import RAM_START

CONTROL_LOOP: Final = 0  # one iteration is one step of the model
IDLE_LOOP: Final = 1  # one iteration is one call of `advance`

COMMAND_ECHO: Final = 0
COMMAND_RESET_STATISTICS: Final = 1
COMMAND_INJECT_FAULT: Final = 2

# 10 s of motor take about 50 ms: after a longer pause the rest is left out.
MAX_STEPS_AT_ONCE: Final = 10_000

_NS_PER_MS: Final = 1_000_000
_U8_MAX: Final = 0xFF
_U32_MAX: Final = 0xFFFF_FFFF

_SETPOINT: Final = 0x1000
_STATE: Final = 0x1003
_KP: Final = 0x1005
_KI: Final = 0x1006
_UPTIME_MS: Final = 0x1007
_ENABLED: Final = 0x1008
_TICK_COUNT: Final = 0x1010

_MOTOR_ATTRIBUTES: Final = {
    _SETPOINT: "setpoint_rpm",
    0x1001: "speed_rpm",
    0x1002: "temperature_c",
    0x1004: "fault_count",
    _KP: "kp",
    _KI: "ki",
    _ENABLED: "enabled",
    0x1009: "drive_permille",
    0x100A: "last_fault",
    0x100B: "position_counts",
    0x1011: "energy_j",
}
_FREE_VALUES: Final[dict[int, Value]] = {
    0x100C: 0,  # trim
    0x1012: 0,  # time offset
    **dict.fromkeys(range(0x2000, 0x201E), 0),
    **dict.fromkeys(range(0x201E, 0x203C), 0.0),
}


class MotorApplication(Application):
    """The motor demo.

    Attributes:
        motor: As of the last call; memory holds the same.
        statistics: What it did since the last reset of statistics.
    """

    def __init__(self, seed: int = 0, base_address: int = RAM_START) -> None:
        """Place the variables at ``base_address``, in octets; the seed is that of the noise."""
        super().__init__(_FREE_VALUES)
        self.motor = Motor()
        self.statistics = Statistics()
        self._seed = seed
        self._base_address = base_address
        self._layout = VariableLayout("little")
        self._memory: SparseMemory | None = None
        self._started_ns = 0
        self._now_ns = 0
        self._step_count = 0

    def variable_address(self, name: str) -> int:
        """Return where a variable of `DEMO_VARIABLES` lies, in octets."""
        return self._base_address + next(v.offset for v in DEMO_VARIABLES if v.name == name)

    def start(self, memory: SparseMemory, byte_order: ByteOrder, now_ns: int) -> None:
        super().start(memory, byte_order, now_ns)
        self.motor = Motor()
        self.motor.noise_state ^= self._seed & _U32_MAX
        self.statistics = Statistics()
        self._layout = VariableLayout(byte_order)
        self._memory = memory
        self._started_ns = self._now_ns = now_ns
        self._step_count = 0
        self._store()

    def advance(self, now_ns: int) -> None:
        now_ns = max(now_ns, self._now_ns)
        due = (now_ns - self._started_ns) // STEP_NS
        # What is left out of a long pause has not happened; only the time has passed.
        first = max(self._step_count, due - MAX_STEPS_AT_ONCE)
        recorded_loop = None if self.datalogger is None else self.datalogger.owner
        for step in range(first, due):
            self.motor.step()
            self.statistics.step(self.motor)
            if recorded_loop == CONTROL_LOOP:
                self._end_iteration(self._started_ns + (step + 1) * STEP_NS)
        self._now_ns = now_ns
        if due > self._step_count:
            self._step_count = due
            self._store()
        self.run_loop(IDLE_LOOP, now_ns)

    def _end_iteration(self, now_ns: int) -> None:
        """Let the datalogger see this step, and not what the last one of many has left."""
        if self.datalogger is not None and self.datalogger.is_recording:
            self._now_ns = now_ns
            self._store()
        self.run_loop(CONTROL_LOOP, now_ns)

    def memory_written(self) -> None:
        if self._memory is not None:
            octets = self._memory.read(self._base_address, self._layout.size)
            self._layout.unpack(octets, self.motor, self.statistics)

    def read_rpv(self, rpv_id: int) -> Value | None:
        if (attribute := _MOTOR_ATTRIBUTES.get(rpv_id)) is not None:
            value: Value = getattr(self.motor, attribute)
            return value
        if rpv_id == _STATE:
            return self.motor.state & _U8_MAX
        if rpv_id == _UPTIME_MS:
            return self._uptime_ns // _NS_PER_MS & _U32_MAX
        if rpv_id == _TICK_COUNT:
            return self._uptime_ns // STEP_NS
        return super().read_rpv(rpv_id)

    def write_rpv(self, rpv_id: int, value: Value) -> bool:
        if not self._write_motor(rpv_id, value):
            return super().write_rpv(rpv_id, value)
        self._store()
        return True

    def user_command(self, subfunction: int, data: bytes) -> bytes | None:
        if subfunction == COMMAND_ECHO:
            return data
        if subfunction == COMMAND_RESET_STATISTICS and not data:
            self.statistics.reset()
            self._store()
            return b""
        if subfunction == COMMAND_INJECT_FAULT and len(data) == 1:
            if not self.motor.raise_fault(data[0]):
                return None
            self._store()
            return b""
        return None

    @property
    def _uptime_ns(self) -> int:
        return self._now_ns - self._started_ns

    def _write_motor(self, rpv_id: int, value: Value) -> bool:
        motor = self.motor
        if rpv_id == _SETPOINT:
            return motor.set_setpoint(float(value))
        if rpv_id == _KP:
            return motor.set_gains(float(value), motor.ki)
        if rpv_id == _KI:
            return motor.set_gains(motor.kp, float(value))
        if rpv_id == _ENABLED:
            motor.enabled = bool(value)
        return rpv_id == _ENABLED

    def _store(self) -> None:
        if self._memory is not None:
            self._memory.write(self._base_address, self._layout.pack(self.motor, self.statistics))

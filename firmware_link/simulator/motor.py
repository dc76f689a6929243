"""The motor of the demo: the model of the example firmware, in steps of one millisecond.

The firmware steps at 10 kHz, this one at 1 kHz: that is still well above what the mechanical time
constant of 10 ms asks for, and costs a tenth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Final

STEP_NS: Final = 1_000_000
SPEED_LIMIT_RPM: Final = 3000.0
FAULT_CODE_MAX: Final = 15
HISTORY_SIZE: Final = 64
BIN_COUNT: Final = 8

_STEP_S: Final = STEP_NS / 1e9
_HISTORY_STEPS: Final = 10
_STALL_STEPS: Final = 2000
_FAULT_STEPS: Final = 1000
_RPM_PER_RAD_S: Final = 30.0 / math.pi
_COUNTS_PER_REV: Final = 4096.0
_AT_SPEED_RPM: Final = 15.0
_OVERHEATED_C: Final = 110.0
_TRUE_SPEED_MAX_RAD_S: Final = 10_000.0
_GAIN_MAX: Final = 1e6
_MEAN_WEIGHT: Final = 0.01  # the firmware's loop is ten times faster, and has a tenth
_NOISE_STATE_AT_START: Final = 2463534242
_U32: Final = 0xFFFF_FFFF


class MotorState(IntEnum):
    STOPPED = 0
    STARTING = 1  # on its way to the setpoint
    RUNNING = 2
    FAULT = 3  # unpowered; ends by itself after a second


class FaultCode(IntEnum):
    OVERHEATED = 1
    STALLED = 2


@dataclass(slots=True)
class Motor:
    """Everything the firmware keeps in variables; all of it may be written from outside."""

    setpoint_rpm: float = 1500.0
    speed_rpm: float = 0.0
    current_a: float = 0.0
    temperature_c: float = 25.0
    kp: float = 0.005
    ki: float = 0.15
    state: int = MotorState.STARTING
    enabled: bool = True
    at_speed: bool = False
    saturated: bool = False
    overheated: bool = False
    fault_code: int = 0
    direction: int = 0
    fault_count: int = 0
    last_fault: int = 0
    drive_permille: int = 0
    position_counts: int = 0
    energy_j: float = 0.0
    supply_v: float = 24.0
    resistance_ohm: float = 0.5
    torque_nm_per_a: float = 0.07
    inertia_kg_m2: float = 1e-4
    friction_nm_s: float = 1e-4
    current_limit_a: float = 20.0
    heat_capacity_j_per_k: float = 30.0
    thermal_resistance_k_per_w: float = 4.0
    ambient_c: float = 25.0
    load_torque_nm: float = 0.05
    noise_amplitude_rpm: float = 2.0
    true_speed_rad_s: float = 0.0
    integral_v: float = 0.0
    position_remainder: float = 0.0
    noise_state: int = _NOISE_STATE_AT_START
    fault_steps: int = 0
    stalled_steps: int = 0

    @property
    def flags(self) -> int:
        """Return the bit field of the firmware: four flags, fault code, direction."""
        return (
            self.enabled
            | self.at_speed << 1
            | self.saturated << 2
            | self.overheated << 3
            | (self.fault_code & 0xF) << 4
            | (self.direction & 0x3) << 8
        )

    @flags.setter
    def flags(self, bits: int) -> None:
        self.enabled = bool(bits & 1)
        self.at_speed = bool(bits & 2)
        self.saturated = bool(bits & 4)
        self.overheated = bool(bits & 8)
        self.fault_code = bits >> 4 & 0xF
        self.direction = (0, 1, -2, -1)[bits >> 8 & 0x3]

    def set_setpoint(self, rpm: float) -> bool:
        """Take a new wanted speed, unless it is out of range or not a number."""
        if not -SPEED_LIMIT_RPM <= rpm <= SPEED_LIMIT_RPM:
            return False
        self.setpoint_rpm = rpm
        return True

    def set_gains(self, kp: float, ki: float) -> bool:
        """Take new gains, unless one is negative, huge or not a number."""
        if not (0.0 <= kp <= _GAIN_MAX and 0.0 <= ki <= _GAIN_MAX):
            return False
        self.kp, self.ki = kp, ki
        return True

    def raise_fault(self, code: int) -> bool:
        """Report a fault as the protection does; there are codes 1 to 15."""
        if not 1 <= code <= FAULT_CODE_MAX:
            return False
        self.state = MotorState.FAULT
        self.fault_code = self.last_fault = code
        self.fault_count = (self.fault_count + 1) & 0xFFFF
        self.fault_steps = 0
        return True

    def step(self) -> None:
        """Advance controller and model by `STEP_NS`."""
        try:
            applied_v = self._control()
            self.drive_permille = int(_clamp(applied_v / self.supply_v * 1000.0, 1000.0))
            self._step_mechanics(applied_v)
            self._step_encoder()
            self._step_temperature()
        except (ArithmeticError, ValueError):  # impossible parameters were written
            self._stand_still()
        self._update_flags()
        self._protect()
        self._update_state()

    @property
    def _is_powered(self) -> bool:
        return self.state not in (MotorState.STOPPED, MotorState.FAULT)

    def _control(self) -> float:
        if not self._is_powered:
            self.integral_v = 0.0
            self.saturated = False
            return 0.0
        error_rpm = self.setpoint_rpm - self.speed_rpm
        self.integral_v = _clamp(self.integral_v + self.ki * error_rpm * _STEP_S, self.supply_v)
        wanted_v = self.kp * error_rpm + self.integral_v
        self.saturated = abs(wanted_v) > self.supply_v
        return _clamp(wanted_v, self.supply_v)

    def _step_mechanics(self, applied_v: float) -> None:
        speed = self.true_speed_rad_s
        load_nm = _clamp(self.load_torque_nm * speed, self.load_torque_nm)
        back_emf_v = self.torque_nm_per_a * speed
        self.current_a = (
            _clamp((applied_v - back_emf_v) / self.resistance_ohm, self.current_limit_a)
            if self._is_powered
            else 0.0  # the power stage is open: no braking either
        )
        torque_nm = self.torque_nm_per_a * self.current_a - self.friction_nm_s * speed - load_nm
        self.true_speed_rad_s = speed + torque_nm / self.inertia_kg_m2 * _STEP_S
        if not abs(self.true_speed_rad_s) < _TRUE_SPEED_MAX_RAD_S:
            self._stand_still()
        self.energy_j += applied_v * self.current_a * _STEP_S

    def _stand_still(self) -> None:
        self.true_speed_rad_s = 0.0
        self.integral_v = 0.0
        self.current_a = 0.0
        self.speed_rpm = 0.0

    def _step_encoder(self) -> None:
        true_rpm = self.true_speed_rad_s * _RPM_PER_RAD_S
        moved = self.position_remainder + true_rpm / 60.0 * _COUNTS_PER_REV * _STEP_S
        whole = int(_clamp(moved, 1e6))
        self.position_remainder = moved - whole
        self.position_counts = _to_signed_32(self.position_counts + whole)
        self.speed_rpm = true_rpm + self.noise_amplitude_rpm * self._noise()

    def _noise(self) -> float:
        """Return uniform noise in -1 to 1, by the xorshift32 of the firmware."""
        state = self.noise_state or _NOISE_STATE_AT_START
        state ^= state << 13 & _U32
        state ^= state >> 17
        state ^= state << 5 & _U32
        self.noise_state = state
        return (state >> 8) * (2.0 / 16777216.0) - 1.0

    def _step_temperature(self) -> None:
        loss_w = self.current_a * self.current_a * self.resistance_ohm
        cooling_w = (self.temperature_c - self.ambient_c) / self.thermal_resistance_k_per_w
        self.temperature_c += (loss_w - cooling_w) / self.heat_capacity_j_per_k * _STEP_S
        self.overheated = self.temperature_c > _OVERHEATED_C

    def _update_flags(self) -> None:
        self.at_speed = abs(self.setpoint_rpm - self.speed_rpm) < _AT_SPEED_RPM
        self.direction = (self.speed_rpm > _AT_SPEED_RPM) - (self.speed_rpm < -_AT_SPEED_RPM)

    def _protect(self) -> None:
        self.stalled_steps = self.stalled_steps + 1 if self.saturated and not self.direction else 0
        if self.state == MotorState.FAULT:
            return
        if self.overheated:
            self.raise_fault(FaultCode.OVERHEATED)
        elif self.stalled_steps > _STALL_STEPS:
            self.stalled_steps = 0
            self.raise_fault(FaultCode.STALLED)

    def _update_state(self) -> None:
        match self.state:
            case MotorState.FAULT:
                self.fault_steps += 1
                if self.fault_steps >= _FAULT_STEPS and not self.overheated:
                    self.fault_code = 0
                    self.state = MotorState.STOPPED
            case MotorState.STOPPED:
                if self.enabled:
                    self.state = MotorState.STARTING
            case MotorState.STARTING | MotorState.RUNNING:
                running = MotorState.RUNNING if self.at_speed else MotorState.STARTING
                self.state = running if self.enabled else MotorState.STOPPED
            case _:  # an unknown value was written from outside
                self.state = MotorState.STOPPED


@dataclass(slots=True)
class Statistics:
    """What the loop has seen so far: extremes, means, a history, time per state and speed."""

    sample_count: int = 0
    reset_count: int = 0
    speed_minimum: float = 0.0
    speed_maximum: float = 0.0
    speed_mean: float = 0.0
    current_minimum: float = 0.0
    current_maximum: float = 0.0
    current_mean: float = 0.0
    history_next: int = 0
    history: list[float] = field(default_factory=lambda: [0.0] * HISTORY_SIZE)
    histogram: list[int] = field(default_factory=lambda: [0] * (len(MotorState) * BIN_COUNT))
    history_steps: int = 0

    def reset(self) -> None:
        """Forget everything but the number of resets."""
        at_start = Statistics(reset_count=(self.reset_count + 1) & _U32)
        for item in fields(self):
            setattr(self, item.name, getattr(at_start, item.name))

    def step(self, motor: Motor) -> None:
        """Take the motor's values of this step."""
        speed, current = motor.speed_rpm, motor.current_a
        if self.sample_count == 0:
            self.speed_minimum = self.speed_maximum = self.speed_mean = speed
            self.current_minimum = self.current_maximum = self.current_mean = current
        self.speed_minimum = min(self.speed_minimum, speed)
        self.speed_maximum = max(self.speed_maximum, speed)
        self.speed_mean += (speed - self.speed_mean) * _MEAN_WEIGHT
        self.current_minimum = min(self.current_minimum, current)
        self.current_maximum = max(self.current_maximum, current)
        self.current_mean += (current - self.current_mean) * _MEAN_WEIGHT
        self.sample_count = (self.sample_count + 1) & _U32
        self._record_history(speed)
        self._count_bin(motor.state, abs(speed))

    def _record_history(self, speed: float) -> None:
        self.history_steps += 1
        if self.history_steps < _HISTORY_STEPS:
            return
        self.history_steps = 0
        slot = self.history_next % HISTORY_SIZE
        self.history[slot] = speed
        self.history_next = (slot + 1) % HISTORY_SIZE

    def _count_bin(self, state: int, speed: float) -> None:
        is_in_range = speed < SPEED_LIMIT_RPM  # false for NaN as well
        column = int(speed / (SPEED_LIMIT_RPM / BIN_COUNT)) if is_in_range else BIN_COUNT - 1
        if 0 <= state < len(MotorState):
            slot = state * BIN_COUNT + column
            self.histogram[slot] = (self.histogram[slot] + 1) & _U32


def _clamp(value: float, limit: float) -> float:
    """Limit a value in both directions; what is not a number becomes ``-limit``, as in C."""
    if value > limit:
        return limit
    return value if value >= -limit else -limit


def _to_signed_32(number: int) -> int:
    number &= _U32
    return number - (1 << 32) if number >> 31 else number

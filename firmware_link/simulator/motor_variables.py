"""Where the variables of the demo lie in memory, under their names in the example firmware."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from scrutiny.core.types import STRUCT_CODES, DataType
from scrutiny.core.values import FLOAT32_MAX, ByteOrder, Value

from .motor import BIN_COUNT, HISTORY_SIZE, Motor, MotorState, Statistics

_F32: Final = DataType.FLOAT32
_U32: Final = DataType.UINT32


@dataclass(frozen=True, slots=True)
class DemoVariable:
    """A variable of the demo.

    Attributes:
        attribute: Of `Motor` or `Statistics`, which holds the value while the model runs.
        offset: From the base address of the application, in octets.
        count: Elements of an array; 1 for a plain variable.
    """

    name: str
    attribute: str
    type: DataType
    offset: int
    count: int

    @property
    def is_array(self) -> bool:
        return self.count > 1

    @property
    def is_statistic(self) -> bool:
        return self.name.startswith("statistics")


def _lay_out(*fields: tuple[str, str, DataType, int]) -> tuple[DemoVariable, ...]:
    variables: list[DemoVariable] = []
    offset = 0
    for name, attribute, data_type, count in fields:
        offset += -offset % data_type.size
        variables.append(DemoVariable(name, attribute, data_type, offset, count))
        offset += count * data_type.size
    return tuple(variables)


DEMO_VARIABLES: Final = _lay_out(
    ("motor_setpoint_rpm", "setpoint_rpm", _F32, 1),
    ("motor_speed_rpm", "speed_rpm", _F32, 1),
    ("motor_current_a", "current_a", _F32, 1),
    ("motor_temperature_c", "temperature_c", _F32, 1),
    ("motor_gains.kp", "kp", _F32, 1),
    ("motor_gains.ki", "ki", _F32, 1),
    ("motor_state", "state", _U32, 1),
    ("motor_flags", "flags", _U32, 1),
    ("motor_fault_count", "fault_count", DataType.UINT16, 1),
    ("motor_last_fault", "last_fault", DataType.UINT8, 1),
    ("motor_drive_permille", "drive_permille", DataType.SINT16, 1),
    ("motor_position_counts", "position_counts", DataType.SINT32, 1),
    ("motor_energy_j", "energy_j", DataType.FLOAT64, 1),
    ("parameters.supply_v", "supply_v", _F32, 1),
    ("parameters.resistance_ohm", "resistance_ohm", _F32, 1),
    ("parameters.torque_nm_per_a", "torque_nm_per_a", _F32, 1),
    ("parameters.inertia_kg_m2", "inertia_kg_m2", _F32, 1),
    ("parameters.friction_nm_s", "friction_nm_s", _F32, 1),
    ("parameters.current_limit_a", "current_limit_a", _F32, 1),
    ("parameters.heat_capacity_j_per_k", "heat_capacity_j_per_k", _F32, 1),
    ("parameters.thermal_resistance_k_per_w", "thermal_resistance_k_per_w", _F32, 1),
    ("parameters.ambient_c", "ambient_c", _F32, 1),
    ("load_torque_nm", "load_torque_nm", _F32, 1),
    ("noise_amplitude_rpm", "noise_amplitude_rpm", _F32, 1),
    ("true_speed_rad_s", "true_speed_rad_s", _F32, 1),
    ("integral_v", "integral_v", _F32, 1),
    ("statistics.sample_count", "sample_count", _U32, 1),
    ("statistics.reset_count", "reset_count", _U32, 1),
    ("statistics.speed_rpm.minimum", "speed_minimum", _F32, 1),
    ("statistics.speed_rpm.maximum", "speed_maximum", _F32, 1),
    ("statistics.speed_rpm.mean", "speed_mean", _F32, 1),
    ("statistics.current_a.minimum", "current_minimum", _F32, 1),
    ("statistics.current_a.maximum", "current_maximum", _F32, 1),
    ("statistics.current_a.mean", "current_mean", _F32, 1),
    ("statistics_history_next", "history_next", DataType.UINT16, 1),
    ("statistics_speed_history", "history", _F32, HISTORY_SIZE),
    ("statistics_histogram", "histogram", _U32, len(MotorState) * BIN_COUNT),
)


def _struct_format() -> str:
    """Return the format of all variables, padding included, without the byte order."""
    parts: list[str] = []
    end = 0
    for variable in DEMO_VARIABLES:
        parts.append(f"{variable.offset - end}x{variable.count}{STRUCT_CODES[variable.type]}")
        end = variable.offset + variable.count * variable.type.size
    return "".join(parts)


class VariableLayout:
    """Convert between the demo's objects and the octets of its variables."""

    def __init__(self, byte_order: ByteOrder) -> None:
        self._struct = struct.Struct((">" if byte_order == "big" else "<") + _struct_format())

    @property
    def size(self) -> int:
        """Octets of all variables."""
        return self._struct.size

    def pack(self, motor: Motor, statistics: Statistics) -> bytes:
        """Return the variables as memory holds them; what does not fit a float32 saturates."""
        values: list[Value] = []
        for variable in DEMO_VARIABLES:
            value = getattr(statistics if variable.is_statistic else motor, variable.attribute)
            if variable.is_array:
                values += value
            else:
                values.append(value)
        try:
            return self._struct.pack(*values)
        except OverflowError:
            limit = FLOAT32_MAX
            return self._struct.pack(
                *(max(-limit, min(limit, v)) if isinstance(v, float) else v for v in values)
            )

    def unpack(self, octets: bytes, motor: Motor, statistics: Statistics) -> None:
        """Take over what memory holds, whatever it is."""
        values = self._struct.unpack(octets)
        position = 0
        for variable in DEMO_VARIABLES:
            end = position + variable.count
            value = list(values[position:end]) if variable.is_array else values[position]
            owner = statistics if variable.is_statistic else motor
            setattr(owner, variable.attribute, value)
            position = end

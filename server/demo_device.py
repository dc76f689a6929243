"""The emulated device of the demo mode, and its description."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from scrutiny import __version__
from scrutiny.firmware_link.simulator import (
    DeviceSettings,
    MotorApplication,
    SimulatedDevice,
    Simulation,
    SimulatorEndpoint,
)
from scrutiny.firmware_link.simulator.motor import MotorState
from scrutiny.firmware_link.simulator.motor_variables import DEMO_VARIABLES, DemoVariable
from scrutiny.sfd.package import Package

# The identifier that other servers give to their emulated device.
DEMO_FIRMWARE_ID: Final = "deadbeefc001d00d0ff1cebaadf00d00"

_ALIASES: Final[dict[str, Any]] = {
    "/Motor/Setpoint [rpm]": {"target": "/rpv/x1000", "min": 0, "max": 3000},
    "/Motor/Speed [rpm]": {"target": "/global/motor_speed_rpm"},
    "/Motor/Speed [rad/s]": {"target": "/global/motor_speed_rpm", "gain": 0.10471975511965977},
    "/Motor/Temperature [C]": {"target": "/global/motor_temperature_c"},
    "/Motor/Temperature [F]": {"target": "/global/motor_temperature_c", "gain": 1.8, "offset": 32},
    "/Motor/State": {"target": "/global/motor_state"},
}


def demo_package() -> Package:
    """Return the description of the emulated device."""
    base = MotorApplication().variable_address(DEMO_VARIABLES[0].name)
    types = sorted({variable.type.name.lower() for variable in DEMO_VARIABLES})
    variable_map = {
        "endianness": "little",
        "char_bit": 8,
        "type_map": {name: {"name": name, "type": name} for name in types},
        "enums": {
            "0": {
                "name": "MotorState",
                "values": {state.name: state.value for state in MotorState},
            }
        },
        "variables": dict(_leaf(variable, base) for variable in DEMO_VARIABLES),
    }
    metadata = {"project_name": "Scrutiny demo", "author": "Scrutiny", "version": __version__}
    return Package(DEMO_FIRMWARE_ID, metadata, json.dumps(variable_map).encode(), _ALIASES)


def _leaf(variable: DemoVariable, base: int) -> tuple[str, dict[str, Any]]:
    path = f"/global/{variable.name.replace('.', '/')}"
    leaf: dict[str, Any] = {
        "type_id": variable.type.name.lower(),
        "addr": base + variable.offset,
    }
    if variable.name == "motor_state":
        leaf["enum"] = 0
    if variable.is_array:
        path = f"{path}/{path.rpartition('/')[2]}"
        size = variable.type.size
        leaf["array_segments"] = {path: {"dims": [variable.count], "byte_size": size}}
    return path, leaf


def demo_endpoint() -> SimulatorEndpoint:
    """Return a new device."""
    settings = DeviceSettings(
        display_name="Demo device", firmware_id=bytes.fromhex(DEMO_FIRMWARE_ID)
    )
    return SimulatorEndpoint(Simulation(SimulatedDevice(settings, now_ns=time.monotonic_ns())))

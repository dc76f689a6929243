"""Our devices as processes, and what is particular about each."""

from __future__ import annotations

import json
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scrutiny.core.types import DataType
from scrutiny.firmware_link.simulator.motor_application import MotorApplication
from scrutiny.firmware_link.simulator.motor_variables import DEMO_VARIABLES
from scrutiny.firmware_link.simulator.settings import DEMO_RPVS, RAM_START, SIMULATOR_FIRMWARE_ID
from tests.support.example_board import ROOT
from tests.support.small_package import write_package

from .peer_processes import Process

# The stock server stops with an internal error unless one answer holds the definitions of all
# published values, of 3 octets each: smaller transmit buffers would be nothing to test.
SMALL_ANSWER: Final = 3 * len(DEMO_RPVS)

PLACEHOLDER_ID: Final = "a9dcc06528fd41fa7ce863d6aa94a708"
CONTROL_LOOP, IDLE_LOOP = 0, 1


@dataclass(frozen=True)
class Model:
    """A kind of device, and what is particular about it.

    Attributes:
        command: starts it; the path of its port is to be added.
        readonly_begins: what its read-only region begins with.
        address_bits: size of an address.
        control_loop_hz: how often its control loop runs.
        request_size, answer_size: largest payloads, in octets.
    """

    command: tuple[str | Path, ...]
    name: str
    firmware_id: str
    address_bits: int
    readonly_begins: bytes
    control_loop_hz: float
    request_size: int = 1024
    answer_size: int = 1024

    def start(self, port: Path, *options: str) -> Process:
        """Start one, and wait until its port is there."""
        command = (*self.command, *options, "--pty", port)
        return Process(command, dict(os.environ), port.parent).after("pty ")


def c_model(
    program: Path,
    request_size: int = 1024,
    answer_size: int = 1024,
    firmware_id: str = PLACEHOLDER_ID,
) -> Model:
    """Return the example firmware."""
    sizes = ("--rx-size", str(request_size), "--tx-size", str(answer_size))
    return Model(
        command=(program, "--name", "Motor in C", *sizes),
        name="Motor in C",
        firmware_id=firmware_id,
        address_bits=struct.calcsize("P") * 8,
        readonly_begins=struct.pack("=If", 20240117, 1.0125),
        request_size=request_size,
        answer_size=answer_size,
        control_loop_hz=10_000.0,
    )


def simulated_model() -> Model:
    """Return the simulated device."""
    return Model(
        command=(sys.executable, "-m", "scrutiny.firmware_link.simulator"),
        name="Motor example (simulated)",
        firmware_id=SIMULATOR_FIRMWARE_ID.hex(),
        address_bits=32,
        readonly_begins=bytes(range(8)),
        control_loop_hz=1_000.0,
    )


# --- Descriptions -------------------------------------------------------------------------------

_SIMULATED_TYPES: Final = {
    DataType.UINT8: "0",
    DataType.SINT16: "1",
    DataType.UINT32: "2",
    DataType.FLOAT32: "3",
    DataType.FLOAT64: "4",
    DataType.SINT32: "5",
}
_BIT_FIELDS: Final = {
    "fault_code": (DataType.UINT32, 4, 4),
    "direction": (DataType.SINT32, 8, 2),
    "narrow_fault_code": (DataType.UINT8, 4, 4),
}
_SCRATCH_COUNTS: Final = "/static/app_published.c/scratch_counts/scratch_counts"


def describe_simulator(target: Path) -> Path:
    """Write a description of the simulated device, with paths as in that of the firmware in C."""
    application = MotorApplication()
    variables: dict[str, dict[str, Any]] = {
        f"/global/{variable.name.replace('.', '/')}": {
            "type_id": _SIMULATED_TYPES[variable.type],
            "addr": application.variable_address(variable.name),
        }
        for variable in DEMO_VARIABLES
        if variable.name.startswith(("motor", "statistics.")) and variable.type in _SIMULATED_TYPES
    }
    flags = variables.pop("/global/motor_flags")["addr"]
    for name, (data_type, bit_offset, bit_size) in _BIT_FIELDS.items():
        variables[f"/global/motor_flags/{name}"] = {
            "type_id": _SIMULATED_TYPES[data_type],
            "addr": flags,
            "bitoffset": bit_offset,
            "bitsize": bit_size,
        }
    variables[_SCRATCH_COUNTS] = {
        "type_id": _SIMULATED_TYPES[DataType.UINT32],
        "addr": RAM_START + 0x8000,
        "array_segments": {_SCRATCH_COUNTS: {"dims": [30], "byte_size": 4}},
    }
    aliases = json.loads((ROOT / "firmware_example" / "aliases.json").read_text())
    del aliases["/motor/trim [%]"]  # the peer takes no id with letters
    types = {
        type_id: {"name": data_type.name.lower(), "type": data_type.name.lower()}
        for data_type, type_id in _SIMULATED_TYPES.items()
    }
    return write_package(
        target,
        SIMULATOR_FIRMWARE_ID.hex(),
        {
            "endianness": "little",
            "char_bit": 8,
            "type_map": types,
            "enums": {},
            "variables": variables,
        },
        aliases,
        {"project_name": "Simulated motor", "version": "1.2"},
    )

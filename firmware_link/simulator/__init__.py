"""A device without hardware: the motor demo behind the device protocol, with faults on demand."""

from __future__ import annotations

from .application import Application
from .device import SimulatedDevice
from .endpoint import SimulatorEndpoint, default_endpoint
from .faults import (
    Direction,
    FaultCounts,
    FaultKind,
    FaultModel,
    FaultSettings,
    LineFaults,
    ScriptedFault,
    parse_faults,
)
from .memory import MemorySegment, SparseMemory, UnmappedAddress
from .motor_application import MotorApplication
from .settings import AddressRange, DeviceSettings
from .simulation import Simulation

__all__ = [
    "AddressRange",
    "Application",
    "DeviceSettings",
    "Direction",
    "FaultCounts",
    "FaultKind",
    "FaultModel",
    "FaultSettings",
    "LineFaults",
    "MemorySegment",
    "MotorApplication",
    "ScriptedFault",
    "SimulatedDevice",
    "Simulation",
    "SimulatorEndpoint",
    "SparseMemory",
    "UnmappedAddress",
    "default_endpoint",
    "parse_faults",
]

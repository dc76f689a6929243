"""The device behind the test vectors, simulated; it takes the commands of the C program."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from scrutiny.core.types import DataType
from scrutiny.core.values import Value, decode
from scrutiny.firmware_link.codes import LoopType
from scrutiny.firmware_link.messages import LoopDefinition, PublishedValueDefinition
from scrutiny.firmware_link.simulator import (
    AddressRange,
    Application,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)

from .reference_device import (
    COUNTER_OFFSET,
    DOCUMENT,
    FIRST_RPV,
    MEMORY_BASE,
    MEMORY_SIZE,
    MORE_RPVS,
    REFERENCE,
    VECTORS_TARGET,
    Command,
    ReferenceDevice,
    Target,
)

_NS_PER_US: Final = 1000
_VECTOR_RPVS: Final = {rpv["id"]: DataType(rpv["type"]) for rpv in REFERENCE["rpvs"]}
_DATALOGGING: Final = REFERENCE["datalogging"]


class ReferenceApplication(Application):
    """The application behind the vectors; its loops run when they are told to.

    Attributes:
        refused: Ids of published values that cannot be read now.
    """

    def __init__(self, values: dict[int, Value]) -> None:
        super().__init__(values)
        self.refused: frozenset[int] = frozenset()

    def read_rpv(self, rpv_id: int) -> Value | None:
        return None if rpv_id in self.refused else super().read_rpv(rpv_id)

    def user_command(self, subfunction: int, data: bytes) -> bytes | None:
        return None if subfunction == 0xEE else data[::-1]


def reference_values() -> dict[int, Value]:
    """Return the values that the vectors read, and those of the C program that they do not."""
    answer = next(v for v in DOCUMENT["vectors"] if v["name"] == "read_rpv_many.rsp")
    payload = bytes.fromhex(answer["payload_hex"])
    values: dict[int, Value] = {0x1001: 0x1234, 0x1007: 7, 0x1008: -300, 0x1009: 70_000}
    values[0x100A] = -5_000_000_000
    while payload:
        rpv_id = int.from_bytes(payload[:2], "big")
        end = 2 + _VECTOR_RPVS[rpv_id].size
        values[rpv_id] = decode(payload[2:end], _VECTOR_RPVS[rpv_id], "big")
        payload = payload[end:]
    return values


def reference_settings(
    target: Target = VECTORS_TARGET,
    transmit_payload: int = REFERENCE["max_tx_payload"],
    buffer_size: int = _DATALOGGING["buffer_size"],
    *,
    has_more_rpvs: bool = False,
) -> DeviceSettings:
    """Return the settings of the device, with addresses of 4 octets."""
    rpvs = {**_VECTOR_RPVS, **MORE_RPVS} if has_more_rpvs else _VECTOR_RPVS
    return DeviceSettings(
        display_name=REFERENCE["display_name"],
        firmware_id=bytes.fromhex(REFERENCE["firmware_id"]),
        max_rx_payload=REFERENCE["max_rx_payload"],
        max_tx_payload=transmit_payload,
        max_bitrate_bps=REFERENCE["max_bitrate_bps"],
        first_session_id=REFERENCE["first_session_id"],
        byte_order=target.byte_order,
        supports_64bits=target.supports_64bits,
        segments=(MemorySegment(MEMORY_BASE, MEMORY_SIZE, bytes(range(256)) * 256),),
        forbidden_regions=tuple(AddressRange(*region) for region in REFERENCE["forbidden"]),
        readonly_regions=tuple(AddressRange(*region) for region in REFERENCE["readonly"]),
        rpvs=tuple(PublishedValueDefinition(*rpv) for rpv in rpvs.items()),
        loops=tuple(_reference_loop(loop) for loop in REFERENCE["loops"]),
        datalog_buffer_size=buffer_size,
        datalog_max_signals=_DATALOGGING["max_signal_count"],
    )


def _reference_loop(loop: dict[str, Any]) -> LoopDefinition:
    is_fixed = loop["type"] == "fixed"
    kind = LoopType.FIXED_FREQUENCY if is_fixed else LoopType.VARIABLE_FREQUENCY
    period = loop.get("timestep_100ns")
    return LoopDefinition(loop["id"], kind, loop["datalogging"], period, loop["name"])


class ReferenceSimulator:
    """Carries out the commands of the C program on a simulated device."""

    def __init__(
        self, target: Target = VECTORS_TARGET, settings: DeviceSettings | None = None
    ) -> None:
        """Start with other settings than those of the vectors, if there are any."""
        self._target = target
        self._start(settings or reference_settings(target))

    def _start(self, settings: DeviceSettings) -> None:
        self._now_ns = 0
        self._application = ReferenceApplication(reference_values())
        self.device = SimulatedDevice(settings, self._application)

    def execute(self, commands: Sequence[Command]) -> list[bytes]:
        return [self._execute(*command) for command in commands]

    def _execute(self, letter: bytes, data: bytes) -> bytes:
        device = self.device
        match letter:
            case b"R":
                device.receive(data, self._now_ns)
                return device.take_output()
            case b"P":
                device.tick(self._now_ns)
                return device.take_output()
            case b"T":
                self._now_ns += int.from_bytes(data, "little") * _NS_PER_US
            case b"L":
                self._run_loop(*struct.unpack("<BH", data))
            case b"S":
                device.memory.write(MEMORY_BASE + int.from_bytes(data[:2], "little"), data[2:])
            case b"G":
                offset, size = struct.unpack("<HH", data)
                return device.memory.read(MEMORY_BASE + offset, size)
            case b"B":
                sizes: tuple[int, int] = struct.unpack("<HI", data)
                self._start(reference_settings(self._target, *sizes, has_more_rpvs=True))
            case b"V":
                mask = int.from_bytes(data, "little")
                refused = {FIRST_RPV + bit for bit in range(32) if mask >> bit & 1}
                self._application.refused = frozenset(refused)
            case _:
                raise ValueError(f"there is no command {letter!r}")
        return b""

    def _run_loop(self, loop_id: int, count: int) -> None:
        memory, byte_order = self.device.memory, self._target.byte_order
        address = MEMORY_BASE + COUNTER_OFFSET
        for _ in range(count):
            counter = (int.from_bytes(memory.read(address, 4), byte_order) + 1) & 0xFFFF_FFFF
            memory.write(address, counter.to_bytes(4, byte_order))
            self._application.run_loop(loop_id, self._now_ns)


def simulated_reference(
    target: Target = VECTORS_TARGET, settings: DeviceSettings | None = None
) -> ReferenceDevice:
    """Return a simulated device, without a session."""
    return ReferenceDevice(ReferenceSimulator(target, settings).execute)

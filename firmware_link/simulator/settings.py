"""What a simulated device is: everything a server can learn about it, and its habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from scrutiny.core.firmware_id import FIRMWARE_ID_SIZE
from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder

from ..codes import (
    MAX_DISPLAY_NAME_SIZE,
    MAX_LOOP_NAME_SIZE,
    MAX_PAYLOAD,
    MAX_SIGNAL_COUNT,
    MIN_BUFFER_SIZE,
    LoopType,
)
from ..messages import AddressFormat, LoopDefinition, PublishedValueDefinition
from .memory import MemorySegment

FLASH_START: Final = 0x0800_0000
RAM_START: Final = 0x2000_0000
_FLASH_SIZE: Final = 0x4000
_RAM_SIZE: Final = 0x1_0000
_U32_MAX: Final = 0xFFFF_FFFF

# The protocol could tell more; this is what the process of the simulator has to hold.
MAX_DATALOG_BUFFER_SIZE: Final = 0x100_0000

# "scrutiny" and "sim-demo": not the placeholder, so that a server does not take it for untagged.
SIMULATOR_FIRMWARE_ID: Final = b"scrutinysim-demo"

# The table of the example firmware: same ids, same types, same order.
DEMO_RPVS: Final = (
    PublishedValueDefinition(0x1000, DataType.FLOAT32),
    PublishedValueDefinition(0x1001, DataType.FLOAT32),
    PublishedValueDefinition(0x1002, DataType.FLOAT32),
    PublishedValueDefinition(0x1003, DataType.UINT8),
    PublishedValueDefinition(0x1004, DataType.UINT16),
    PublishedValueDefinition(0x1005, DataType.FLOAT32),
    PublishedValueDefinition(0x1006, DataType.FLOAT32),
    PublishedValueDefinition(0x1007, DataType.UINT32),
    PublishedValueDefinition(0x1008, DataType.BOOL8),
    PublishedValueDefinition(0x1009, DataType.SINT16),
    PublishedValueDefinition(0x100A, DataType.UINT8),
    PublishedValueDefinition(0x100B, DataType.SINT32),
    PublishedValueDefinition(0x100C, DataType.SINT8),
    PublishedValueDefinition(0x1010, DataType.UINT64),
    PublishedValueDefinition(0x1012, DataType.SINT64),
    PublishedValueDefinition(0x1011, DataType.FLOAT64),
    *(PublishedValueDefinition(rpv_id, DataType.UINT32) for rpv_id in range(0x2000, 0x201E)),
    *(PublishedValueDefinition(rpv_id, DataType.FLOAT32) for rpv_id in range(0x201E, 0x203C)),
)

DEMO_LOOPS: Final = (
    LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, 10_000, "control"),
    LoopDefinition(1, LoopType.VARIABLE_FREQUENCY, True, None, "idle"),
)


@dataclass(frozen=True, slots=True)
class AddressRange:
    """A region of memory in the target's bytes; ``end`` is inclusive."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"no region from {self.start:#x} to {self.end:#x}")

    def touches(self, start: int, size: int) -> bool:
        """Whether a block meets it, as device protocol section 9 defines it."""
        return start <= self.end and start + size - 1 >= self.start


def _default_segments() -> tuple[MemorySegment, ...]:
    flash = bytes(range(256)) * (_FLASH_SIZE // 256)
    return MemorySegment(FLASH_START, _FLASH_SIZE, flash), MemorySegment(RAM_START, _RAM_SIZE)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """A device. The default is a 32-bit little-endian target that runs the motor demo.

    Attributes:
        max_rx_payload: Receive buffer, in octets.
        max_tx_payload: Transmit buffer, in octets.
        max_bitrate_bps: Announced only; 0 for no limit.
        first_session_id: Of the first session after power-up; counts up from there.
        segments: Memory that exists; addresses in octets, whatever ``char_bit`` is.
        readonly_regions: In the target's bytes, like ``forbidden_regions``.
        announces_char_bit: False sends the 17 octets of GetParams that old firmware sends.
        supports_64bits: Without, published values of 8 octets are left out.
        rpvs: What is announced; the application has to know them.
        loops: The application has to run them.
        datalog_buffer_size: In the target's bytes; 0 for a device without datalogger.
        datalog_max_signals: In one recording.
    """

    display_name: str = "Motor example (simulated)"
    firmware_id: bytes = SIMULATOR_FIRMWARE_ID
    max_rx_payload: int = 1024
    max_tx_payload: int = 1024
    max_bitrate_bps: int = 0
    heartbeat_timeout_us: int = 5_000_000
    rx_timeout_us: int = 50_000
    address_size: int = 4
    char_bit: int = 8
    byte_order: ByteOrder = "little"
    first_session_id: int = 0
    protocol_version: tuple[int, int] = (1, 0)
    announces_char_bit: bool = True
    supports_memory_write: bool = True
    supports_user_command: bool = True
    supports_64bits: bool = True
    segments: tuple[MemorySegment, ...] = field(default_factory=_default_segments)
    readonly_regions: tuple[AddressRange, ...] = (
        AddressRange(FLASH_START, FLASH_START + _FLASH_SIZE - 1),
    )
    forbidden_regions: tuple[AddressRange, ...] = (
        AddressRange(RAM_START + 0xF000, RAM_START + _RAM_SIZE - 1),
    )
    rpvs: tuple[PublishedValueDefinition, ...] = DEMO_RPVS
    loops: tuple[LoopDefinition, ...] = DEMO_LOOPS
    datalog_buffer_size: int = 0x1_0000
    datalog_max_signals: int = 16

    def __post_init__(self) -> None:
        for size in (self.max_rx_payload, self.max_tx_payload):
            if not MIN_BUFFER_SIZE <= size <= MAX_PAYLOAD:
                raise ValueError(f"buffer of {size} octets: {MIN_BUFFER_SIZE} to {MAX_PAYLOAD}")
        if len(self.firmware_id) != FIRMWARE_ID_SIZE:
            raise ValueError(f"firmware id has {len(self.firmware_id)} octets, not 16")
        if len(self.display_name.encode()) > MAX_DISPLAY_NAME_SIZE:
            raise ValueError(f"display name is above {MAX_DISPLAY_NAME_SIZE} octets")
        if not 0 <= self.first_session_id <= _U32_MAX:
            raise ValueError(f"session id {self.first_session_id} does not fit 32 bits")
        if self.rx_timeout_us <= 0 or self.heartbeat_timeout_us <= 0:
            raise ValueError("time-outs have to be above 0")
        if max(len(self.readonly_regions), len(self.forbidden_regions), len(self.loops)) > 0xFF:
            raise ValueError("at most 255 regions of a kind, and loops")
        if len({rpv.id for rpv in self.rpvs}) != len(self.rpvs):
            raise ValueError("two published values have the same id")
        if wrong := [rpv for rpv in self.rpvs if not rpv.type.is_readable]:
            raise ValueError(f"published value {wrong[0].id:#06x} cannot be {wrong[0].type.name}")
        if not 0 <= self.datalog_buffer_size <= MAX_DATALOG_BUFFER_SIZE:
            raise ValueError(
                f"datalog buffer of {self.datalog_buffer_size}: 0 to {MAX_DATALOG_BUFFER_SIZE}"
            )
        if not 1 <= self.datalog_max_signals <= MAX_SIGNAL_COUNT:
            raise ValueError(f"{self.datalog_max_signals} signals: 1 to {MAX_SIGNAL_COUNT}")
        _check_loops(self.loops)
        AddressFormat(self.address_size, self.char_bit)

    @property
    def address_format(self) -> AddressFormat:
        return AddressFormat(self.address_size, self.char_bit)

    @property
    def available_rpvs(self) -> tuple[PublishedValueDefinition, ...]:
        """What is published: without 64-bit support no values of 8 octets."""
        return tuple(rpv for rpv in self.rpvs if self.supports_64bits or rpv.type.size <= 4)

    @property
    def offers_datalogging(self) -> bool:
        """Whether recordings are possible: with a buffer, and in some loop."""
        return self.datalog_buffer_size > 0 and any(
            loop.supports_datalogging for loop in self.loops
        )


def _check_loops(loops: tuple[LoopDefinition, ...]) -> None:
    for index, loop in enumerate(loops):
        if loop.loop_id != index:
            raise ValueError(f"loop {loop.name!r} has id {loop.loop_id}, its position is {index}")
        if (loop.type is LoopType.FIXED_FREQUENCY) != loop.is_period_known:
            raise ValueError(f"loop {loop.name!r}: fixed loops have a period, others have none")
        if len(loop.name.encode()) > MAX_LOOP_NAME_SIZE:
            raise ValueError(f"loop name {loop.name!r} is above {MAX_LOOP_NAME_SIZE} octets")

"""Configuring the datalogger and fetching what it recorded. Source: device protocol, section 11.

All times are in units of 100 ns.
"""

from __future__ import annotations

import struct
from struct import Struct
from typing import ClassVar, Final, Self, TypeAlias

import msgspec

from scrutiny.core.types import DataType

from ..codes import (
    MAX_OPERAND_COUNT,
    MAX_SIGNAL_COUNT,
    Command,
    DatalogControlFunction,
    DatalogEncoding,
    DatalogState,
    OperandKind,
    ResponseCode,
    SignalKind,
    TriggerCondition,
)
from ..errors import MessageError
from .base import AddressFormat, EmptyAnswer, EmptyRequest, FixedRequest
from .octets import U8, U16, U32, OctetReader, pack, to_data_type_or_na, to_enum, unpack

_SETUP = Struct(">IBB")
_STATUS = Struct(">BII")
_METADATA = Struct(">HHIII")
_CONFIGURE_HEAD = Struct(">BHHBIBIB")
_CHUNK_HEAD = Struct(">BBH")
_FLOAT32 = Struct(">f")
_CRC_SIZE: Final = 4


class DatalogSetup(msgspec.Struct, frozen=True):
    """What the datalogger can do; ``buffer_size`` is in the target's bytes."""

    buffer_size: int
    encoding: DatalogEncoding
    max_signal_count: int

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_SETUP, self.buffer_size, self.encoding, self.max_signal_count)


class GetSetup(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for the limits of the datalogger."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.GET_SETUP
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _SETUP.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DatalogSetup:
        buffer_size, encoding, max_signal_count = unpack(_SETUP, payload, "the datalogger setup")
        return DatalogSetup(buffer_size, to_enum(DatalogEncoding, encoding), max_signal_count)


class LiteralOperand(msgspec.Struct, frozen=True):
    value: float  # a float32 on the wire

    def encode(self, fmt: AddressFormat) -> bytes:
        try:
            return pack(U8, OperandKind.LITERAL) + _FLOAT32.pack(self.value)
        except (OverflowError, struct.error) as error:
            raise ValueError(f"literal {self.value} does not fit a float32") from error


class VariableOperand(msgspec.Struct, frozen=True):
    type: DataType
    address: int  # in the target's bytes

    def encode(self, fmt: AddressFormat) -> bytes:
        return pack(U8, OperandKind.VARIABLE) + pack(U8, self.type.value) + fmt.encode(self.address)


class BitFieldOperand(msgspec.Struct, frozen=True):
    """Some bits of a variable; reference firmware refuses an offset above 7 or a size above 8."""

    type: DataType
    address: int  # in the target's bytes
    bit_offset: int
    bit_size: int

    def encode(self, fmt: AddressFormat) -> bytes:
        head = pack(U8, OperandKind.BIT_FIELD) + pack(U8, self.type.value)
        bits = pack(U8, self.bit_offset) + pack(U8, self.bit_size)
        return head + fmt.encode(self.address) + bits


class RpvOperand(msgspec.Struct, frozen=True):
    rpv_id: int

    def encode(self, fmt: AddressFormat) -> bytes:
        return pack(U8, OperandKind.RPV) + pack(U16, self.rpv_id)


class MemorySignal(msgspec.Struct, frozen=True):
    """A raw copy of memory, in the target's byte order."""

    address: int  # in the target's bytes
    size: int  # in the target's bytes

    def encode(self, fmt: AddressFormat) -> bytes:
        return pack(U8, SignalKind.MEMORY) + fmt.encode(self.address) + pack(U8, self.size)


class RpvSignal(msgspec.Struct, frozen=True):
    """A published value, big endian."""

    rpv_id: int

    def encode(self, fmt: AddressFormat) -> bytes:
        return pack(U8, SignalKind.RPV) + pack(U16, self.rpv_id)


class TimeSignal(msgspec.Struct, frozen=True):
    """The loop's time, a big endian u32 in 100 ns."""

    def encode(self, fmt: AddressFormat) -> bytes:
        return pack(U8, SignalKind.TIME)


Operand: TypeAlias = LiteralOperand | VariableOperand | BitFieldOperand | RpvOperand
Signal: TypeAlias = MemorySignal | RpvSignal | TimeSignal


class ConfigureAnswer(EmptyAnswer, msgspec.Struct, frozen=True):
    """The datalogger is configured."""


class Configure(FixedRequest, msgspec.Struct, frozen=True):
    """Say what to record and when. A refusal leaves the datalogger without configuration.

    Attributes:
        loop_id: The loop that samples.
        config_id: Any number; the metadata of the acquisition repeats it.
        decimation: One sample every so many iterations, from 1.
        probe_location: Share of the buffer before the trigger: 0 none, 255 all of it.
        timeout_100ns: From the trigger; 0 for none.
        condition: A plain number only on the side of a device, if there is no such condition.
        hold_time_100ns: How long the condition must be true.
        operands: As many as the condition takes.
    """

    loop_id: int
    config_id: int
    decimation: int
    probe_location: int
    timeout_100ns: int
    condition: TriggerCondition | int
    hold_time_100ns: int
    operands: tuple[Operand, ...]
    signals: tuple[Signal, ...]

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.CONFIGURE
    idempotent: ClassVar[bool] = True

    def payload(self, fmt: AddressFormat) -> bytes:
        head = pack(
            _CONFIGURE_HEAD,
            self.loop_id,
            self.config_id,
            self.decimation,
            self.probe_location,
            self.timeout_100ns,
            self.condition,
            self.hold_time_100ns,
            len(self.operands),
        )
        operands = b"".join([operand.encode(fmt) for operand in self.operands])
        signals = b"".join([signal.encode(fmt) for signal in self.signals])
        return head + operands + pack(U8, len(self.signals)) + signals

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ConfigureAnswer:
        return ConfigureAnswer.parse(payload)

    @classmethod
    def parse(
        cls, payload: bytes, fmt: AddressFormat, max_signal_count: int = MAX_SIGNAL_COUNT
    ) -> Self:
        """Read the configuration as a device.

        Whether it makes sense (condition, decimation, data types, literals) is for the datalogger
        to say, after it has looked at the loop: data types that do not exist are NA.

        Raises:
            MessageError: malformed, or, with OVERFLOW, more than three operands or too many
                signals.
        """
        reader = OctetReader(payload, "Configure")
        (
            loop_id,
            config_id,
            decimation,
            probe_location,
            timeout_100ns,
            condition,
            hold_time_100ns,
            operand_count,
        ) = _CONFIGURE_HEAD.unpack(reader.take(_CONFIGURE_HEAD.size))
        if operand_count > MAX_OPERAND_COUNT:
            raise MessageError(f"{operand_count} operands", ResponseCode.OVERFLOW)
        operands = tuple([_take_operand(reader, fmt) for _ in range(operand_count)])
        signal_count = reader.take_u8()
        if signal_count > max_signal_count:
            raise MessageError(f"{signal_count} signals", ResponseCode.OVERFLOW)
        signals = tuple([_take_signal(reader, fmt) for _ in range(signal_count)])
        reader.finish()
        return cls(
            loop_id,
            config_id,
            decimation,
            probe_location,
            timeout_100ns,
            _to_condition(condition),
            hold_time_100ns,
            operands,
            signals,
        )


def _to_condition(number: int) -> TriggerCondition | int:
    try:
        return TriggerCondition(number)
    except ValueError:
        return number


def _take_operand(reader: OctetReader, fmt: AddressFormat) -> Operand:
    match to_enum(OperandKind, reader.take_u8()):
        case OperandKind.LITERAL:
            (value,) = _FLOAT32.unpack(reader.take(_FLOAT32.size))
            return LiteralOperand(value)
        case OperandKind.VARIABLE:
            return VariableOperand(to_data_type_or_na(reader.take_u8()), reader.take_address(fmt))
        case OperandKind.BIT_FIELD:
            return BitFieldOperand(
                to_data_type_or_na(reader.take_u8()),
                reader.take_address(fmt),
                reader.take_u8(),
                reader.take_u8(),
            )
        case OperandKind.RPV:
            return RpvOperand(reader.take_u16())


def _take_signal(reader: OctetReader, fmt: AddressFormat) -> Signal:
    match to_enum(SignalKind, reader.take_u8()):
        case SignalKind.MEMORY:
            return MemorySignal(reader.take_address(fmt), reader.take_u8())
        case SignalKind.RPV:
            return RpvSignal(reader.take_u16())
        case SignalKind.TIME:
            return TimeSignal()


class ArmAnswer(EmptyAnswer, msgspec.Struct, frozen=True):
    """The datalogger waits for the trigger from the loop's next iteration on."""


class Arm(EmptyRequest, msgspec.Struct, frozen=True):
    """Wait for the trigger. Repeated, it may throw away what has been recorded meanwhile."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.ARM
    idempotent: ClassVar[bool] = False

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ArmAnswer:
        return ArmAnswer.parse(payload)


class DisarmAnswer(EmptyAnswer, msgspec.Struct, frozen=True):
    """The datalogger stops from the loop's next iteration on."""


class Disarm(EmptyRequest, msgspec.Struct, frozen=True):
    """Stop waiting or recording; the configuration stays."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.DISARM
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DisarmAnswer:
        return DisarmAnswer.parse(payload)


class DatalogStatus(msgspec.Struct, frozen=True):
    """State and progress; the counters, in the target's bytes, are 0 except while triggered."""

    state: DatalogState
    bytes_to_acquire: int
    bytes_since_trigger: int

    @property
    def completion(self) -> float | None:
        """Share of the acquisition that is recorded, 0 to 1; None when it is not known."""
        if not self.bytes_to_acquire or not self.bytes_since_trigger:
            return None
        return min(self.bytes_since_trigger / self.bytes_to_acquire, 1.0)

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(_STATUS, self.state, self.bytes_to_acquire, self.bytes_since_trigger)


class GetStatus(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for state and progress."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.GET_STATUS
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _STATUS.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> DatalogStatus:
        state, to_acquire, since_trigger = unpack(_STATUS, payload, "the datalogger status")
        return DatalogStatus(to_enum(DatalogState, state), to_acquire, since_trigger)


class AcquisitionMetadata(msgspec.Struct, frozen=True):
    """What the datalogger holds.

    Attributes:
        acquisition_id: Counts completed acquisitions, modulo 65536.
        config_id: Of the configuration it was recorded with.
        point_count: Entries in the buffer.
        data_size: Of all entries, in the target's bytes.
        points_after_trigger: As announced; may exceed ``point_count``.
    """

    acquisition_id: int
    config_id: int
    point_count: int
    data_size: int
    points_after_trigger: int

    @property
    def trigger_index(self) -> int:
        """Index of the sample at which the trigger fired."""
        after = min(self.points_after_trigger, self.point_count)
        return max(0, self.point_count - after - 1)

    def payload(self, fmt: AddressFormat) -> bytes:
        return pack(
            _METADATA,
            self.acquisition_id,
            self.config_id,
            self.point_count,
            self.data_size,
            self.points_after_trigger,
        )


class GetMetadata(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask what a completed acquisition holds."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.GET_METADATA
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return _METADATA.size

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> AcquisitionMetadata:
        return AcquisitionMetadata(*unpack(_METADATA, payload, "the acquisition metadata"))


class AcquisitionChunk(msgspec.Struct, frozen=True):
    """Part of an acquisition.

    Attributes:
        rolling_counter: 0 for the first chunk of a pass, then one more each, modulo 256.
        data: May be empty in the last chunk.
        crc: CRC-32 of the data of all chunks; only the last chunk has it.
    """

    rolling_counter: int
    acquisition_id: int
    data: bytes
    crc: int | None = None

    @property
    def is_last(self) -> bool:
        return self.crc is not None

    def payload(self, fmt: AddressFormat) -> bytes:
        head = pack(_CHUNK_HEAD, self.is_last, self.rolling_counter, self.acquisition_id)
        return head + self.data + (b"" if self.crc is None else pack(U32, self.crc))


class ReadAcquisition(EmptyRequest, msgspec.Struct, frozen=True):
    """Ask for the next chunk. Each request advances, so a lost answer is a lost chunk."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.READ_ACQUISITION
    idempotent: ClassVar[bool] = False

    def answer_size(self, fmt: AddressFormat) -> int:
        return _CHUNK_HEAD.size + _CRC_SIZE

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> AcquisitionChunk:
        reader = OctetReader(payload, "the acquisition chunk")
        finished, counter, acquisition_id = reader.take_u8(), reader.take_u8(), reader.take_u16()
        data = reader.take_rest()
        if not finished:
            return AcquisitionChunk(counter, acquisition_id, data)
        if len(data) < _CRC_SIZE:
            raise MessageError(
                f"the last acquisition chunk has {len(payload)} octets, not 8 or more"
            )
        crc = int.from_bytes(data[-_CRC_SIZE:], "big")
        return AcquisitionChunk(counter, acquisition_id, data[:-_CRC_SIZE], crc)


class ResetAnswer(EmptyAnswer, msgspec.Struct, frozen=True):
    """The datalogger is idle and has no configuration."""


class Reset(EmptyRequest, msgspec.Struct, frozen=True):
    """Drop the configuration, and with it what was recorded."""

    command: ClassVar[int] = Command.DATALOG_CONTROL
    subfunction: ClassVar[int] = DatalogControlFunction.RESET
    idempotent: ClassVar[bool] = True

    def answer_size(self, fmt: AddressFormat) -> int:
        return 0

    def parse_answer(self, payload: bytes, fmt: AddressFormat) -> ResetAnswer:
        return ResetAnswer.parse(payload)

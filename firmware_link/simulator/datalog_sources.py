"""Where the datalogger finds what it records and compares: memory, and the application's values.

What is recorded are octets, as they leave the device; what is compared are numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Final, TypeAlias

from scrutiny.core.errors import ValueCodecError
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import Value, decode, encode

from ..codes import ResponseCode
from ..messages import (
    BitFieldOperand,
    LiteralOperand,
    MemorySignal,
    Operand,
    RpvOperand,
    RpvSignal,
    Signal,
    TimeSignal,
    VariableOperand,
)
from .memory import SparseMemory, UnmappedAddress
from .settings import DeviceSettings
from .trigger import Fetch, Number, to_float32

Sample: TypeAlias = Callable[[int], bytes]
"""How a signal gets its octets in an entry, at a time in 100 ns."""

_TIME: Final = Struct(">I")

_INTEGERS: Final = (
    DataType.SINT8,
    DataType.SINT16,
    DataType.SINT32,
    DataType.SINT64,
    DataType.UINT8,
    DataType.UINT16,
    DataType.UINT32,
    DataType.UINT64,
)
_FLOATS: Final = (DataType.FLOAT32, DataType.FLOAT64)


class DatalogSources:
    """The target as the datalogger sees it. Addresses and sizes are in its bytes."""

    def __init__(
        self,
        settings: DeviceSettings,
        memory: SparseMemory,
        read_rpv: Callable[[int], Value | None],
    ) -> None:
        """Published values are read by their id; None refuses one."""
        self._settings = settings
        self._octets_per_byte = settings.char_bit // 8
        self._memory = memory
        self._read_rpv = read_rpv
        self._rpv_types = {rpv.id: rpv.type for rpv in settings.available_rpvs}
        boolean = DataType.BOOL8 if settings.char_bit == 8 else DataType.BOOL16
        smallest, largest = self._octets_per_byte, 8 if settings.supports_64bits else 4
        self._types = {
            data_type
            for data_type in (*_INTEGERS, *_FLOATS, boolean)
            if smallest <= data_type.size <= largest
        }

    def has_type(self, data_type: DataType) -> bool:
        """Whether variables of this type can be compared."""
        return data_type in self._types

    def operand_problem(self, operand: Operand) -> ResponseCode:
        """Return why an operand cannot be had, or OK."""
        match operand:
            case VariableOperand() | BitFieldOperand():
                return self._range_problem(operand.address, self._type_size(operand.type))
            case RpvOperand():
                return self._rpv_problem(operand.rpv_id)
            case LiteralOperand():
                return ResponseCode.OK

    def signal_problem(self, signal: Signal) -> ResponseCode:
        """Return why a signal cannot be had, or OK."""
        match signal:
            case MemorySignal():
                return self._range_problem(signal.address, signal.size)
            case RpvSignal():
                return self._rpv_problem(signal.rpv_id)
            case TimeSignal():
                return ResponseCode.OK

    def signal_size(self, signal: Signal) -> int:
        """Return what a signal takes in an entry; one that can be had."""
        match signal:
            case MemorySignal():
                return signal.size
            case RpvSignal():
                return self._type_size(self._rpv_types[signal.rpv_id])
            case TimeSignal():
                return _TIME.size // self._octets_per_byte

    def fetch_of(self, operand: Operand) -> Fetch:
        """Return what gets the value of an operand that was checked."""
        match operand:
            case LiteralOperand():
                literal = self._literal(operand.value)
                return lambda: literal
            case VariableOperand():
                return self._variable(operand)
            case BitFieldOperand():
                return self._bit_field(operand)
            case RpvOperand():
                return partial(self._published, operand.rpv_id, self._rpv_types[operand.rpv_id])

    def sample_of(self, signal: Signal) -> Sample:
        """Return what gets the octets of a signal that was checked."""
        match signal:
            case MemorySignal():
                read = self._reader(signal.address, signal.size)
                return lambda _time_100ns: read()
            case RpvSignal():
                data_type = self._rpv_types[signal.rpv_id]
                return lambda _time_100ns: (
                    self._published_octets(signal.rpv_id, data_type) or bytes(data_type.size)
                )
            case TimeSignal():
                return _TIME.pack

    def _type_size(self, data_type: DataType) -> int:
        """Return the size of a type in the target's bytes; 0 if the target does not have it."""
        return data_type.size // self._octets_per_byte if data_type in self._types else 0

    def _range_problem(self, address: int, size: int) -> ResponseCode:
        last = address + max(size, 1) - 1
        if last > self._settings.address_format.mask:
            return ResponseCode.INVALID_REQUEST
        if any(r.touches(address, max(size, 1)) for r in self._settings.forbidden_regions):
            return ResponseCode.FORBIDDEN
        try:
            self._reader(address, size)()
        except UnmappedAddress:  # where a real target would stop, or record nonsense
            return ResponseCode.FAILURE_TO_PROCEED
        return ResponseCode.OK

    def _rpv_problem(self, rpv_id: int) -> ResponseCode:
        is_known = rpv_id in self._rpv_types
        return ResponseCode.OK if is_known else ResponseCode.FAILURE_TO_PROCEED

    def _reader(self, address: int, size: int) -> Callable[[], bytes]:
        scale = self._octets_per_byte
        return partial(self._memory.read, address * scale, size * scale)

    def _literal(self, value: float) -> Number:
        """A whole literal is an integer, if the target has one that large."""
        bits = 64 if self._settings.supports_64bits else 32
        is_integer = value.is_integer() and -(1 << (bits - 1)) <= value < 1 << bits
        return int(value) if is_integer else value

    def _variable(self, operand: VariableOperand) -> Fetch:
        data_type = operand.type
        read = self._reader(operand.address, self._type_size(data_type))
        byte_order = self._settings.byte_order
        if data_type in _FLOATS:
            return lambda: _to_number(decode(read(), data_type, byte_order))
        is_signed = data_type.kind is TypeKind.SINT
        # Of a boolean what lies there, which may be more than 1.
        return lambda: int.from_bytes(read(), byte_order, signed=is_signed)

    def _bit_field(self, operand: BitFieldOperand) -> Fetch:
        """Bits are counted from the least significant one of the whole variable."""
        read = self._reader(operand.address, self._type_size(operand.type))
        byte_order = self._settings.byte_order
        offset, size = operand.bit_offset, operand.bit_size
        mask = (1 << size) - 1
        sign = 1 << (size - 1) if operand.type.kind is TypeKind.SINT else 0

        def fetch() -> Number:
            bits = int.from_bytes(read(), byte_order) >> offset & mask
            return bits - 2 * (bits & sign)

        return fetch

    def _published(self, rpv_id: int, data_type: DataType) -> Number | None:
        octets = self._published_octets(rpv_id, data_type)
        return None if octets is None else _to_number(decode(octets, data_type, "big"))

    def _published_octets(self, rpv_id: int, data_type: DataType) -> bytes | None:
        value = self._read_rpv(rpv_id)
        if value is None:
            return None
        try:
            return encode(value, data_type, "big")
        except ValueCodecError:  # the application went astray
            return None


def _to_number(value: float) -> Number:
    """Booleans are integers; a float64 is compared as the float32 that is nearest."""
    return to_float32(value) if isinstance(value, float) else int(value)

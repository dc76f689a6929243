"""Encode, decode and saturate one value of a data type, in either byte order.

Values users write are made to fit, by the rules of the client API: integers are truncated toward
zero and saturated to the range of the type; a boolean is false when its truncated value is 0; a
finite value beyond the range of float32 becomes the largest finite float32 of its sign; what is not
a number, or infinite, is refused.
"""

from __future__ import annotations

import math
import struct
from typing import Final, Literal

from .errors import ValueCodecError
from .types import STRUCT_CODES, DataType, TypeKind

Value = bool | int | float
ByteOrder = Literal["big", "little"]

FLOAT32_MAX: Final[float] = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]
_PREFIX: dict[ByteOrder, str] = {"big": ">", "little": "<"}


def struct_code(data_type: DataType) -> str:
    """Return the ``struct`` character of a type.

    Raises:
        ValueCodecError: values of this type can be neither decoded nor encoded.
    """
    try:
        return STRUCT_CODES[data_type]
    except KeyError:
        raise ValueCodecError(f"values of type {data_type.api_name} cannot be read") from None


def integer_range(data_type: DataType, bits: int | None = None) -> tuple[int, int]:
    """Return the smallest and largest value of an integer or pointer type, or of so many bits."""
    if bits is None:
        bits = 8 * data_type.size
    if data_type.kind is TypeKind.SINT:
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def bit_shift(offset: int, size: int, data_type: DataType, byte_order: ByteOrder) -> int:
    """Return how far the bits of a field are above the least significant bit of the storage.

    Args:
        offset: of the field; counted from the least significant bit of a little endian storage,
            from the most significant one of a big endian storage.
        size: of the field, in bits.
        data_type: of the storage.
        byte_order: of the target.

    Raises:
        ValueCodecError: the field is not inside of the storage.
    """
    above = 8 * data_type.size - offset - size
    if offset < 0 or size < 1 or above < 0:
        raise ValueCodecError(
            f"a field of {size} bits at bit {offset} does not fit {data_type.api_name}"
        )
    return offset if byte_order == "little" else above


def extract_bits(storage: int, shift: int, size: int, kind: TypeKind) -> Value:
    """Return the value of a bit field: sign-extended if its type is signed.

    Args:
        storage: value of the whole storage; its sign does not matter.
        shift: of the field, from `bit_shift`.
        size: of the field, in bits.
        kind: of the storage type; not a float.
    """
    bits = (storage >> shift) & ((1 << size) - 1)
    if kind is TypeKind.BOOL:
        return bits != 0
    if kind is TypeKind.SINT and bits >> (size - 1):
        return bits - (1 << size)
    return bits


def insert_bits(value: Value, shift: int, size: int) -> tuple[int, int]:
    """Return storage and mask, both unsigned, that write a value which fits the field."""
    mask = ((1 << size) - 1) << shift
    return (int(value) << shift) & mask, mask


def saturate(
    value: Value, data_type: DataType, bits: int | None = None, *, to_nearest: bool = False
) -> Value:
    """Return the value of the type that a write of ``value`` gives.

    Args:
        value: what the user wants.
        data_type: of the variable; of its storage for a bit field.
        bits: size of the bit field; None: the whole storage.
        to_nearest: round to the nearest integer, half to even, instead of truncating toward zero;
            for values that come out of an alias, whose arithmetic is inexact.

    Raises:
        ValueCodecError: the value is not finite, or the type cannot be written.
    """
    struct_code(data_type)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueCodecError(f"{value} is not a finite number")
    if data_type.kind is TypeKind.FLOAT:
        return _saturate_float(value, data_type)
    whole = round(value) if to_nearest else int(value)
    if data_type.kind is TypeKind.BOOL:
        return whole != 0
    low, high = integer_range(data_type, bits)
    return max(low, min(high, whole))


def _saturate_float(value: Value, data_type: DataType) -> float:
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the range of float64
        number = math.copysign(math.inf, 1 if value > 0 else -1)
    if data_type is DataType.FLOAT32:
        number = max(-FLOAT32_MAX, min(FLOAT32_MAX, number))
        return float(struct.unpack(">f", struct.pack(">f", number))[0])
    if math.isinf(number):
        raise ValueCodecError(
            f"an integer of {int(value).bit_length()} bits is beyond the range of float64"
        )
    return number


def encode(value: Value, data_type: DataType, byte_order: ByteOrder) -> bytes:
    """Return the octets of a value that was made to fit with :func:`saturate`."""
    code = struct_code(data_type)
    if data_type.kind is TypeKind.BOOL:
        value = bool(value)
    try:
        return struct.pack(_PREFIX[byte_order] + code, value)
    except (struct.error, OverflowError) as error:
        raise ValueCodecError(f"the value does not fit {data_type.api_name}: {error}") from error


def decode(data: bytes, data_type: DataType, byte_order: ByteOrder) -> Value:
    """Return the value that the octets hold.

    Raises:
        ValueCodecError: the number of octets is not the size of the type, or it cannot be read.
    """
    code = struct_code(data_type)
    if len(data) != data_type.size:
        raise ValueCodecError(
            f"{data_type.api_name} takes {data_type.size} octets, not {len(data)}"
        )
    value: Value = struct.unpack(_PREFIX[byte_order] + code, data)[0]
    return bool(value) if data_type.kind is TypeKind.BOOL else value

"""Numbers at which something happens to a trigger: ends of types, and where rounding matters."""

from __future__ import annotations

import struct
from typing import Final

from scrutiny.core.types import DataType, TypeKind

TYPES: Final = (
    DataType.SINT8,
    DataType.SINT16,
    DataType.SINT32,
    DataType.SINT64,
    DataType.UINT8,
    DataType.UINT16,
    DataType.UINT32,
    DataType.UINT64,
    DataType.BOOL8,
    DataType.FLOAT32,
    DataType.FLOAT64,
)


def float32_bits(value: float) -> int:
    return int.from_bytes(struct.pack(">f", value), "big")


def _float64_bits(value: float) -> int:
    return int.from_bytes(struct.pack(">d", value), "big")


_INFINITY, _NAN = float("inf"), float("nan")
FLOAT32_EDGES: Final = [
    *(float32_bits(v) for v in (0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 3.0, 127.0, 255.0, -128.0)),
    *(float32_bits(2.0**n) for n in (15, 16, 24, 31, 32, 63, 64)),
    *(float32_bits(-(2.0**n)) for n in (15, 24, 31, 63)),
    *(float32_bits(v) for v in (16777218.0, 3e38, -3e38, _INFINITY, -_INFINITY, _NAN)),
    0x0000_0001,  # the smallest above zero
    0x7F7F_FFFF,  # the largest
    0xFFC0_0001,  # another NaN
]
_FLOAT64_EDGES: Final = [
    *(_float64_bits(v) for v in (0.0, -0.0, 1.0, -1.0, 0.1, 16777216.0, -128.0, 255.0)),
    *(_float64_bits(v) for v in (_INFINITY, -_INFINITY, _NAN, 1e300, -1e300)),
    _float64_bits(16777217.0),  # half way between two float32: the even one
    _float64_bits(16777219.0),
    _float64_bits(1 + 2.0**-24),  # the same
    _float64_bits(1 + 2.0**-24 + 2.0**-50),  # and a little above
    _float64_bits(2.0**-150),  # half of the smallest float32: zero
    _float64_bits(2.0**-150 + 2.0**-190),
    _float64_bits(3.4028235677973366e38),  # half way to what a float32 would be next: infinite
    _float64_bits(2.0**63),
]
_BOOL_EDGES: Final = [0, 1, 2, 0xFF]


def edges(data_type: DataType) -> list[int]:
    """Return bits of a type that are worth trying."""
    if data_type is DataType.FLOAT32:
        return FLOAT32_EDGES
    if data_type is DataType.FLOAT64:
        return _FLOAT64_EDGES
    if data_type.kind is TypeKind.BOOL:
        return _BOOL_EDGES
    size = 8 * data_type.size
    numbers = {0, 1, 2, -1, -2, -(2 ** (size - 1)), 2 ** (size - 1) - 1, 2 ** (size - 1)}
    numbers |= {100, -100, 127, 128, -128, 255, 32767, 32768, -32768, 65535}
    for n in (24, 31, 32, 53, 63):
        numbers |= {2**n - 1, 2**n, 2**n + 1, -(2**n) - 1, -(2**n)}
    numbers |= {2**63 + 2**39, 2**63 + 2**39 + 1, 2**62 + 2**38 + 1}  # rounded once, or twice
    is_signed = data_type.kind is TypeKind.SINT
    low, end = (-(2 ** (size - 1)), 2 ** (size - 1)) if is_signed else (0, 2**size)
    return sorted({n % 2**size for n in numbers if low <= n < end})

"""Data types of the firmware, as users of the SDK see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal

AddressSize = Literal[8, 16, 32, 64, 128]

_SIZE_MASK = 0x0F
_TYPE_MASK = 0xF0


class Endianness(Enum):
    """Order of the octets of a number in memory."""

    Little = 0
    Big = 1

    def to_str(self) -> str:
        """Return ``little`` or ``big``."""
        return self.name.lower()

    @classmethod
    def from_str(cls, text: str) -> Endianness:
        """Return the member of that name, in any case.

        Raises:
            ValueError: it is neither ``little`` nor ``big``.
        """
        for member in cls:
            if member.to_str() == text.strip().lower():
                return member
        raise ValueError(f"{text!r} is neither 'little' nor 'big'")


class DataTypeType(IntEnum):
    """What the octets of a value mean."""

    sint = 0x00
    uint = 0x10
    float = 0x20
    bool = 0x30
    cfloat = 0x40
    struct = 0x50
    pointer = 0x60
    NA = 0xF0


class DataTypeSize(IntEnum):
    """How many bits a value takes."""

    _8 = 0
    _16 = 1
    _32 = 2
    _64 = 3
    _128 = 4
    _256 = 5
    NA = 0x0F


class EmbeddedDataType(Enum):
    """A data type: kind of value and size; the value is type code | size code."""

    sint8 = 0x00
    sint16 = 0x01
    sint32 = 0x02
    sint64 = 0x03
    sint128 = 0x04
    sint256 = 0x05
    uint8 = 0x10
    uint16 = 0x11
    uint32 = 0x12
    uint64 = 0x13
    uint128 = 0x14
    uint256 = 0x15
    float8 = 0x20
    float16 = 0x21
    float32 = 0x22
    float64 = 0x23
    float128 = 0x24
    float256 = 0x25
    bool8 = 0x30
    bool16 = 0x31
    bool32 = 0x32
    bool64 = 0x33
    bool128 = 0x34
    bool256 = 0x35
    cfloat8 = 0x40
    cfloat16 = 0x41
    cfloat32 = 0x42
    cfloat64 = 0x43
    cfloat128 = 0x44
    cfloat256 = 0x45
    struct = 0x5F
    ptr8 = 0x60
    ptr16 = 0x61
    ptr32 = 0x62
    ptr64 = 0x63
    ptr128 = 0x64
    ptr256 = 0x65
    NA = 0xFF

    @classmethod
    def make(cls, type_: DataTypeType, size: DataTypeSize) -> EmbeddedDataType:
        """Return the data type of that kind and size.

        Raises:
            ValueError: there is no such type.
        """
        return cls(int(type_) | int(size))

    def get_size_bit(self) -> int:
        """Return the size in bits, 0 for NA and structures."""
        size_code = self.value & _SIZE_MASK
        return 0 if size_code == DataTypeSize.NA else 8 << size_code

    def get_size_8bits(self) -> int:
        """Return the size in octets, 0 for NA and structures."""
        return self.get_size_bit() // 8

    def is_integer(self) -> bool:
        """Tell whether it is a signed or unsigned integer."""
        return self._kind in (DataTypeType.sint, DataTypeType.uint)

    def is_float(self) -> bool:
        """Tell whether it is a floating point number, complex ones included."""
        return self._kind in (DataTypeType.float, DataTypeType.cfloat)

    def is_signed(self) -> bool:
        """Tell whether values can be negative."""
        return self.is_float() or self._kind == DataTypeType.sint

    def is_pointer(self) -> bool:
        """Tell whether it is an address."""
        return self._kind == DataTypeType.pointer

    def is_bool(self) -> bool:
        """Tell whether it is true or false."""
        return self._kind == DataTypeType.bool

    @property
    def _kind(self) -> int:
        return self.value & _TYPE_MASK


@dataclass(frozen=True)
class RuntimePublishedValue:
    """A value that the firmware offers under a number, without any symbol."""

    id: int
    datatype: EmbeddedDataType

    def __post_init__(self) -> None:
        """Check the range of the number."""
        if not 0 <= self.id <= 0xFFFF:
            raise ValueError(f"the id of a published value is 0 to 65535, not {self.id}")

"""Data types of the firmware: kind, size, and how they are named and packed.

Source: Device protocol, section 6. A type id is ``(kind << 4) | log2(size in octets)``.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class TypeKind(IntEnum):
    """What the octets of a value mean."""

    SINT = 0
    UINT = 1
    FLOAT = 2
    BOOL = 3
    CFLOAT = 4
    STRUCT = 5
    PTR = 6
    NA = 15


class DataType(Enum):
    """A data type; the value is the type id on the wire, the name in lower case that of the API."""

    SINT8 = 0x00
    SINT16 = 0x01
    SINT32 = 0x02
    SINT64 = 0x03
    SINT128 = 0x04
    SINT256 = 0x05
    UINT8 = 0x10
    UINT16 = 0x11
    UINT32 = 0x12
    UINT64 = 0x13
    UINT128 = 0x14
    UINT256 = 0x15
    FLOAT8 = 0x20
    FLOAT16 = 0x21
    FLOAT32 = 0x22
    FLOAT64 = 0x23
    FLOAT128 = 0x24
    FLOAT256 = 0x25
    BOOL8 = 0x30
    BOOL16 = 0x31
    BOOL32 = 0x32
    BOOL64 = 0x33
    BOOL128 = 0x34
    BOOL256 = 0x35
    CFLOAT8 = 0x40
    CFLOAT16 = 0x41
    CFLOAT32 = 0x42
    CFLOAT64 = 0x43
    CFLOAT128 = 0x44
    CFLOAT256 = 0x45
    STRUCT = 0x5F
    PTR8 = 0x60
    PTR16 = 0x61
    PTR32 = 0x62
    PTR64 = 0x63
    PTR128 = 0x64
    PTR256 = 0x65
    NA = 0xFF

    kind: TypeKind
    size: int
    api_name: str

    def __init__(self, type_id: int) -> None:
        size_code = type_id & 0x0F
        self.kind = TypeKind(type_id >> 4)
        self.size = 0 if size_code == 0x0F else 1 << size_code  # in octets; 0: the type has no size
        # The class body's names are the API's names in upper case: "SINT8" is "sint8".
        self.api_name = ""

    @property
    def is_readable(self) -> bool:
        """Whether values can be decoded: integers and pointers to 64 bits, floats of 32 and 64."""
        return self in STRUCT_CODES


for _member in DataType:
    _member.api_name = "NA" if _member is DataType.NA else _member.name.lower()


# struct format characters, without byte order
STRUCT_CODES: dict[DataType, str] = {
    DataType.SINT8: "b",
    DataType.SINT16: "h",
    DataType.SINT32: "i",
    DataType.SINT64: "q",
    DataType.UINT8: "B",
    DataType.UINT16: "H",
    DataType.UINT32: "I",
    DataType.UINT64: "Q",
    DataType.FLOAT32: "f",
    DataType.FLOAT64: "d",
    DataType.BOOL8: "?",
    DataType.BOOL16: "H",
    DataType.BOOL32: "I",
    DataType.BOOL64: "Q",
    DataType.PTR8: "B",
    DataType.PTR16: "H",
    DataType.PTR32: "I",
    DataType.PTR64: "Q",
}

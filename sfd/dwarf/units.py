"""Unit headers: where the units of the debug information are, and how they encode things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scrutiny.core.values import ByteOrder

from ..errors import ElfError
from . import constants as c
from .forms import Encoding

_VERSIONS: Final = range(2, 6)
_ADDRESS_SIZES: Final = (1, 2, 4, 8)
_WITH_TYPE: Final = (c.DW_UT_type, c.DW_UT_split_type)
_WITH_DWO_ID: Final = (c.DW_UT_skeleton, c.DW_UT_split_compile)


@dataclass(slots=True, eq=False)
class Unit:
    """A compile, partial or type unit.

    Attributes:
        offset: of its header, absolute as in entries.py.
        end: one past its last octet, absolute.
        first_entry: its top entry, absolute.
        encoding: what the layout of its entries depends on.
        abbreviations: offset of its table in .debug_abbrev.
        unit_type: DW_UT code; units before version 5 get the one that version 5 would give.
        type_signature: of a type unit; None for others.
        type_offset: absolute offset of the type entry of a type unit; None for others.
        str_offsets_base: where its part of .debug_str_offsets starts; None: not told.
        addr_base: where its part of .debug_addr starts; None: not told.
        name: DW_AT_name of the top entry, ``""`` if it has none.
        comp_dir: DW_AT_comp_dir, ``""`` if it has none.
        producer: compiler and options, ``""`` if not told.
        language: DW_LANG code, 0 if not told.
    """

    offset: int
    end: int
    first_entry: int
    encoding: Encoding
    abbreviations: int
    unit_type: int
    type_signature: int | None = None
    type_offset: int | None = None
    str_offsets_base: int | None = None
    addr_base: int | None = None
    name: str = ""
    comp_dir: str = ""
    producer: str = ""
    language: int = 0

    @property
    def version(self) -> int:
        """2 to 5."""
        return self.encoding.version

    @property
    def address_size(self) -> int:
        """In octets."""
        return self.encoding.address_size

    @property
    def is_64bit_dwarf(self) -> bool:
        """Offsets take 8 octets."""
        return self.encoding.offset_size == 8


def read_headers(section: bytes, start: int, byte_order: ByteOrder) -> Iterator[Unit]:
    """Read the headers of all units of a section.

    Args:
        section: content of .debug_info or .debug_types.
        start: absolute offset of its first octet, which also tells the two apart.
        byte_order: of the target.

    Raises:
        ElfError: a header is damaged or of an unknown version.
    """
    cursor = _Cursor(section, byte_order)
    while cursor.position < len(section):
        header = cursor.position
        offset_size = 4
        length = cursor.number(4)
        if length == 0xFFFF_FFFF:
            offset_size = 8
            length = cursor.number(8)
        if not length:
            continue  # alignment between the parts of two object files
        end = cursor.position + length
        if end > len(section):
            raise ElfError(f"the debug information is truncated: unit at {header:#x}")
        yield _read_header(cursor, start, header, end, offset_size)
        cursor.position = end


class _Cursor:
    """Numbers one after the other; at the end of the section, `number` gives an ElfError."""

    def __init__(self, section: bytes, byte_order: ByteOrder) -> None:
        self.section = section
        self.byte_order: ByteOrder = byte_order
        self.position = 0

    def number(self, size: int) -> int:
        end = self.position + size
        if end > len(self.section):
            raise ElfError("the debug information is truncated")
        number = int.from_bytes(self.section[self.position : end], self.byte_order)
        self.position = end
        return number


def _read_header(cursor: _Cursor, start: int, header: int, end: int, offset_size: int) -> Unit:
    version = cursor.number(2)
    if version not in _VERSIONS:
        raise ElfError(
            f"the unit at {header:#x} has DWARF version {version}: compile with -gdwarf-4 "
            "or -gdwarf-5"
        )
    unit_type = c.DW_UT_type if start else c.DW_UT_compile
    if version >= 5:
        unit_type = cursor.number(1)
        address_size = cursor.number(1)
        abbreviations = cursor.number(offset_size)
    else:
        abbreviations = cursor.number(offset_size)
        address_size = cursor.number(1)
    if address_size not in _ADDRESS_SIZES:
        raise ElfError(
            f"the debug information is damaged: the unit at {header:#x} has addresses of "
            f"{address_size} octets"
        )
    prefix = "<" if cursor.byte_order == "little" else ">"
    unit = Unit(
        offset=start + header,
        end=start + end,
        first_entry=0,
        encoding=Encoding(prefix, version, address_size, offset_size),
        abbreviations=abbreviations,
        unit_type=unit_type,
    )
    if unit_type in _WITH_TYPE:
        unit.type_signature = cursor.number(8)
        unit.type_offset = unit.offset + cursor.number(offset_size)
    elif unit_type in _WITH_DWO_ID:
        cursor.number(8)
    if cursor.position > end:
        raise ElfError(f"the debug information is damaged: the unit at {header:#x} is too short")
    unit.first_entry = start + cursor.position
    return unit

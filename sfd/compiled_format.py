"""Layout of a compiled description, for the one who writes it and the one who looks things up.

::

    header      magic, version, CRC-32 of all that follows, size of the file, table of sections
    info        identifier, metadata and so on, as JSON
    variables   records of fixed size, in the order of their paths; the paths
    factories   the same for leaves inside arrays
    aliases     paths; one blob each
    enums       one blob each; records refer to them by their place
    arrays      one blob for all arrays of a leaf; records refer to them by their place

Paths and blobs lie one after the other in one section, their borders as 64-bit numbers in another.
Numbers are in the byte order of the machine: the file is a cache and never travels.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple

import msgspec

from scrutiny.core.values import ByteOrder

MAGIC: Final = b"SCRSYM\r\n"
# To be raised as well when other things are compiled from the same description.
FORMAT_VERSION: Final = 1


class Section(IntEnum):
    """What a file holds, in this order.

    The borders of a table come after its content, and the paths of leaves after their records.
    """

    INFO = 0
    VARIABLES = 1
    VARIABLE_PATHS = 2
    VARIABLE_PATH_BORDERS = 3
    FACTORIES = 4
    FACTORY_PATHS = 5
    FACTORY_PATH_BORDERS = 6
    ALIAS_PATHS = 7
    ALIAS_PATH_BORDERS = 8
    ALIASES = 9
    ALIAS_BORDERS = 10
    ENUMS = 11
    ENUM_BORDERS = 12
    ARRAYS = 13
    ARRAY_BORDERS = 14


class Header(NamedTuple):
    """The start of a file.

    Attributes:
        magic: of this kind of file.
        version: `FORMAT_VERSION` of the writer.
        crc: CRC-32 of all that follows the first `CRC_START` octets.
        file_size: in octets.
    """

    magic: bytes
    version: int
    crc: int
    file_size: int


HEADER: Final = struct.Struct("=8sIIQ")
CRC_START: Final = HEADER.size - 8
# Offset in the file, and size, of each section.
SECTIONS: Final = struct.Struct(f"={2 * len(Section)}Q")
BODY_START: Final = HEADER.size + SECTIONS.size


class Record(NamedTuple):
    """A leaf.

    Attributes:
        address: or the offset from the pointer's value, modulo 2**64.
        data_type: its code, see `scrutiny.core.types`.
        bit_offset: of a bit field.
        bit_size: of a bit field, 0 if there is none.
        enum: place in the table of enums, plus 1; 0 if there is none.
        arrays: place in the table of arrays, plus 1; 0 if there is none.
        pointer: place among the variables, or `FACTORY_FLAG` and place among the factories, plus 1;
            0 if there is none.
    """

    address: int
    data_type: int
    bit_offset: int
    bit_size: int
    enum: int
    arrays: int
    pointer: int


RECORD: Final = struct.Struct("=QBBBxIII")
FACTORY_FLAG: Final = 1 << 31


class Info(msgspec.Struct):
    """What concerns the whole description."""

    firmware_id: str
    metadata: dict[str, Any]
    char_bit: int
    byte_order: ByteOrder
    warnings: list[str]


class EnumBlob(msgspec.Struct, array_like=True):
    """An enumeration, as MessagePack."""

    name: str
    values: dict[str, int]


class ArrayBlob(msgspec.Struct, array_like=True):
    """An array on the path of a leaf, as MessagePack; a leaf has a list of them."""

    end: int
    dimensions: tuple[int, ...]
    element_size: int


class AliasBlob(msgspec.Struct, array_like=True):
    """An alias without its path, as MessagePack."""

    target: str
    target_type: Literal["var", "rpv"]
    gain: float
    offset: float
    minimum: float
    maximum: float
    enum: EnumBlob | None


def join_blobs(blobs: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Return the two sections that hold a table: its content, and the borders in it.

    Piece number n is between border n and border n + 1.
    """
    pieces = list(blobs)
    borders = array("Q", [0])
    end = 0
    for piece in pieces:
        end += len(piece)
        borders.append(end)
    return b"".join(pieces), borders.tobytes()

"""The symbol map of a firmware as data: every readable leaf, where it is and what it is.

Source: firmware description, sections 2.3 to 2.9.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import msgspec

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder
from scrutiny.core.watchables import BitField

ADDRESS_MAX: Final = (1 << 64) - 1
RANK_MAX: Final = 32  # dimensions of one array; real programs stay below 5
_BIT_FIELD_KINDS: Final = frozenset((TypeKind.SINT, TypeKind.UINT, TypeKind.BOOL, TypeKind.PTR))


# Tuples: maps have hundreds of thousands of leaves. Types, enums, arrays and pointers are shared
# between the leaves that have them in common.
class LeafType(NamedTuple):
    """A base type of the program; one name may stand for several data types."""

    name: str  # as in the source, "unsigned char"
    data_type: DataType


class PointerPath(NamedTuple):
    """The pointer variable that a leaf lies behind.

    Attributes:
        path: of the pointer, without indices and without ``*``.
        arrays: on the way to the pointer; their ``end`` counts in ``path``.
    """

    path: str
    arrays: tuple[ArraySegment, ...]


class Leaf(NamedTuple):
    """One readable storage pattern: a scalar, enum, bit field or pointer, or an array of those.

    Attributes:
        path: canonical, without indices; the segment of a dereferenced pointer begins with ``*``.
        type: of the storage.
        address: in the target's bytes; with a pointer, the offset from the pointer's value.
        bit_field: None if it takes the whole storage.
        enum: names of its values.
        arrays: those on the path, outermost first; behind a pointer only those after it. Their
            ``end`` counts in ``path``, the ``*`` included.
        pointer: None if the address is absolute.
    """

    path: str
    type: LeafType
    address: int
    bit_field: BitField | None = None
    enum: Enumeration | None = None
    arrays: tuple[ArraySegment, ...] = ()
    pointer: PointerPath | None = None

    @property
    def is_factory(self) -> bool:
        """Whether indices have to be given."""
        return bool(self.arrays) or (self.pointer is not None and bool(self.pointer.arrays))


class VariableMap(msgspec.Struct):
    """All leaves of a program.

    Attributes:
        byte_order: of the target.
        char_bit: bits in a byte of the target, 8 or 16.
        leaves: in the order they were found; paths are unique.
    """

    byte_order: ByteOrder
    char_bit: int
    leaves: list[Leaf]


def problem_of(leaf: Leaf) -> str | None:
    """Return why no device can have this leaf, None if it may be there.

    What has a problem is neither written into a map nor taken from one: the peer's server ends when
    it meets an impossible bit field. The texts are few and name no values, so that they can be
    counted.
    """
    data_type = leaf.type.data_type
    if not data_type.size:
        return "its type has no size"
    bits = leaf.bit_field
    if bits is not None and not _fits(bits, data_type):
        return "its bit field does not fit its storage"
    extent = 0
    for array in leaf.arrays:
        if not 0 < len(array.dimensions) <= RANK_MAX or min(array.dimensions) <= 0:
            return "an array on its path has no elements, or too many dimensions"
        if not 0 < array.element_size <= ADDRESS_MAX or max(array.dimensions) > ADDRESS_MAX:
            return "an array on its path has a size that no device can have"
        extent += (math.prod(array.dimensions) - 1) * array.element_size
    lowest = 0 if leaf.pointer is None else -(1 << 63)
    highest = ADDRESS_MAX if leaf.pointer is None else (1 << 63) - 1
    if not lowest <= leaf.address <= highest - extent:
        return "its address, or that of its last element, is beyond 64 bits"
    return None


def _fits(bits: BitField, data_type: DataType) -> bool:
    return (
        bits.offset >= 0
        and bits.size > 0
        and bits.offset + bits.size <= 8 * data_type.size
        and data_type.kind in _BIT_FIELD_KINDS
    )

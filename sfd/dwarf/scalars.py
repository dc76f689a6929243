"""Types that hold one value: base types, enumerations, pointers.

Source: firmware description, sections 2.5, 4.3, 4.10 and 10.3 (X5, X6, X8, X13).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scrutiny.core.enums import Enumeration
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.watchables import BitField

from ..errors import ElfError
from ..variable_map import LeafType
from . import constants as c

_KINDS: Final = {
    c.DW_ATE_address: TypeKind.PTR,
    c.DW_ATE_boolean: TypeKind.BOOL,
    c.DW_ATE_complex_float: TypeKind.CFLOAT,
    c.DW_ATE_float: TypeKind.FLOAT,
    c.DW_ATE_signed: TypeKind.SINT,
    c.DW_ATE_signed_char: TypeKind.SINT,
    c.DW_ATE_unsigned: TypeKind.UINT,
    c.DW_ATE_unsigned_char: TypeKind.UINT,
    c.DW_ATE_UTF: TypeKind.UINT,
}
_SHOWN: Final = 100  # characters of a name in a message
# Of all different enumerations; each takes about 200 octets. 50,000 are many in a real program.
_ENUMERATORS_MAX: Final = 1_000_000
_DATA_TYPES: Final = {(data_type.kind, data_type.size): data_type for data_type in DataType}


class TypeProblem(Exception):
    """A type, or a part of one, cannot be listed; the text says why."""


class TooLarge(ElfError):
    """The program's types expand to more than any real program has."""


def shown(name: str) -> str:
    """Return a name for a message, cut if it is endless."""
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


class Scalars:
    """Makes types of values, and shares what is equal over the whole program."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, DataType], LeafType] = {}
        self._enums: dict[tuple[str, tuple[tuple[str, int], ...]], Enumeration] = {}
        self._bit_fields: dict[tuple[int, int], BitField] = {}
        self._enumerators_left = _ENUMERATORS_MAX

    def leaf_type(self, name: str, kind: TypeKind, size: int) -> LeafType:
        """Return a type of so many octets.

        Raises:
            TypeProblem: there is none of this size.
        """
        data_type = _DATA_TYPES.get((kind, size))
        if data_type is None:
            raise TypeProblem(
                f"there is no type for {kind.name.lower()} of {size} octets ({shown(name)})"
            )
        known = self._types.get((name, data_type))
        if known is None:
            known = self._types[name, data_type] = LeafType(name, data_type)
        return known

    def base_type(self, name: str, encoding: int | None, size: int) -> LeafType:
        """Return a base type of the program.

        Raises:
            TypeProblem: values of this encoding or size have no type here.
        """
        kind = None if encoding is None else _KINDS.get(encoding)
        if kind is None:
            raise TypeProblem(f"type {shown(name)!r} has an unsupported encoding ({encoding})")
        return self.leaf_type(name, kind, size)

    def pointer(self, size: int) -> LeafType:
        """Return a pointer of so many octets.

        Raises:
            TypeProblem: not a power of two, as with 24-bit pointers.
        """
        return self.leaf_type(f"ptr{8 * size}", TypeKind.PTR, size)

    def enumeration(self, name: str, values: Sequence[tuple[str, int]]) -> Enumeration:
        """Return an enumeration, the same object for the same name and content.

        Raises:
            TooLarge: there are more than any program has.
        """
        key = (name, tuple(values))
        known = self._enums.get(key)
        if known is None:
            self._enumerators_left -= len(values)
            if self._enumerators_left < 0:
                raise TooLarge(f"the program has more than {_ENUMERATORS_MAX} enumerators")
            known = self._enums[key] = Enumeration(name, dict(values))
        return known

    def bit_field(self, offset: int, size: int) -> BitField:
        """Return a bit field, the same object for the same numbers."""
        key = (offset, size)
        known = self._bit_fields.get(key)
        if known is None:
            known = self._bit_fields[key] = BitField(offset, size)
        return known


def fitted(value: int, type_: DataType) -> int:
    """Return an enumerator as a value of its type, of which the program gives the bits only."""
    bits = 8 * type_.size
    value &= (1 << bits) - 1
    if type_.kind is TypeKind.SINT and value >> (bits - 1):
        return value - (1 << bits)
    return value

"""Types of the program, read into what their objects consist of.

Source: firmware description, sections 4.3, 4.8, 4.10 and 10.3.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from scrutiny.core.types import TypeKind
from scrutiny.core.values import ByteOrder

from ..variable_map import RANK_MAX
from . import constants as c
from .attributes import first_text, integer, text, with_origins
from .compilers import compiler_of, plain_name
from .composites import CompositeReader
from .dimensions import read_dimensions, too_many_dimensions
from .entries import Entry
from .parts import Arrays, Layout, Loss, Part, moved_layout
from .reader import DebugInfo
from .scalars import Scalars, TooLarge, TypeProblem, fitted, shown

LOOKED_THROUGH: Final = frozenset(
    {
        c.DW_TAG_typedef,
        c.DW_TAG_template_alias,
        c.DW_TAG_const_type,
        c.DW_TAG_volatile_type,
        c.DW_TAG_restrict_type,
        c.DW_TAG_atomic_type,
        c.DW_TAG_packed_type,
        c.DW_TAG_shared_type,
        c.DW_TAG_immutable_type,
    }
)
POINTERS: Final = frozenset(
    {c.DW_TAG_pointer_type, c.DW_TAG_reference_type, c.DW_TAG_rvalue_reference_type}
)
COMPOSITES: Final = frozenset(
    {
        c.DW_TAG_structure_type,
        c.DW_TAG_class_type,
        c.DW_TAG_union_type,
        c.DW_TAG_interface_type,
    }
)
# What several qualified types and typedefs share; only enumerations are named after theirs.
_SHARED: Final = COMPOSITES | {c.DW_TAG_array_type}
# Damaged programs have types that contain themselves; real ones nest a dozen deep.
_DEPTH_MAX: Final = 50
_CHAIN_MAX: Final = 100
# An array of this size is no array; 2**48 octets are more than any address space in use.
_ARRAY_SIZE_MAX: Final = 1 << 48
# Roughly the octets of the texts and tuples that the types of one unit take. A few lines can
# declare a structure of 2**50 members; 50,000 leaves in one unit take about a tenth of this.
_ROOM: Final = 1 << 28
_ROOM_OF_ALL: Final = 1 << 31  # of all units one after the other; a matter of time
_PART_ROOM: Final = 150
_ENUMERATOR_ROOM: Final = 200
_PARTS_MAX: Final = 100_000  # of one type, where an array counts once


class Array(NamedTuple):
    """An array type; its parts depend on the name of what has it.

    Attributes:
        dimensions: outermost first, those of inner arrays included; None: not known.
        stride: distance of two elements, in the target's bytes.
        element: the innermost one.
    """

    dimensions: tuple[int, ...] | None
    stride: int
    element: Layout

    @property
    def size(self) -> int:
        """In the target's bytes."""
        return math.prod(self.dimensions or (0,)) * self.stride


class TypeReader:
    """Reads the types of one unit at a time, and those of others that it refers to; each once.

    Attributes:
        debug: where entries come from.
        byte_order: of the target.
        char_bit: bits in a byte of the target.
        scalars: makes what all units share.
    """

    def __init__(
        self, debug: DebugInfo, byte_order: ByteOrder, char_bit: int, scalars: Scalars
    ) -> None:
        self.debug = debug
        self.byte_order: ByteOrder = byte_order
        self.char_bit = char_bit
        self.scalars = scalars
        self._composites = CompositeReader(self)
        self._definitions: dict[int, Entry] = {}
        self._known: dict[int, Layout | Array | TypeProblem] = {}
        self._depth = 0
        self._room = _ROOM
        self._room_of_all = _ROOM_OF_ALL

    def start_unit(self, definitions: dict[int, Entry]) -> None:
        """Forget what was read before.

        Args:
            definitions: of types that are declared elsewhere, by the offset of the declaration.
        """
        self._composites.forget()
        self._definitions = definitions
        self._known.clear()
        self._depth = 0
        self._room = _ROOM

    def layout(self, reference: int, name: str) -> Layout:
        """Return what a variable of a type consists of.

        Args:
            reference: offset of the type's entry.
            name: of the variable, which arrays repeat in the path.

        Raises:
            TypeProblem: nothing of the type can be listed.
            TooLarge: it is not a real type.
        """
        found = self.resolved(reference)
        return found if isinstance(found, Layout) else self.placed(found, name, "", 0)

    def placed(self, found: Layout | Array, name: str, prefix: str, offset: int) -> Layout:
        """Return what an object consists of that is part of something larger.

        Args:
            found: its type.
            name: of the object, which arrays repeat in the path.
            prefix: goes in front of each suffix.
            offset: of the object, in the target's bytes.

        Raises:
            TooLarge: it is not a real type.
        """
        if isinstance(found, Layout):
            return self.moved(found, prefix, offset)
        if found.dimensions is None:
            return Layout([], [Loss(prefix, "its length is not known")])
        if 0 in found.dimensions:
            return Layout([], [])
        prefix = f"{prefix}/{name}"
        array = (len(prefix), found.dimensions, found.stride)
        return self.moved(found.element, prefix, offset, (array,))

    def moved(self, layout: Layout, prefix: str, offset: int, outer: Arrays = ()) -> Layout:
        """Return a layout as part of a larger one, within the limits of the unit.

        Raises:
            TooLarge: these are passed.
        """
        parts, losses = layout
        text = sum([len(part[0]) for part in parts])
        text += sum([len(loss[0]) for loss in losses]) if losses else 0
        self._take_room((len(parts) + len(losses)) * (_PART_ROOM + len(prefix)) + text)
        if len(parts) > _PARTS_MAX:
            raise _too_large()
        return moved_layout(layout, prefix, offset, outer)

    def _take_room(self, size: int) -> None:
        self._room -= size
        self._room_of_all -= size
        if self._room < 0 or self._room_of_all < 0:
            raise _too_large()

    def resolved(self, reference: int) -> Layout | Array:
        """Return a type, arrays as such.

        Raises:
            TypeProblem: nothing of the type can be listed.
            TooLarge: it is not a real type.
        """
        known = self._known.get(reference)
        if known is None:
            self._known[reference] = TypeProblem("its type contains itself")
            known = self._known[reference] = self._resolve(reference)
        if isinstance(known, TypeProblem):
            raise known
        return known

    def _resolve(self, reference: int) -> Layout | Array | TypeProblem:
        if self._depth >= _DEPTH_MAX:
            raise TypeProblem(f"its type is nested more than {_DEPTH_MAX} deep, or contains itself")
        self._depth += 1
        try:
            entry, alias = self.unqualified(reference)
            if entry.offset != reference and entry.tag in _SHARED:
                return self.resolved(entry.offset)  # shared by `S`, `const S`, `S_t`
            return self._read(entry, alias)
        except TypeProblem as problem:
            return problem.with_traceback(None)
        finally:
            self._depth -= 1

    def unqualified(self, reference: int) -> tuple[Entry, str]:
        """Look through qualifiers and typedefs.

        Returns:
            The type, and the name of the typedef that is next to it.

        Raises:
            TypeProblem: there is no type.
        """
        alias = ""
        for _ in range(_CHAIN_MAX):
            entry = self.debug.entry_at(reference)
            if entry is None:
                raise TypeProblem("its type is missing, or of an unknown kind")
            if entry.tag in LOOKED_THROUGH:
                if entry.tag == c.DW_TAG_typedef:
                    alias = text(entry, c.DW_AT_name)
                following = integer(entry, c.DW_AT_type)
            elif c.DW_AT_declaration in entry.values or c.DW_AT_signature in entry.values:
                following = self._defined_at(entry)
                if following is None:
                    return entry, alias
            else:
                return entry, alias
            if following is None:
                raise TypeProblem("its type is void")
            reference = following
        raise TypeProblem("its type refers to itself")

    def _defined_at(self, declaration: Entry) -> int | None:
        signature = integer(declaration, c.DW_AT_signature)
        if signature is not None:
            return signature
        definition = self._definitions.get(declaration.offset)
        return None if definition is None else definition.offset

    def _read(self, entry: Entry, alias: str) -> Layout | Array:
        tag = entry.tag
        if tag in COMPOSITES:
            return self._composites.layout(entry)
        if tag == c.DW_TAG_array_type:
            return self._array(entry)
        part = self._scalar(entry, alias)
        if part.enum is not None:
            self._take_room(_ENUMERATOR_ROOM * len(entry.children))
        return Layout([part], [])

    def _scalar(self, entry: Entry, alias: str) -> Part:
        tag = entry.tag
        if tag == c.DW_TAG_base_type:
            return self._base_type(entry)
        if tag == c.DW_TAG_enumeration_type:
            return self._enumeration(entry, alias)
        if tag in POINTERS:
            type_ = self.scalars.pointer(self._pointer_size(entry))
            return Part("", 0, type_, target=integer(entry, c.DW_AT_type))
        if tag == c.DW_TAG_ptr_to_member_type:
            return self._member_pointer(entry)
        name = shown(text(entry, c.DW_AT_name))
        raise TypeProblem(f"its kind of type is not supported{f': {name}' if name else ''}")

    def _base_type(self, entry: Entry) -> Part:
        name = text(entry, c.DW_AT_name)
        endianity = integer(entry, c.DW_AT_endianity)
        own = {"big": c.DW_END_big, "little": c.DW_END_little}[self.byte_order]
        if endianity not in (None, c.DW_END_default, own):
            raise TypeProblem("its byte order is not that of the program")
        return Part(
            "",
            0,
            self.scalars.base_type(name, integer(entry, c.DW_AT_encoding), self._octets(entry)),
        )

    def _enumeration(self, entry: Entry, alias: str) -> Part:
        compiler = compiler_of(entry.unit)
        values = [
            (plain_name(text(child, c.DW_AT_name), compiler), value)
            for child in entry.children
            if child.tag == c.DW_TAG_enumerator
            and (value := integer(child, c.DW_AT_const_value)) is not None
        ]
        underlying = integer(entry, c.DW_AT_type)
        if underlying is not None:
            type_ = self._base_type(self.unqualified(underlying)[0]).type
        else:
            signed = any(value < 0 for _, value in values)
            size = self._octets(entry)
            type_ = self.scalars.leaf_type(
                f"enum_default_{'s' if signed else 'u'}{8 * size}",
                TypeKind.SINT if signed else TypeKind.UINT,
                size,
            )
        name = first_text(with_origins(self.debug, entry), c.DW_AT_name) or alias
        enum = self.scalars.enumeration(
            plain_name(name, compiler) or "<enum>",
            [(enumerator, fitted(value, type_.data_type)) for enumerator, value in values],
        )
        return Part("", 0, type_, enum=enum)

    def _member_pointer(self, entry: Entry) -> Part:
        target = integer(entry, c.DW_AT_type)
        pointed = None if target is None else self.unqualified(target)[0]
        if pointed is not None and pointed.tag == c.DW_TAG_subroutine_type:
            raise TypeProblem("it is a pointer to a member function, which is no single value")
        size = self._pointer_size(entry)
        return Part("", 0, self.scalars.leaf_type("ptr to member", TypeKind.SINT, size))

    def _array(self, entry: Entry) -> Array:
        if c.DW_AT_bit_stride in entry.values:
            raise TypeProblem("elements of the array are not at whole addresses")
        reference = integer(entry, c.DW_AT_type)
        if reference is None:
            raise TypeProblem("its element type is missing")
        dimensions = read_dimensions(entry)
        inner = self.resolved(reference)
        if isinstance(inner, Array):
            known = None not in (dimensions, inner.dimensions)
            both = (dimensions or ()) + (inner.dimensions or ())
            if len(both) > RANK_MAX:
                raise too_many_dimensions()
            array = Array(both if known else None, inner.stride, inner.element)
        else:
            stride = integer(entry, c.DW_AT_byte_stride) or self._size(reference)
            array = Array(dimensions, stride, inner)
        if array.size > _ARRAY_SIZE_MAX:
            raise TypeProblem("its array is larger than any memory")
        return array

    def _size(self, reference: int) -> int:
        """Return the size of an element, in the target's bytes."""
        entry, _ = self.unqualified(reference)
        size = integer(entry, c.DW_AT_byte_size)
        if size is not None:
            return size
        if entry.tag in POINTERS or entry.tag == c.DW_TAG_ptr_to_member_type:
            return self._pointer_size(entry) * 8 // self.char_bit
        raise TypeProblem("the size of its elements is missing")

    def _octets(self, entry: Entry) -> int:
        return (integer(entry, c.DW_AT_byte_size) or 0) * self.char_bit // 8

    def _pointer_size(self, entry: Entry) -> int:
        """Return the size of a pointer, in octets.

        That of the unit is for code on some targets: 8-bit AVR says 4 there, and 2 here.
        """
        return self._octets(entry) or entry.unit.address_size * self.char_bit // 8


def _too_large() -> TooLarge:
    return TooLarge("the types of a compile unit expand to millions of variables")

"""Structures, classes and unions: members, bit fields, base classes.

Source: firmware description, sections 4.7, 4.9 and 10.3 (X1, X2).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from . import constants as c
from .attributes import first_text, integer, text, with_origins
from .bit_fields import find_storage, signed_bit_offset, start_from_bit_offset
from .entries import Entry
from .locations import member_offset
from .parts import Layout, Loss, Part
from .scalars import TypeProblem, shown

if TYPE_CHECKING:
    from .types import Array, TypeReader


class Field(NamedTuple):
    """A member, perhaps of a base class.

    Attributes:
        bases: the way from the class to the one that declares the member; empty for its own.
        name: of the member.
        layout: suffixes begin with the name.
    """

    bases: tuple[str, ...]
    name: str
    layout: Layout


class _Content(NamedTuple):
    fields: list[Field]
    losses: list[Loss]


_NOTHING: Final = _Content([], [])


class CompositeReader:
    """Puts structures together from their members; types of members come from a `TypeReader`."""

    def __init__(self, types: TypeReader) -> None:
        self._types = types
        self._contents: dict[int, _Content] = {}

    def forget(self) -> None:
        """Let go of the structures that were read."""
        self._contents.clear()

    def layout(self, entry: Entry) -> Layout:
        """Return what objects of a structure consist of.

        Raises:
            TypeProblem: the structure is only declared, or contains itself.
            TooLarge: it is not a real type.
        """
        content = self._content(entry)
        fields, losses = self._told_apart(content.fields)
        return Layout(
            [part for field in fields for part in field.layout.parts],
            [
                *content.losses,
                *losses,
                *(loss for field in fields for loss in field.layout.losses),
            ],
        )

    def _content(self, entry: Entry) -> _Content:
        content = self._contents.get(entry.offset)
        if content is None:
            if c.DW_AT_declaration in entry.values:
                raise TypeProblem(
                    f"its type {shown(text(entry, c.DW_AT_name))} is not defined in this compile "
                    "unit"
                )
            content = self._contents[entry.offset] = self._read(entry)
        return content

    def _read(self, entry: Entry) -> _Content:
        content = _Content([], [])
        fields, losses = content
        for child in entry.children:
            if child.tag == c.DW_TAG_member:
                name = text(child, c.DW_AT_name)
                try:
                    self._add_member(content, entry, child, name)
                except TypeProblem as problem:
                    losses.append(Loss(f"/{shown(name)}" if name else "", str(problem)))
            elif child.tag == c.DW_TAG_inheritance:
                inherited = self._inherited(child)
                fields += inherited.fields
                losses += inherited.losses
            elif child.tag == c.DW_TAG_variant_part:
                losses.append(Loss("", "variants of a type are not supported"))
        return content

    def _add_member(self, content: _Content, parent: Entry, member: Entry, name: str) -> None:
        values = member.values
        reference = integer(member, c.DW_AT_type)
        if c.DW_AT_external in values or c.DW_AT_declaration in values or reference is None:
            return  # a static member: a variable of its own
        offset = member_offset(values.get(c.DW_AT_data_member_location))
        if offset is None:
            raise TypeProblem("its place in the structure is only known at run time")
        if not name:
            fields, losses = self._unnamed(reference, offset)
            content.fields.extend(fields)
            content.losses.extend(losses)
            return
        if c.DW_AT_bit_size in values:
            part = self._bit_field(parent, member, reference, offset)
            layout = self._types.moved(Layout([part], []), f"/{name}", 0)
        else:
            found = self._types.resolved(reference)
            if not isinstance(found, Layout) and _is_without_room(found, parent, offset):
                return
            layout = self._types.placed(found, name, f"/{name}", offset)
        content.fields.append(Field((), name, layout))

    def _unnamed(self, reference: int, offset: int) -> _Content:
        """Take the members of an anonymous structure or union as those of the one around it."""
        entry, _ = self._types.unqualified(reference)
        if not entry.children or entry.tag not in (
            c.DW_TAG_structure_type,
            c.DW_TAG_class_type,
            c.DW_TAG_union_type,
        ):
            return _NOTHING
        return self._merged(reference, entry, offset, ())

    def _inherited(self, inheritance: Entry) -> _Content:
        reference = integer(inheritance, c.DW_AT_type)
        if reference is None:
            return _NOTHING
        entry, alias = self._types.unqualified(reference)
        chain = with_origins(self._types.debug, entry)
        name = first_text(chain, c.DW_AT_name) or alias or "base"
        offset = member_offset(inheritance.values.get(c.DW_AT_data_member_location))
        if integer(inheritance, c.DW_AT_virtuality) or offset is None:
            reason = "a virtual base: where it is depends on the object"
            return _Content([], [Loss(f"/{shown(name)}", reason)])
        try:
            return self._merged(reference, entry, offset, (name,))
        except TypeProblem as problem:
            return _Content([], [Loss(f"/{shown(name)}", str(problem))])

    def _merged(self, reference: int, entry: Entry, offset: int, way: tuple[str, ...]) -> _Content:
        """Return the content of a structure as part of another one."""
        self._types.resolved(reference)  # knows how deep it is nested, and whether in itself
        content = self._content(entry)
        fields = [
            Field((*way, *field.bases), field.name, self._types.moved(field.layout, "", offset))
            for field in content.fields
        ]
        return _Content(fields, content.losses)

    def _told_apart(self, fields: list[Field]) -> tuple[list[Field], list[Loss]]:
        """Put the names of base classes in front of members that would share a path.

        A member keeps its plain name if it hides all others of that name: if its class derives
        from all of theirs.
        """
        if len({field.name for field in fields}) == len(fields):
            return fields, []
        groups: defaultdict[str, list[Field]] = defaultdict(list)
        for field in fields:
            groups[field.name].append(field)
        hiding = set(map(id, map(_hiding_all, groups.values())))
        told_apart: list[Field] = []
        losses: list[Loss] = []
        taken: set[tuple[str, ...]] = set()
        for field in fields:
            way = () if id(field) in hiding else field.bases
            if (*way, field.name) in taken:
                losses.append(Loss(f"/{shown(field.name)}", "another member has the same name"))
                continue
            taken.add((*way, field.name))
            prefix = "".join(f"/{base}" for base in way)
            layout = self._types.moved(field.layout, prefix, 0) if prefix else field.layout
            told_apart.append(Field(field.bases, field.name, layout))
        return told_apart, losses

    def _bit_field(self, parent: Entry, member: Entry, reference: int, location: int) -> Part:
        found = self._types.resolved(reference)
        if not isinstance(found, Layout) or len(found.parts) != 1:
            raise TypeProblem("it is a bit field of no integer type")
        part = found.parts[0]
        char_bit = self._types.char_bit
        bit_size = integer(member, c.DW_AT_bit_size) or 0
        declared = (integer(member, c.DW_AT_byte_size) or 0) * char_bit // 8
        size = declared or part.type.data_type.size
        data_bit_offset = integer(member, c.DW_AT_data_bit_offset)
        preferred_byte: int | None = None
        bit_offset = integer(member, c.DW_AT_bit_offset)
        if data_bit_offset is not None or (bit_offset is None and member.unit.version >= 5):
            start = location * char_bit + (data_bit_offset or 0)
        else:
            preferred_byte = location
            start = start_from_bit_offset(
                location,
                signed_bit_offset(bit_offset or 0),
                bit_size,
                size,
                char_bit,
                little=self._types.byte_order == "little",
            )
        if not 0 < bit_size <= 64 or start < 0:
            raise TypeProblem(f"it is a bit field of {bit_size} bits at bit {start}")
        storage = find_storage(
            start,
            bit_size,
            size,
            char_bit,
            preferred_byte=preferred_byte,
            structure_size=integer(parent, c.DW_AT_byte_size),
        )
        if storage is None:
            raise TypeProblem(f"it is a bit field of {bit_size} bits that spans more than 8 octets")
        scalars = self._types.scalars
        type_ = part.type
        if storage.size != type_.data_type.size:
            type_ = scalars.leaf_type(type_.name, type_.data_type.kind, storage.size)
        is_whole = bit_size == 64  # no masks are needed, and 64-bit ones are not understood by all
        bit_field = None if is_whole else scalars.bit_field(storage.bit_offset, bit_size)
        return Part("", storage.byte, type_, bit_field, part.enum)


def _is_without_room(array: Array, parent: Entry, offset: int) -> bool:
    """Tell whether a member is an array of no or unknown length at the end of a structure.

    Some compilers write -1, the last index of an array without elements, as 65535.
    """
    size = integer(parent, c.DW_AT_byte_size)
    return array.dimensions is None or (size is not None and offset + array.size > size)


def _hiding_all(group: list[Field]) -> Field | None:
    """Return the field whose class derives from all those that declare the others, if any."""
    first = min(group, key=lambda field: len(field.bases))
    depth = len(first.bases)
    hides = all(
        other is first or (len(other.bases) > depth and other.bases[:depth] == first.bases)
        for other in group
    )
    return first if hides else None

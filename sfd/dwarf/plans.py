"""Plans: declarations compiled into what to do with the octets of an entry.

Most entries of most compilers consist of forms of fixed size only. Such an entry takes one call of
`struct.Struct.unpack_from`; attributes that nobody asks for are pad octets in it. Forms of variable
size split the entry into steps.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from . import constants as c
from .entries import KEPT, AttributeValue
from .forms import (
    WANTED_FORMS,
    Conversion,
    Encoding,
    FormConversions,
    Reader,
    layout,
)


class AttributeSpec(NamedTuple):
    """One attribute of a declaration; ``constant`` is what DW_FORM_implicit_const carries."""

    attribute: int
    form: int
    constant: int


class Declaration(NamedTuple):
    """What the entries of one abbreviation code look like."""

    tag: int
    has_children: bool
    attributes: tuple[AttributeSpec, ...]


Step = Callable[[bytes, int, list[Any]], int]  # appends raw values, gives the offset behind it

# Kinds of entries that only matter if something is below them.
ONLY_FOR_CHILDREN: Final = frozenset({c.DW_TAG_lexical_block, c.DW_TAG_inlined_subroutine})
# Their children are parameters; DW_AT_sibling, where it exists, leads over them.
_WITHOUT_INTERIOR: Final = frozenset(
    {
        c.DW_TAG_subroutine_type,
        c.DW_TAG_call_site,
        c.DW_TAG_GNU_call_site,
        c.DW_TAG_formal_parameter,
    }
)
_ENTRY_ROOM, _VALUE_ROOM = 260, 60  # measured, in octets
_SIBLING_FORMS: Final = {
    c.DW_FORM_ref1: Conversion.NONE,
    c.DW_FORM_ref2: Conversion.NONE,
    c.DW_FORM_ref4: Conversion.NONE,
    c.DW_FORM_ref8: Conversion.NONE,
    c.DW_FORM_ref_udata: Conversion.NONE,
}
_LOCATION_LISTS: Final = frozenset(
    {c.DW_FORM_sec_offset, c.DW_FORM_loclistx, c.DW_FORM_data4, c.DW_FORM_data8}
)


@dataclass(slots=True)
class Plan:
    """How to read the entries of one abbreviation code.

    Attributes:
        tag: DW_TAG code.
        has_children: entries below it follow.
        is_kept: it becomes an `Entry`.
        sibling_index: which value is where the next sibling is, if all below is of no use.
        is_local_without_address: it is of no use if it is in a function.
        location_index: which value tells whether it is of use in a function; None: it always is.
        keys: attributes of the values, in their order in the entry.
        unpack: gives all values at once; None: there are steps to take.
        size: in octets, if ``unpack`` is to be used.
        steps: to take otherwise.
        constants: attributes whose values the declaration tells.
        references: attributes whose values are relative to the unit.
        strings: attributes whose values are offsets in .debug_str.
        others: attributes whose values have to be converted in another way.
        room: octets of memory that an entry takes, roughly.
    """

    tag: int
    has_children: bool
    is_kept: bool
    sibling_index: int | None = None
    is_local_without_address: bool = False
    location_index: int | None = None
    keys: tuple[int, ...] = ()
    unpack: Callable[[bytes, int], tuple[Any, ...]] | None = None
    size: int = 0
    steps: tuple[Step, ...] = ()
    constants: dict[int, AttributeValue] = field(default_factory=dict[int, AttributeValue])
    references: tuple[int, ...] = ()
    strings: tuple[int, ...] = ()
    others: tuple[tuple[int, Conversion], ...] = ()
    room: int = 0

    def take(self, data: bytes, position: int) -> tuple[list[Any], int]:
        """Give raw values and the offset behind them, for those who are not in a hurry."""
        raw: list[Any] = []
        if self.unpack is not None:
            raw.extend(self.unpack(data, position))
        for step in self.steps:
            position = step(data, position, raw)
        return raw, position + self.size

    @property
    def conversions(self) -> list[tuple[int, Conversion]]:
        """All values that have to be converted, by attribute."""
        return [
            *((key, Conversion.RELATIVE) for key in self.references),
            *((key, Conversion.STRP) for key in self.strings),
            *self.others,
        ]


def compile_plan(declaration: Declaration, encoding: Encoding) -> Plan:
    """Compile a declaration for all that `Entry.values` may hold.

    Raises:
        ElfError: it has a form that is not known.
    """
    wanted = WANTED_FORMS if declaration.tag in KEPT else {}
    if declaration.has_children and declaration.tag in _WITHOUT_INTERIOR:
        wanted = {**wanted, c.DW_AT_sibling: _SIBLING_FORMS}
    plan = compile_for(declaration, encoding, wanted)
    if c.DW_AT_sibling in plan.keys:
        plan.sibling_index = plan.keys.index(c.DW_AT_sibling)
    if declaration.tag == c.DW_TAG_variable:
        plan.is_local_without_address = _has_no_address(declaration)
        if c.DW_AT_location in plan.keys and c.DW_AT_location not in dict(plan.others):
            plan.location_index = plan.keys.index(c.DW_AT_location)
    if declaration.tag in ONLY_FOR_CHILDREN and not declaration.has_children:
        plan.is_kept = False
    return plan


def compile_for(
    declaration: Declaration, encoding: Encoding, wanted: dict[int, FormConversions]
) -> Plan:
    """Compile a declaration for some attributes, each in the forms that it may have."""
    compiler = _Compiler(encoding)
    for spec in declaration.attributes:
        forms = wanted.get(spec.attribute)
        conversion = None if forms is None else forms.get(spec.form)
        if spec.attribute in compiler.seen:
            conversion = None
        compiler.add(spec, conversion)
    return compiler.plan(declaration)


def _has_no_address(declaration: Declaration) -> bool:
    forms = {spec.attribute: spec.form for spec in declaration.attributes}
    if c.DW_AT_location in forms:
        return forms[c.DW_AT_location] in _LOCATION_LISTS
    # One without location may be what instances refer to for their name: those of inlined
    # functions, or, if the program was optimised as a whole, those in other units. Nothing refers
    # to an instance.
    return c.DW_AT_abstract_origin in forms and c.DW_AT_declaration not in forms


class _Compiler:
    """Collects attributes; adjacent ones of fixed size become one step."""

    def __init__(self, encoding: Encoding) -> None:
        self.seen: set[int] = set()
        self._encoding = encoding
        self._keys: list[int] = []
        self._codes: list[str] = []
        self._values_in_codes = 0
        self._steps: list[Step] = []
        self._constants: dict[int, AttributeValue] = {}
        self._conversions: list[tuple[int, Conversion]] = []

    def add(self, spec: AttributeSpec, conversion: Conversion | None) -> None:
        """Add the next attribute; without a conversion it is skipped."""
        if conversion is not None:
            self.seen.add(spec.attribute)
            self._conversions.append((spec.attribute, conversion))
        if spec.form in (c.DW_FORM_flag_present, c.DW_FORM_implicit_const):
            if conversion is not None:
                is_flag = spec.form == c.DW_FORM_flag_present
                self._constants[spec.attribute] = True if is_flag else spec.constant
            return
        shape = layout(spec.form, self._encoding)
        if conversion is not None:
            self._keys.append(spec.attribute)
        if shape.read is None:
            self._codes.append(f"{shape.size}x" if conversion is None else shape.code)
            self._values_in_codes += conversion is not None
        else:
            self._end_fixed_step()
            self._steps.append(
                _skip_step(shape.read) if conversion is None else _variable_step(shape.read)
            )

    def plan(self, declaration: Declaration) -> Plan:
        """Give what the attributes added so far amount to."""
        plan = Plan(
            tag=declaration.tag,
            has_children=declaration.has_children,
            is_kept=declaration.tag in KEPT,
            keys=tuple(self._keys),
            constants=self._constants,
            references=self._converted_by(Conversion.RELATIVE),
            strings=self._converted_by(Conversion.STRP),
            others=tuple(
                (attribute, conversion)
                for attribute, conversion in self._conversions
                if conversion not in (Conversion.NONE, Conversion.RELATIVE, Conversion.STRP)
            ),
            room=_ENTRY_ROOM + _VALUE_ROOM * len(self._conversions),
        )
        if self._steps:
            self._end_fixed_step()
            plan.steps = tuple(self._steps)
        else:
            shape = struct.Struct(self._encoding.prefix + "".join(self._codes))
            plan.unpack = shape.unpack_from
            plan.size = shape.size
        return plan

    def _converted_by(self, wanted: Conversion) -> tuple[int, ...]:
        return tuple(
            attribute for attribute, conversion in self._conversions if conversion is wanted
        )

    def _end_fixed_step(self) -> None:
        if not self._codes:
            return
        shape = struct.Struct(self._encoding.prefix + "".join(self._codes))
        self._steps.append(_fixed_step(shape) if self._values_in_codes else _pad_step(shape.size))
        self._codes.clear()
        self._values_in_codes = 0


def _fixed_step(shape: struct.Struct) -> Step:
    unpack, size = shape.unpack_from, shape.size

    def step(data: bytes, position: int, values: list[Any]) -> int:
        values.extend(unpack(data, position))
        return position + size

    return step


def _pad_step(size: int) -> Step:
    def step(_data: bytes, position: int, _values: list[Any]) -> int:
        return position + size

    return step


def _variable_step(read: Reader) -> Step:
    def step(data: bytes, position: int, values: list[Any]) -> int:
        value, position = read(data, position)
        values.append(value)
        return position

    return step


def _skip_step(read: Reader) -> Step:
    def step(data: bytes, position: int, _values: list[Any]) -> int:
        return read(data, position)[1]

    return step

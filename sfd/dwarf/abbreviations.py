"""Abbreviation tables: by code, the kind and the attributes of the entries that use it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ..errors import ElfError
from .constants import DW_FORM_implicit_const
from .forms import Encoding, sleb128, uleb128
from .plans import AttributeSpec, Declaration, Plan, compile_plan

_TABLES_REMEMBERED: Final = 32
# Tables of honest programs do not overlap, so that all of them together are not larger than the
# section. A damaged one could ask for the whole section once per unit.
_OVERLAP_ALLOWED: Final = 4
# Where the end of a declaration is looked for; the largest of real programs have 70 octets.
_SHORT: Final = 1024


def parse_declaration(data: bytes, position: int) -> tuple[Declaration, int]:
    """Read what follows the code in a table; give it and the offset behind it."""
    tag, position = uleb128(data, position)
    has_children = data[position] != 0
    position += 1
    attributes: list[AttributeSpec] = []
    while True:
        attribute, position = uleb128(data, position)
        form, position = uleb128(data, position)
        if not attribute and not form:
            return Declaration(tag, has_children, tuple(attributes)), position
        constant = 0
        if form == DW_FORM_implicit_const:
            constant, position = sleb128(data, position)
        attributes.append(AttributeSpec(attribute, form, constant))


class Plans(dict[int, Plan]):
    """Plans by code, compiled when a code is first met."""

    def __init__(
        self, declarations: dict[int, bytes], compiled: dict[bytes, Plan], encoding: Encoding
    ) -> None:
        super().__init__()
        self._declarations = declarations
        self._compiled = compiled
        self._encoding = encoding

    def __missing__(self, code: int) -> Plan:
        declaration = self._declarations.get(code)
        if declaration is None:
            raise _not_declared(code)
        plan = self._compiled.get(declaration)
        if plan is None:
            plan = compile_plan(parse_declaration(declaration, 0)[0], self._encoding)
            self._compiled[declaration] = plan
        self[code] = plan
        return plan


class Abbreviations:
    """The section .debug_abbrev.

    Every unit has a table of its own, and most of their declarations are the same. So plans are
    compiled once for each different declaration.
    """

    def __init__(self, section: bytes) -> None:
        self._section = section
        self._whole: set[bytes] = set()  # declarations that end where they seem to end
        self._compiled: dict[Encoding, dict[bytes, Plan]] = {}
        self._tables: OrderedDict[int, dict[int, bytes]] = OrderedDict()
        self._measured: set[int] = set()
        self._found: dict[tuple[int, int], Declaration] = {}
        self._size_left = _OVERLAP_ALLOWED * len(section)

    def declaration(self, offset: int, code: int) -> Declaration:
        """Find one declaration of the table at an offset, without reading the whole table."""
        declaration = self._found.get((offset, code))
        if declaration is not None:
            return declaration
        position = offset
        found = -1
        while found != code:
            found, position = uleb128(self._section, position)
            if not found:
                raise _not_declared(code)
            declaration, position = parse_declaration(self._section, position)
        assert declaration is not None
        self._pay_for(position - offset)
        self._found[offset, code] = declaration
        return declaration

    def plans(self, offset: int, encoding: Encoding) -> Plans:
        """Give the plans for the table at an offset."""
        declarations = self._tables.get(offset)
        if declarations is None:
            declarations = self._tables[offset] = self._read_table(offset)
            if len(self._tables) > _TABLES_REMEMBERED:
                self._tables.popitem(last=False)
        return Plans(declarations, self._compiled.setdefault(encoding, {}), encoding)

    def _read_table(self, offset: int) -> dict[int, bytes]:
        declarations: dict[int, bytes] = {}
        position = offset
        while True:
            code, position = uleb128(self._section, position)
            if not code:
                break
            declarations[code] = declaration = self._cut(position)
            position += len(declaration)
        if offset not in self._measured:
            self._measured.add(offset)
            self._pay_for(position - offset)
        return declarations

    def _pay_for(self, size: int) -> None:
        self._size_left -= size
        if self._size_left < 0:
            raise ElfError("the debug information is damaged: abbreviation tables overlap")

    def _cut(self, start: int) -> bytes:
        """Give the octets of a declaration, from its tag to the zeros that end it."""
        # Two zero octets end nearly all; to read them number by number takes ten times as long.
        end = self._section.find(b"\0\0", start + 2, start + _SHORT) + 2
        octets = self._section[start:end]
        if octets not in self._whole:
            _, real_end = parse_declaration(self._section, start)
            if real_end != end:
                return self._section[start:real_end]
            self._whole.add(octets)
        return octets


def _not_declared(code: int) -> ElfError:
    return ElfError(f"the debug information is damaged: abbreviation {code} is not declared")

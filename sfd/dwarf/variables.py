"""Variables of a unit that have an address.

Source: firmware description, sections 4.2 and 10.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..elf.program import Program
from ..elf.symbols import SymbolTable
from . import constants as c
from .attributes import integer, with_origins
from .entries import Entry
from .locations import NoAddress, static_address
from .reader import DebugInfo
from .scopes import ScopedName, ScopeReader

_TYPES_WITH_DEFINITIONS: Final = frozenset(
    {
        c.DW_TAG_structure_type,
        c.DW_TAG_class_type,
        c.DW_TAG_union_type,
        c.DW_TAG_enumeration_type,
    }
)


class FoundVariable(NamedTuple):
    """A variable in memory.

    Attributes:
        name: and scopes.
        address: in the target's bytes.
        type: offset of its type's entry.
    """

    name: ScopedName
    address: int
    type: int


class UnitScan(NamedTuple):
    """What a unit contains.

    Attributes:
        variables: entries that may have an address, in file order.
        definitions: of types that are declared elsewhere in it, by the declaration's offset.
    """

    variables: list[Entry]
    definitions: dict[int, Entry]


def scan_unit(top: Entry) -> UnitScan:
    """Go through all entries of a unit."""
    variables: list[Entry] = []
    definitions: dict[int, Entry] = {}
    for entry in _descendants(top):
        if entry.tag == c.DW_TAG_variable:
            variables.append(entry)
        elif entry.tag in _TYPES_WITH_DEFINITIONS:
            declaration = integer(entry, c.DW_AT_specification)
            if declaration is not None:
                definitions[declaration] = entry
    return UnitScan(variables, definitions)


def _descendants(top: Entry) -> Iterator[Entry]:
    pending = [iter(top.children)]
    while pending:
        for entry in pending[-1]:
            yield entry
            if entry.children:
                pending.append(iter(entry.children))
                break
        else:
            pending.pop()


class VariableFinder:
    """Tells where variables are, and what they are called.

    Attributes:
        without_address: how many have none, by the reason.
    """

    def __init__(self, program: Program, debug: DebugInfo) -> None:
        self.without_address: Counter[NoAddress] = Counter()
        self._program = program
        self._debug = debug
        self._symbols = SymbolTable(program)
        self._scopes = ScopeReader(debug, self._symbols)

    def found(self, entry: Entry) -> FoundVariable | None:
        """Return a variable; None if it has no address, or no name."""
        location = entry.values.get(c.DW_AT_location)
        if not isinstance(location, bytes):
            return None
        address = static_address(location, entry.unit, self._debug, self._program.byte_order)
        if isinstance(address, NoAddress):
            self.without_address[address] += 1
            return None
        chain = with_origins(self._debug, entry)
        name = self._scopes.name_of(chain, address)
        type_ = next(
            (found for one in chain if (found := integer(one, c.DW_AT_type)) is not None), None
        )
        if name is None or type_ is None:
            return None
        if self._is_removed(address, entry.unit.address_size, name.short[-1]):
            self.without_address[NoAddress.REMOVED] += 1
            return None
        if not self._program.is_data(address):
            # A C library for AVR has __eeprom in every program, and mostly nothing is there.
            if self._program.has_storage(address):
                self.without_address[NoAddress.NO_DATA] += 1
            return None
        return FoundVariable(name, address, type_)

    def _is_removed(self, address: int, address_size: int, name: str) -> bool:
        """Tell whether a linker that threw the variable away left this in place of its address.

        0 may be an address as well: of RAM, or of code, then all variables that are gone seem to
        be there, and only the symbol table tells the one that is.
        """
        if address not in (0, 1):
            return address >= (1 << 8 * address_size) - 2
        if not self._program.has_storage(address):
            return True
        return self._symbols.is_there and not any(
            name in symbol for symbol in self._symbols.names_at(address)
        )

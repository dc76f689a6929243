"""Reading the debug information of a program, unit by unit."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from ..elf.program import Program
from ..errors import ElfError
from .abbreviations import Abbreviations
from .conversions import Converter
from .entries import DEBUG_TYPES_START, Entry
from .strings import NumberTable, StringTable
from .tops import TopEntries
from .trees import Tree, read_tree
from .units import Unit, read_headers

# References into other units come in clusters. Trees take about 50 times the size of their units.
_ROOM_REMEMBERED: Final = 64 << 20  # octets of memory
# How often units may be read again because others were referred to in between; real programs come
# to a few times. A damaged one could refer to another unit from each variable.
_READ_AGAIN_MAX: Final = 10
_READ_AGAIN_ALWAYS: Final = 4 << 20  # octets
_FORGOTTEN_MAX: Final = 4  # trees, until they are released


class DebugInfo:
    """The units of a program and their entries.

    Attributes:
        units: all of them, in file order, .debug_info before .debug_types.
    """

    units: list[Unit]

    def __init__(self, program: Program) -> None:
        """Read all unit headers and top entries.

        Raises:
            ElfError: the debug information is damaged, of an unknown version, or not in this file.
        """
        prefix = "<" if program.byte_order == "little" else ">"
        self._sections = {
            0: program.section(".debug_info") or b"",
            DEBUG_TYPES_START: program.section(".debug_types") or b"",
        }
        self._abbreviations = Abbreviations(program.section(".debug_abbrev") or b"")
        self._addresses = NumberTable(program.section(".debug_addr"), prefix)
        self._signatures: dict[int, int] = {}
        self._converter = Converter(
            StringTable(".debug_str", program.section(".debug_str")),
            StringTable(".debug_line_str", program.section(".debug_line_str")),
            NumberTable(program.section(".debug_str_offsets"), prefix),
            self._signatures,
            program.byte_order,
        )
        self._trees: OrderedDict[int, Tree] = OrderedDict()  # by offset of the unit, oldest first
        self._room_remembered = 0
        self._scanned: Tree | None = None  # the one that was asked for as a whole
        self._referred_to: set[int] = set()  # units that others need, by offset
        self._forgotten: list[Tree] = []
        self._were_read: set[int] = set()  # by offset
        size = sum(map(len, self._sections.values()))
        self._octets_to_read_again = _READ_AGAIN_MAX * size + _READ_AGAIN_ALWAYS
        tops = TopEntries(self._abbreviations, self._converter)
        with _damage_reported():
            self.units = [
                unit
                for start, section in self._sections.items()
                for unit in read_headers(section, start, program.byte_order)
                if tops.complete(unit, section, start)
            ]
        self._starts = [unit.offset for unit in self.units]
        for unit in self.units:
            if unit.type_signature is not None and unit.type_offset is not None:
                self._signatures.setdefault(unit.type_signature, unit.type_offset)

    def tree(self, unit: Unit) -> Entry:
        """Read all entries of a unit; give the top one.

        This one is remembered until the next is asked for, and those that others refer to as long
        as there is room, so that asking again is cheap; the caller keeps the trees it needs.

        Raises:
            ElfError: the unit is damaged.
        """
        scanned, self._scanned = self._scanned, self._tree(unit)
        if scanned is not None and scanned is not self._scanned:
            offset = scanned.top.unit.offset
            if offset in self._trees and offset not in self._referred_to:
                self._forget(offset)
        return self._scanned.top

    def entry_at(self, offset: int) -> Entry | None:
        """Find the entry that a reference names, in whatever unit it is.

        Returns:
            None: nothing starts there, or an entry that the tree leaves out: one of a kind that is
                not kept (`entries.KEPT`), a variable on the stack, a block with nothing in it.

        Raises:
            ElfError: its unit is damaged.
        """
        scanned = self._scanned
        if scanned is not None and offset in scanned.by_offset:  # nearly always
            return scanned.by_offset[offset]
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.units[index].end:
            return None
        unit = self.units[index]
        if scanned is not None and unit is scanned.top.unit:
            return None
        self._referred_to.add(unit.offset)
        return self._tree(unit).by_offset.get(offset)

    def release_forgotten(self) -> None:
        """Free the memory of trees that are remembered no more.

        To be called when none of their entries are in use: these lose their children. Without it
        they are cyclic garbage, which may stay until it is most of the memory in use.
        """
        for tree in self._forgotten:
            for entry in tree.by_offset.values():
                entry.children = ()
        self._forgotten.clear()
        if self._scanned is not None and self._scanned.top.unit.offset not in self._trees:
            self._scanned = None

    def address(self, unit: Unit, index: int) -> int | None:
        """Look up the address that DW_OP_addrx names; None: there is no such index."""
        base = unit.addr_base
        if base is None:  # behind the header that version 5 has in front of the addresses
            base = (4 + unit.encoding.offset_size) if unit.version >= 5 else 0
        return self._addresses.at(base, index, unit.address_size)

    def _tree(self, unit: Unit) -> Tree:
        tree = self._trees.get(unit.offset)
        if tree is not None:
            self._trees.move_to_end(unit.offset)
            return tree
        start = _start_of_section(unit)
        self._pay_for(unit)
        with _damage_reported():
            plans = self._abbreviations.plans(unit.abbreviations, unit.encoding)
            tree = read_tree(self._sections[start], start, unit, plans, self._converter)
        self._trees[unit.offset] = tree
        self._room_remembered += tree.room
        self._forget_old_trees()
        return tree

    def _pay_for(self, unit: Unit) -> None:
        if unit.offset in self._were_read:
            self._octets_to_read_again -= unit.end - unit.offset
            if self._octets_to_read_again < 0:
                raise ElfError("the units of the program refer to each other too often")
        self._were_read.add(unit.offset)

    def _forget_old_trees(self) -> None:
        while len(self._trees) > 1 and self._room_remembered > _ROOM_REMEMBERED:
            self._forget(next(iter(self._trees)))

    def _forget(self, offset: int) -> None:
        tree = self._trees.pop(offset)
        self._room_remembered -= tree.room
        self._forgotten.append(tree)
        if len(self._forgotten) > _FORGOTTEN_MAX:  # they are in use, or nobody releases them
            del self._forgotten[0]


def _start_of_section(unit: Unit) -> int:
    return DEBUG_TYPES_START if unit.offset >= DEBUG_TYPES_START else 0


@contextmanager
def _damage_reported() -> Generator[None]:
    """Turn what reading past an end gives into an error that says so."""
    try:
        yield
    except (IndexError, ValueError, struct.error) as error:
        raise ElfError("the debug information is damaged: something ends too early") from error

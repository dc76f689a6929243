"""Entries of real programs are what pyelftools finds in them, and the kinds we leave out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from elftools.dwarf.die import DIE
from elftools.dwarf.enums import ENUM_DW_AT, ENUM_DW_TAG
from elftools.elf.elffile import ELFFile

from scrutiny.sfd.dwarf import constants as c
from scrutiny.sfd.dwarf.entries import DEBUG_TYPES_START, KEPT, Entry
from scrutiny.sfd.dwarf.forms import WANTED_FORMS
from scrutiny.sfd.dwarf.reader import DebugInfo
from scrutiny.sfd.elf.program import Program
from tests.support.dwarf_programs import Recipe, build

FORM_CODES = {name: code for name, code in vars(c).items() if name.startswith("DW_FORM_")}
RECIPES = [
    *(
        Recipe(compiler, (f"-gdwarf-{version}", optimised))
        for compiler in ("g++", "clang++")
        for version in (2, 3, 4, 5)
        for optimised in ("-O0", "-O2")
    ),
    *(Recipe(compiler, ("-gdwarf-4", "-O1")) for compiler in ("gcc", "clang")),
    Recipe("gcc", ("-g", "-gz")),
    Recipe("gcc", ("-g", "-gz=zlib-gnu")),
    Recipe("g++", ("-gdwarf-4", "-fdebug-types-section")),
    Recipe("g++", ("-gdwarf-5", "-fdebug-types-section")),
    Recipe("g++", ("-gdwarf-5", "-gdwarf64")),
    Recipe("clang++", ("-gdwarf-4", "-gdwarf64")),
    Recipe("g++", ("-m32", "-g")),
    Recipe("g++", ("-g", "-flto", "-O2")),
    Recipe("arm-none-eabi-g++", ("-g", "-mbig-endian", "-O2")),
    Recipe("arm-none-eabi-gcc", ("-gdwarf-3", "-mbig-endian")),
    Recipe("arm-none-eabi-g++", ("-g",)),
    Recipe("avr-gcc", ("-mmcu=atmega328p", "-gdwarf-2")),
    Recipe("avr-gcc", ("-mmcu=atmega328p", "-gdwarf-4", "-O2")),
]


@pytest.fixture(scope="module", params=RECIPES, ids=str)
def program_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp("program"))


def all_below(entry: Entry) -> Iterator[Entry]:
    yield entry
    for child in entry.children:
        yield from all_below(child)


def our_entries(path: Path) -> dict[int, Entry]:
    with Program.open(path) as program:
        program.check_usable()
        info = DebugInfo(program)
        return {entry.offset: entry for unit in info.units for entry in all_below(info.tree(unit))}


class Oracle:
    """The same program, as pyelftools reads it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.dwarf: Any = ELFFile(stream).get_dwarf_info()
        self.units: list[tuple[int, Any]] = [(0, unit) for unit in self.dwarf.iter_CUs()]
        if self.dwarf.debug_types_sec is not None:
            self.units += [(DEBUG_TYPES_START, unit) for unit in self.dwarf.iter_TUs()]
        self.signatures: dict[int, int] = {
            # pyelftools does not look for type units in .debug_info, where version 5 has them.
            unit[name]: start + unit.cu_offset + unit["type_offset"]
            for start, unit in self.units
            for name in ("signature", "type_signature")  # before version 5, and from then on
            if name in unit.header
        }
        self.entries: dict[int, DIE] = {
            start + die.offset: die
            for start, unit in self.units
            for die in unit.iter_DIEs()
            if die.tag is not None
        }

    def start(self, die: DIE) -> int:
        return DEBUG_TYPES_START if self.entries.get(die.offset) is not die else 0

    def values(self, die: DIE) -> dict[int, Any]:
        values: dict[int, Any] = {}
        for name, attribute in die.attributes.items():
            code = name if isinstance(name, int) else ENUM_DW_AT[name]
            if FORM_CODES[attribute.form] not in WANTED_FORMS.get(code, {}):
                continue
            value = self.value(die, attribute)
            if value is not None:
                values[code] = value
        return values

    def value(self, die: DIE, attribute: Any) -> Any:
        form: str = attribute.form
        if form == "DW_FORM_ref_sig8":
            return self.signatures[attribute.value]
        if form == "DW_FORM_ref_addr":
            return attribute.value
        if form.startswith("DW_FORM_ref"):
            return self.start(die) + die.cu.cu_offset + attribute.value
        if form.startswith("DW_FORM_flag"):
            return bool(attribute.value)
        if form.startswith("DW_FORM_block") or form == "DW_FORM_exprloc":
            return bytes(attribute.value)
        return attribute.value.decode() if isinstance(attribute.value, bytes) else attribute.value


def tag_of(die: DIE) -> int:
    tag: Any = die.tag
    code: int = tag if isinstance(tag, int) else ENUM_DW_TAG[tag]
    return code


@pytest.fixture(scope="module")
def oracle(program_path: Path) -> Iterator[Oracle]:
    with program_path.open("rb") as stream:
        yield Oracle(stream)


@pytest.fixture(scope="module")
def ours(program_path: Path) -> dict[int, Entry]:
    return our_entries(program_path)


def test_every_entry_has_the_kind_and_the_values_that_pyelftools_finds(
    ours: dict[int, Entry], oracle: Oracle
) -> None:
    assert len(ours) > 40
    for offset, entry in ours.items():
        die = oracle.entries[offset]
        assert (entry.tag, entry.values) == (tag_of(die), oracle.values(die)), die


def test_the_parent_is_the_nearest_one_that_is_kept(ours: dict[int, Entry], oracle: Oracle) -> None:
    for offset, entry in ours.items():
        die = oracle.entries[offset]
        start = offset - die.offset
        parent = die.get_parent()
        while parent is not None and tag_of(parent) not in KEPT:
            parent = parent.get_parent()
        found = None if entry.parent is None else entry.parent.offset
        assert found == (None if parent is None else start + parent.offset)


def test_what_is_missing_has_no_address_and_no_meaning_for_others(
    ours: dict[int, Entry], oracle: Oracle
) -> None:
    for offset, die in oracle.entries.items():
        if offset in ours or tag_of(die) not in KEPT:
            continue
        if die.tag in ("DW_TAG_lexical_block", "DW_TAG_inlined_subroutine"):
            start = offset - die.offset
            assert not any(start + child.offset in ours for child in die.iter_children())
        else:
            assert die.tag == "DW_TAG_variable", die
            assert "DW_TAG_subprogram" in ancestors(die), die
            location: Any = die.attributes.get("DW_AT_location")
            if location is None:
                assert "DW_AT_abstract_origin" in die.attributes, die
            elif not isinstance(location.value, int):  # else it is a list, as of a register
                assert location.value[:1] not in ([c.DW_OP_addr], [c.DW_OP_addrx]), die


def ancestors(die: DIE) -> Iterator[str]:
    parent = die.get_parent()
    while parent is not None:
        yield str(parent.tag)
        parent = parent.get_parent()


def test_references_lead_to_entries(program_path: Path, oracle: Oracle) -> None:
    with Program.open(program_path) as program:
        info = DebugInfo(program)
        for unit in info.units:
            for entry in all_below(info.tree(unit)):
                for attribute in (c.DW_AT_type, c.DW_AT_specification, c.DW_AT_abstract_origin):
                    offset = entry.values.get(attribute)
                    if isinstance(offset, int):
                        target = info.entry_at(offset)
                        assert target is not None, oracle.entries[entry.offset]
                        assert target.offset == offset


def test_units_are_described_without_reading_them(program_path: Path, oracle: Oracle) -> None:
    with Program.open(program_path) as program:
        units = DebugInfo(program).units

    for unit, (start, expected) in zip(units, oracle.units, strict=True):
        attributes = {
            name: attribute.value for name, attribute in expected.get_top_DIE().attributes.items()
        }
        assert unit.offset == start + expected.cu_offset
        assert unit.end == unit.offset + expected.size
        assert unit.version == expected["version"]
        assert unit.address_size == expected["address_size"]
        assert unit.name == attributes.get("DW_AT_name", b"").decode()
        assert unit.comp_dir == attributes.get("DW_AT_comp_dir", b"").decode()
        assert unit.producer == attributes.get("DW_AT_producer", b"").decode()
        assert unit.language == attributes.get("DW_AT_language", 0)

"""Debug information made to mislead its reader is refused, with the reason.

The programs are written in assembler, because no compiler makes them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.sfd.dwarf import constants as c
from scrutiny.sfd.dwarf.reader import DebugInfo
from scrutiny.sfd.elf.program import Program
from scrutiny.sfd.errors import ElfError
from tests.support.dwarf_programs import Recipe, build

# A compile unit of DWARF 4; what is missing is the abbreviation table and the entries.
TEMPLATE = """
    .globl main
main: nop
    .section .debug_abbrev,"",@progbits
    {abbreviations}
    .byte 0
    .section .debug_str,"",@progbits
    .ascii "no end"
    .section .debug_info,"",@progbits
    .4byte end - start
start:
    .2byte 4
    .4byte 0
    .byte 8
    {entries}
end:
"""
TOP = ".uleb128 1, 0x11\n.byte 1\n.uleb128 0, 0\n"


def debug_info(folder: Path, abbreviations: str, entries: str) -> DebugInfo:
    source = folder / "damaged.s"
    source.write_text(TEMPLATE.format(abbreviations=abbreviations, entries=entries))
    with Program.open(build(Recipe("gcc", ("-g0",)), folder, source)) as program:
        return DebugInfo(program)


def refusal(folder: Path, abbreviations: str, entries: str) -> str:
    info = debug_info(folder, abbreviations, entries)
    with pytest.raises(ElfError) as caught:
        info.tree(info.units[0])
    return str(caught.value)


def test_entries_nested_without_end_are_refused(tmp_path: Path) -> None:
    namespaces = TOP + ".uleb128 2, 0x39\n.byte 1\n.uleb128 0, 0\n"

    assert "nested deeper" in refusal(tmp_path, namespaces, ".byte 1\n.fill 5000, 1, 2")


def test_an_undeclared_abbreviation_is_refused(tmp_path: Path) -> None:
    assert "abbreviation 300 is not declared" in refusal(tmp_path, TOP, ".byte 1\n.uleb128 300")


def test_an_unknown_form_is_refused_by_number(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x03, 0x7f, 0, 0\n"

    assert "form 0x7f" in refusal(tmp_path, abbreviations, ".byte 1, 2, 0, 0")


def test_a_number_without_end_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x1c, 0x0f, 0, 0\n"

    text = refusal(tmp_path, abbreviations, ".byte 1, 2\n.fill 100, 1, 0x80\n.byte 0, 0")

    assert "a number is too long" in text


def test_a_string_without_end_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x03, 0x0e, 0, 0\n"

    text = refusal(tmp_path, abbreviations, ".byte 1, 2\n.4byte 1\n.byte 0")

    assert ".debug_str is damaged" in text


def test_a_string_in_a_section_that_is_not_there_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x03, 0x1f, 0, 0\n"

    text = refusal(tmp_path, abbreviations, ".byte 1, 2\n.4byte 1\n.byte 0")

    assert "no section .debug_line_str" in text


def test_a_string_number_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x03, 0x1a, 0, 0\n"

    assert "there is no string 77" in refusal(tmp_path, abbreviations, ".byte 1, 2, 77, 0")


def test_a_unit_that_is_longer_than_its_section_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "damaged.s"
    text = TEMPLATE.format(abbreviations=TOP, entries=".byte 1, 0")
    source.write_text(text.replace("end - start", "end - start + 1"))
    path = build(Recipe("gcc", ("-g0",)), tmp_path, source)

    with Program.open(path) as program, pytest.raises(ElfError, match="truncated"):
        DebugInfo(program)


def test_units_of_any_number_and_size_can_be_read_in_any_order(tmp_path: Path) -> None:
    """More than the reader remembers: 40 units of 50,000 octets, each with a table of its own."""
    tables = [TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x49, 0x13, 0, 0\n"] * 40
    unit = (
        ".4byte end_{0} - start_{0}\nstart_{0}:\n.2byte 4\n.4byte {1}\n.byte 8\n"
        ".byte 1, 2\n.4byte {0}\n.byte 0\n.fill 50000, 1, 0\nend_{0}:\n"
    )
    table_size = 13
    units = [unit.format(index, index * table_size) for index in range(1, 40)]
    entries = ".byte 1, 2\n.4byte 0\n.byte 0\nend:\n" + "".join(units)
    source = tmp_path / "many.s"
    text = TEMPLATE.replace("{entries}\nend:", "{entries}")
    source.write_text(text.format(abbreviations="\n.byte 0\n".join(tables), entries=entries))
    with Program.open(build(Recipe("gcc", ("-g0",)), tmp_path, source)) as program:
        info = DebugInfo(program)

    assert len(info.units) == 40
    for index in [*range(40), *range(39, -1, -1), *range(0, 40, 7)]:
        unit_read = info.units[index]
        variable = info.tree(unit_read).children[0]
        assert variable.values == {c.DW_AT_type: unit_read.offset + index}
        assert info.entry_at(variable.offset) is variable


def test_a_form_that_is_twice_indirect_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x1c, 0x16, 0, 0\n"

    assert "twice indirect" in refusal(tmp_path, abbreviations, ".byte 1, 2, 0x16, 0x16, 0x16, 0")


def test_an_entry_that_leaves_its_unit_is_refused(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x02, 0x18, 0, 0\n"

    assert "damaged" in refusal(tmp_path, abbreviations, ".byte 1, 2, 100, 3")


def test_a_unit_that_does_not_begin_with_a_unit_is_refused(tmp_path: Path) -> None:
    parameter = ".uleb128 1, 0x05\n.byte 1\n.uleb128 0, 0\n"

    assert "does not begin with" in refusal(tmp_path, parameter, ".byte 1, 0")


def test_an_attribute_that_comes_twice_counts_once(tmp_path: Path) -> None:
    abbreviations = TOP + ".uleb128 2, 0x34\n.byte 0\n.uleb128 0x49, 0x13, 0x49, 0x13, 0, 0\n"
    info = debug_info(tmp_path, abbreviations, ".byte 1, 2\n.4byte 11, 12\n.byte 0")

    assert info.tree(info.units[0]).children[0].values == {c.DW_AT_type: 11}


def test_a_sibling_behind_is_not_followed(tmp_path: Path) -> None:
    function_type = ".uleb128 2, 0x15\n.byte 1\n.uleb128 0x01, 0x13, 0, 0\n"
    variable = ".uleb128 3, 0x34\n.byte 0\n.uleb128 0, 0\n"
    info = debug_info(
        tmp_path, TOP + function_type + variable, ".byte 1, 2\n.4byte 11\n.byte 0, 3, 0"
    )

    tags = [entry.tag for entry in info.tree(info.units[0]).children]
    assert tags == [c.DW_TAG_subroutine_type, c.DW_TAG_variable]


def test_a_unit_without_entries_is_left_out(tmp_path: Path) -> None:
    assert debug_info(tmp_path, TOP, ".byte 0").units == []


@pytest.mark.parametrize("size", [0, 3, 5])
def test_addresses_of_a_strange_size_are_refused(size: int, tmp_path: Path) -> None:
    source = tmp_path / "damaged.s"
    text = TEMPLATE.format(abbreviations=TOP, entries=".byte 1, 0")
    source.write_text(text.replace(".byte 8\n", f".byte {size}\n"))
    path = build(Recipe("gcc", ("-g0",)), tmp_path, source)

    with Program.open(path) as program, pytest.raises(ElfError, match=f"{size} octets"):
        DebugInfo(program)

"""Every form gives the value that the standard says, and ends where the next one starts.

The program is written in assembler, because no compiler at hand uses all forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from scrutiny.sfd.dwarf import constants as c
from scrutiny.sfd.dwarf.entries import AttributeValue, Entry
from scrutiny.sfd.dwarf.reader import DebugInfo
from scrutiny.sfd.elf.program import Program
from tests.support.dwarf_programs import Recipe, build

UNIT = 4  # behind four octets of padding
SIGNATURE = 0x1122334455667788


@dataclass(frozen=True)
class Case:
    """One attribute of an entry of its own.

    Attributes:
        title: of the test.
        attribute: DW_AT code.
        form: as directives of the abbreviation table.
        content: as directives of the entry.
        expected: value, None if it has to be absent.
    """

    title: str
    attribute: int
    form: str
    content: str
    expected: AttributeValue | None


def number(title: str, form: int, content: str, expected: int) -> Case:
    return Case(title, c.DW_AT_const_value, f".uleb128 {form}", content, expected)


def text(title: str, form: int, content: str) -> Case:
    return Case(title, c.DW_AT_name, f".uleb128 {form}", content, "grüße")


def block(title: str, form: int, content: str) -> Case:
    return Case(title, c.DW_AT_location, f".uleb128 {form}", content, b"\x03\x2a")


def reference(title: str, form: int, content: str, expected: int | None) -> Case:
    return Case(title, c.DW_AT_type, f".uleb128 {form}", content, expected)


def indirect(title: str, attribute: int, form: int, content: str, expected: AttributeValue) -> Case:
    content = f".uleb128 {form}\n{content}"
    return Case(title, attribute, f".uleb128 {c.DW_FORM_indirect}", content, expected)


CASES = [
    number("data1", c.DW_FORM_data1, ".byte 0xff", 0xFF),
    number("data2", c.DW_FORM_data2, ".2byte 0x1234", 0x1234),
    number("data4", c.DW_FORM_data4, ".4byte 0xffffffff", 0xFFFF_FFFF),
    number("data8", c.DW_FORM_data8, ".8byte 0x123456789abcdef0", 0x1234_5678_9ABC_DEF0),
    number("data16", c.DW_FORM_data16, ".fill 16, 1, 0x11", int("11" * 16, 16)),
    number("udata", c.DW_FORM_udata, ".uleb128 300000", 300_000),
    number("sdata, negative", c.DW_FORM_sdata, ".sleb128 -3", -3),
    number("sdata, positive", c.DW_FORM_sdata, ".sleb128 64", 64),
    number("sdata, large", c.DW_FORM_sdata, ".sleb128 -0x8000000000000000", -(1 << 63)),
    Case("implicit const", c.DW_AT_byte_size, ".uleb128 0x21\n.sleb128 -5", "", -5),
    Case("implicit const of 0", c.DW_AT_byte_size, ".uleb128 0x21\n.sleb128 0", "", 0),
    Case("flag", c.DW_AT_external, ".uleb128 0x0c", ".byte 1", True),
    Case("flag, not set", c.DW_AT_external, ".uleb128 0x0c", ".byte 0", False),
    Case("flag present", c.DW_AT_external, ".uleb128 0x19", "", True),
    text("string", c.DW_FORM_string, '.string "grüße"'),
    text("strp", c.DW_FORM_strp, ".4byte 2"),
    text("line strp", c.DW_FORM_line_strp, ".4byte 3"),
    text("strx", c.DW_FORM_strx, ".uleb128 1"),
    text("strx1", c.DW_FORM_strx1, ".byte 1"),
    text("strx2", c.DW_FORM_strx2, ".2byte 1"),
    text("strx3", c.DW_FORM_strx3, "THREE_OCTETS"),
    text("strx4", c.DW_FORM_strx4, ".4byte 1"),
    text("GNU str index", c.DW_FORM_GNU_str_index, ".uleb128 1"),
    block("exprloc", c.DW_FORM_exprloc, ".uleb128 2\n.byte 3, 42"),
    block("block", c.DW_FORM_block, ".uleb128 2\n.byte 3, 42"),
    block("block1", c.DW_FORM_block1, ".byte 2, 3, 42"),
    block("block2", c.DW_FORM_block2, ".2byte 2\n.byte 3, 42"),
    block("block4", c.DW_FORM_block4, ".4byte 2\n.byte 3, 42"),
    reference("ref1", c.DW_FORM_ref1, ".byte 16", UNIT + 16),
    reference("ref2", c.DW_FORM_ref2, ".2byte 300", UNIT + 300),
    reference("ref4", c.DW_FORM_ref4, ".4byte 300", UNIT + 300),
    reference("ref8", c.DW_FORM_ref8, ".8byte 300", UNIT + 300),
    reference("ref udata", c.DW_FORM_ref_udata, ".uleb128 300", UNIT + 300),
    reference("ref addr", c.DW_FORM_ref_addr, ".4byte 300", 300),
    reference("ref sig8, unknown", c.DW_FORM_ref_sig8, ".8byte 5", None),
    Case("location list", c.DW_AT_location, ".uleb128 0x17", ".4byte 9", None),
    Case("indexed location list", c.DW_AT_location, ".uleb128 0x22", ".uleb128 200", None),
    Case("bound as reference", c.DW_AT_upper_bound, ".uleb128 0x13", ".4byte 40", None),
    Case("bound as expression", c.DW_AT_upper_bound, ".uleb128 0x18", ".uleb128 1\n.byte 48", None),
    Case("not wanted, data16", c.DW_AT_decl_line, ".uleb128 0x1e", ".fill 16, 1, 7", None),
    Case("not wanted, addrx3", c.DW_AT_decl_line, ".uleb128 0x2b", ".fill 3, 1, 7", None),
    Case("not wanted, addrx", c.DW_AT_decl_line, ".uleb128 0x1b", ".uleb128 700", None),
    Case("not wanted, rnglistx", c.DW_AT_decl_line, ".uleb128 0x23", ".uleb128 700", None),
    Case("not wanted, address", c.DW_AT_decl_line, ".uleb128 0x01", ".4byte 700", None),
    Case("not wanted, string", c.DW_AT_decl_line, ".uleb128 0x08", '.string "text"', None),
    Case("linkage name of TI", c.DW_AT_MIPS_fde, ".uleb128 0x08", '.string "_Z1a"', "_Z1a"),
    Case("number at the place of it", c.DW_AT_MIPS_fde, ".uleb128 0x06", ".4byte 1", None),
    indirect("indirect data2", c.DW_AT_const_value, c.DW_FORM_data2, ".2byte 0x1234", 0x1234),
    indirect("indirect strp", c.DW_AT_name, c.DW_FORM_strp, ".4byte 2", "grüße"),
    indirect("indirect strx3", c.DW_AT_name, c.DW_FORM_strx3, "THREE_OCTETS", "grüße"),
    indirect("indirect ref4", c.DW_AT_type, c.DW_FORM_ref4, ".4byte 300", UNIT + 300),
    indirect("indirect flag", c.DW_AT_external, c.DW_FORM_flag, ".byte 1", True),
    indirect("indirect flag present", c.DW_AT_external, c.DW_FORM_flag_present, "", True),
    indirect("indirect block1", c.DW_AT_location, c.DW_FORM_block1, ".byte 2, 3, 42", b"\x03\x2a"),
]


def assembler_source(little_endian: bool) -> str:
    """Write a unit with one variable per case, each followed by a flag that tells the position."""
    abbreviations = [
        f".uleb128 {index + 2}, 0x34\n.byte 0\n.uleb128 {case.attribute}\n{case.form}\n"
        f".uleb128 {c.DW_AT_artificial}, 0x0c, 0, 0"
        for index, case in enumerate(CASES)
    ]
    entries = [f".uleb128 {index + 2}\n{case.content}\n.byte 1" for index, case in enumerate(CASES)]
    source = TEMPLATE.format(abbreviations="\n".join(abbreviations), entries="\n".join(entries))
    return source.replace("THREE_OCTETS", ".byte 1, 0, 0" if little_endian else ".byte 0, 0, 1")


# Padding, then a compile unit of version 5, whose strings are in the second part of
# .debug_str_offsets, and whose addresses are in the second part of .debug_addr; then a type unit.
TEMPLATE = """
    .globl main
main:
    .4byte 0
    .section .debug_str,"",%progbits
    .string "x"
    .string "grüße"
    .section .debug_line_str,"",%progbits
    .string "ab"
    .string "grüße"
    .section .debug_str_offsets,"",%progbits
    .4byte 4, 5, 0, 0
    .4byte 0, 2
    .section .debug_addr,"",%progbits
    .4byte 0, 0
    .4byte 0x1000, 0x2000
    .section .debug_abbrev,"",%progbits
    .uleb128 1, 0x11
    .byte 1
    .uleb128 0x03, 0x25, 0x13, 0x05, 0x72, 0x17, 0x73, 0x17, 0, 0
    {abbreviations}
    .uleb128 200, 0x41
    .byte 1
    .uleb128 0, 0
    .uleb128 201, 0x24
    .byte 0
    .uleb128 0x03, 0x08, 0, 0
    .uleb128 202, 0x34
    .byte 0
    .uleb128 0x49, 0x20, 0, 0
    .byte 0
    .section .debug_info,"",%progbits
    .4byte 0
    .4byte end - start
start:
    .2byte 5
    .byte 1, 4
    .4byte 0
    .uleb128 1
    .byte 1
    .2byte 0x1d
    .4byte 16, 8
    {entries}
    .uleb128 202
    .8byte 0x1122334455667788
    .byte 0
end:
    .4byte type_end - type_start
type_start:
    .2byte 5
    .byte 2, 4
    .4byte 0
    .8byte 0x1122334455667788
    .4byte 26
    .uleb128 200
    .uleb128 201
    .string "sample"
    .byte 0
type_end:
"""


@pytest.fixture(
    scope="module",
    params=[Recipe("gcc", ("-m32",)), Recipe("arm-none-eabi-gcc", ("-mbig-endian",))],
    ids=str,
)
def program_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe: Recipe = request.param
    folder = tmp_path_factory.mktemp("forms")
    source = folder / "forms.s"
    source.write_text(assembler_source("-m32" in recipe.options))
    return build(recipe, folder, source)


@pytest.fixture(scope="module")
def info(program_path: Path) -> DebugInfo:
    with Program.open(program_path) as program:
        return DebugInfo(program)


@pytest.fixture
def unread(program_path: Path) -> DebugInfo:
    """The same, before anybody asked for anything."""
    with Program.open(program_path) as program:
        return DebugInfo(program)


@pytest.fixture(scope="module")
def variables(info: DebugInfo) -> list[Entry]:
    return list(info.tree(info.units[0]).children)


@pytest.mark.parametrize("index", range(len(CASES)), ids=[case.title for case in CASES])
def test_the_value_is_what_the_form_says(index: int, variables: list[Entry]) -> None:
    case = CASES[index]
    values = dict(variables[index].values)

    assert values.pop(c.DW_AT_artificial) is True
    assert values == ({} if case.expected is None else {case.attribute: case.expected})


def test_a_unit_finds_its_own_name_by_way_of_its_base(info: DebugInfo) -> None:
    unit = info.units[0]

    assert (unit.offset, unit.version, unit.address_size) == (UNIT, 5, 4)
    assert unit.name == "grüße"
    assert unit.language == c.DW_LANG_C11


def test_addresses_are_found_by_index(info: DebugInfo) -> None:
    unit = info.units[0]

    assert [info.address(unit, index) for index in range(3)] == [0x1000, 0x2000, None]


def test_a_signature_leads_to_the_type(info: DebugInfo, variables: list[Entry]) -> None:
    reference = variables[-1].values[c.DW_AT_type]
    assert isinstance(reference, int)

    target = info.entry_at(reference)

    assert info.units[1].type_signature == SIGNATURE
    assert info.units[1].unit_type == c.DW_UT_type
    assert target is not None
    assert target.tag == c.DW_TAG_base_type
    assert target.values == {c.DW_AT_name: "sample"}


def test_a_tree_is_remembered_for_a_while(info: DebugInfo) -> None:
    top = info.tree(info.units[0])

    assert info.tree(info.units[0]) is top
    assert info.entry_at(top.offset) is top


def test_the_tree_that_nobody_refers_to_is_forgotten_with_the_next(unread: DebugInfo) -> None:
    top = unread.tree(unread.units[0])
    unread.tree(unread.units[1])

    again = unread.entry_at(top.offset)

    assert again is not None
    assert again is not top
    assert again.values == top.values


def test_a_tree_that_another_unit_refers_to_is_remembered(unread: DebugInfo) -> None:
    other = unread.tree(unread.units[1])
    unread.tree(unread.units[0])
    referred_to = unread.entry_at(other.offset)
    unread.tree(unread.units[1])
    unread.tree(unread.units[0])
    unread.release_forgotten()

    assert unread.entry_at(other.offset) is referred_to
    assert referred_to is not None
    assert referred_to.children


def test_a_forgotten_tree_stays_whole_until_it_is_released(unread: DebugInfo) -> None:
    top = unread.tree(unread.units[0])
    children = list(top.children)
    unread.tree(unread.units[1])

    assert list(top.children) == children

    unread.release_forgotten()

    assert not top.children
    assert len(unread.tree(unread.units[0]).children) == len(children)


@pytest.mark.parametrize("offset", [0, UNIT, UNIT + 1, 1 << 20, (1 << 48) + 30, -1])
def test_a_reference_to_no_entry_finds_nothing(offset: int, info: DebugInfo) -> None:
    assert info.entry_at(offset) is None

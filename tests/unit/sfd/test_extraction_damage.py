"""Debug information that no compiler at hand writes: other compilers, damage, malice."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random

import pytest

from scrutiny.sfd.dwarf import constants as c
from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.extraction import ExtractionOptions, extract
from tests.support.extracted import DEREFERENCING, by_path, reasons
from tests.support.handmade_dwarf import Made, Ref, base_type, build, variable

INT = base_type("int")


def member(name: str, type_label: str, location: int = 0) -> Made:
    return Made(
        c.DW_TAG_member,
        {
            c.DW_AT_name: name,
            c.DW_AT_type: Ref(type_label),
            c.DW_AT_data_member_location: location,
        },
    )


def structure(label: str, *members: Made) -> Made:
    return Made(
        c.DW_TAG_structure_type,
        {c.DW_AT_name: label, c.DW_AT_byte_size: 8},
        list(members),
        label,
    )


def array(label: str, element: str, *counts: int) -> Made:
    dimensions = [Made(c.DW_TAG_subrange_type, {c.DW_AT_count: count}) for count in counts]
    return Made(c.DW_TAG_array_type, {c.DW_AT_type: Ref(element)}, dimensions, label)


def test_a_structure_that_contains_itself_is_dropped_in_part(tmp_path: Path) -> None:
    node = structure("node", member("value", "int"), member("self", "node", 4))

    extraction = extract(build(tmp_path, INT, node, variable("x", "node"), variable("y", "int")))

    assert list(by_path(extraction)) == ["/global/x/value", "/global/y"]
    assert "contains itself" in reasons(extraction)["/global/x/self"]


def test_structures_that_contain_each_other_many_times_end(tmp_path: Path) -> None:
    members = [member(f"m{i}", "odd") for i in range(20)]
    even, odd = structure("even", *members), structure("odd", member("a", "even"), *members)

    extraction = extract(build(tmp_path, even, odd, variable("x", "even"), variable("y", "odd")))

    assert extraction.variables.leaves == []
    assert len(extraction.dropped) < 2000


@pytest.mark.parametrize("tag", [c.DW_TAG_typedef, c.DW_TAG_const_type, c.DW_TAG_array_type])
def test_a_type_that_refers_to_itself_is_dropped(tmp_path: Path, tag: int) -> None:
    circle = Made(tag, {c.DW_AT_type: Ref("circle")}, label="circle")

    extraction = extract(build(tmp_path, circle, variable("x", "circle")))

    assert list(reasons(extraction)) == ["/global/x"]


def test_types_that_double_at_every_level_are_refused(tmp_path: Path) -> None:
    levels = [
        structure(f"level{i}", member("a", f"level{i + 1}"), member("b", f"level{i + 1}"))
        for i in range(40)
    ]
    program = build(tmp_path, *levels, base_type("level40"), variable("x", "level0"))

    with pytest.raises(ElfError, match="expand to millions"):
        extract(program)


def test_types_nested_too_deep_are_dropped(tmp_path: Path) -> None:
    levels = [structure(f"level{i}", member("a", f"level{i + 1}")) for i in range(200)]

    extraction = extract(build(tmp_path, *levels, base_type("level200"), variable("x", "level0")))

    assert extraction.variables.leaves == []
    assert "nested more than 50 deep" in str(extraction.dropped)


@pytest.mark.parametrize("counts", [(1 << 40, 1 << 20), (1 << 62,), (1 << 30,) * 5])
def test_arrays_larger_than_any_memory_are_dropped(tmp_path: Path, counts: tuple[int, ...]) -> None:
    extraction = extract(build(tmp_path, INT, array("huge", "int", *counts), variable("x", "huge")))

    assert reasons(extraction) == {"/global/x": "its array is larger than any memory"}


def test_endless_paths_are_dropped(tmp_path: Path) -> None:
    owner = structure("owner", member("n" * 5000, "int"), member("short", "int", 4))

    extraction = extract(build(tmp_path, INT, owner, variable("x", "owner")))

    assert list(by_path(extraction)) == ["/global/x/short"]
    assert [dropped.reason for dropped in extraction.dropped] == [
        "its path is longer than 4096 characters"
    ]


@pytest.mark.parametrize("lower", [1, -3])
def test_arrays_that_do_not_begin_at_0_are_dropped(tmp_path: Path, lower: int) -> None:
    bounds = Made(c.DW_TAG_subrange_type, {c.DW_AT_lower_bound: lower, c.DW_AT_upper_bound: 9})
    table = Made(c.DW_TAG_array_type, {c.DW_AT_type: Ref("int")}, [bounds], "table")

    extraction = extract(build(tmp_path, INT, table, variable("x", "table")))

    assert reasons(extraction) == {"/global/x": f"its array begins at index {lower}, not 0"}


def test_arrays_of_fortran_begin_at_1_unless_told_otherwise(tmp_path: Path) -> None:
    told = Made(c.DW_TAG_subrange_type, {c.DW_AT_lower_bound: 0, c.DW_AT_upper_bound: 9})
    table = Made(c.DW_TAG_array_type, {c.DW_AT_type: Ref("int")}, [told], "table")
    variables = (variable("x", "one_based"), variable("y", "table"))

    program = build(
        tmp_path, INT, array("one_based", "int", 4), table, *variables, language=c.DW_LANG_Fortran90
    )
    extraction = extract(program)

    assert list(by_path(extraction)) == ["/global/y/y"]
    assert reasons(extraction) == {"/global/x": "its array begins at index 1, not 0"}


def test_arrays_with_unusual_elements_or_indices_are_dropped(tmp_path: Path) -> None:
    index = Made(c.DW_TAG_enumeration_type, {c.DW_AT_byte_size: 1})
    by_name = Made(c.DW_TAG_array_type, {c.DW_AT_type: Ref("int")}, [index], "by_name")
    packed = array("packed", "int", 4)
    packed.values[c.DW_AT_bit_stride] = 3
    spread = array("spread", "int", 4)
    spread.values[c.DW_AT_byte_stride] = 16

    program = build(
        tmp_path,
        *(INT, by_name, packed, spread),
        *(variable("x", "by_name"), variable("y", "packed"), variable("z", "spread")),
    )
    extraction = extract(program)

    assert list(reasons(extraction)) == ["/global/x", "/global/y"]
    assert by_path(extraction)["/global/z/z"].arrays[0].element_size == 16


def test_scopes_that_go_in_circles_end(tmp_path: Path) -> None:
    function = Made(c.DW_TAG_subprogram, {c.DW_AT_name: "f"}, [variable("x", "int")], "f")
    function.values[c.DW_AT_specification] = Ref("f")

    extraction = extract(build(tmp_path, INT, function, variable("y", "int")))

    assert "/global/y" in by_path(extraction)


def test_a_reference_to_nothing_costs_one_variable(tmp_path: Path) -> None:
    broken = variable("x", "int")
    broken.values[c.DW_AT_type] = 3  # no reference: the header of the unit

    extraction = extract(
        build(
            tmp_path,
            INT,
            broken,
            variable("y", "no_type"),
            Made(c.DW_TAG_subprogram, label="no_type"),
            variable("z", "int"),
        )
    )

    assert list(by_path(extraction)) == ["/global/z"]
    assert "/global/y" in reasons(extraction)


@pytest.mark.parametrize("address", ["0", "0xffffffffffffffff", "0xfffffffffffffffe", "1"])
def test_addresses_that_linkers_leave_for_removed_variables(tmp_path: Path, address: str) -> None:
    program = build(tmp_path, INT, variable("x", "int", address), variable("y", "int"))

    extraction = extract(program)

    assert list(by_path(extraction)) == ["/global/y"]
    assert extraction.warnings == [
        "1 variable has no fixed address (left out by the linker) and is not listed"
    ]


def test_a_constant_may_be_added_to_an_address(tmp_path: Path) -> None:
    location = bytes(
        [c.DW_OP_addr, *(0x401000).to_bytes(8, "little"), c.DW_OP_plus_uconst, 0x84, 1]
    )
    moved, cut = variable("x", "int", location=location), variable("y", "int", location=b"\x03\1")
    computed = variable("z", "int", location=location + bytes([c.DW_OP_deref]))

    found = by_path(extract(build(tmp_path, INT, moved, cut, computed)))

    assert found["/global/x"].address == 0x401084
    assert "/global/z" not in found


def test_two_members_of_one_name_do_not_share_a_path(tmp_path: Path) -> None:
    twins = structure("twins", member("a", "int"), member("a", "int", 4))

    extraction = extract(build(tmp_path, INT, twins, variable("x", "twins")))

    assert len(by_path(extraction)) == 1
    assert reasons(extraction) == {"/global/x/a": "another member has the same name"}


@pytest.mark.parametrize("encoding", [c.DW_ATE_imaginary_float, c.DW_ATE_packed_decimal, 0x99])
def test_encodings_without_a_type_are_dropped(tmp_path: Path, encoding: int) -> None:
    extraction = extract(build(tmp_path, base_type("odd", encoding), variable("x", "odd")))

    assert reasons(extraction) == {
        "/global/x": f"type 'odd' has an unsupported encoding ({encoding})"
    }


def test_an_own_byte_order_is_dropped(tmp_path: Path) -> None:
    other = base_type("other")
    other.values[c.DW_AT_endianity] = c.DW_END_big

    extraction = extract(build(tmp_path, other, variable("x", "other")))

    assert reasons(extraction) == {"/global/x": "its byte order is not that of the program"}


def test_texts_without_a_name_are_no_variables(tmp_path: Path) -> None:
    text = variable("", "int", "x")

    extraction = extract(build(tmp_path, INT, text, variable("y", "int")))

    assert list(by_path(extraction)) == ["/global/y"]
    assert extraction.dropped == []


def test_ti_keeps_mangled_names_in_an_attribute_of_its_own(tmp_path: Path) -> None:
    mangled = variable("x", "int", MIPS_fde="_ZN5motor5speedE")
    enum = Made(
        c.DW_TAG_enumeration_type,
        {c.DW_AT_name: "_ZN5motor4ModeE", c.DW_AT_byte_size: 4},
        [Made(c.DW_TAG_enumerator, {c.DW_AT_name: "_ZN5motor2onE", c.DW_AT_const_value: 1})],
        "mode",
    )
    producer = "TI TMS320C2000 C/C++ Codegen PC v22"

    program = build(tmp_path, INT, enum, mangled, variable("y", "mode"), producer=producer)
    found = by_path(extract(program))

    assert list(found) == ["/global/motor/speed", "/global/y"]
    mode = found["/global/y"].enum
    assert mode is not None
    assert (mode.name, dict(mode.values)) == ("Mode", {"on": 1})


def test_other_compilers_mean_something_else_with_that_attribute(tmp_path: Path) -> None:
    program = build(tmp_path, INT, variable("x", "int", MIPS_fde="_ZN5motor5speedE"))

    assert list(by_path(extract(program))) == ["/global/x"]


def test_tasking_keeps_mangled_names_in_place_of_plain_ones(tmp_path: Path) -> None:
    mangled = variable("_ZN13_INTERNAL_9_f5motor5speedE", "int", "x")
    void = Made(c.DW_TAG_unspecified_type, {c.DW_AT_name: "void"}, label="void")
    pointer = Made(
        c.DW_TAG_pointer_type, {c.DW_AT_byte_size: 4, c.DW_AT_type: Ref("void")}, label="pointer"
    )
    producer = "TASKING VX-toolset for TriCore"

    program = build(
        tmp_path, INT, void, pointer, mangled, variable("y", "pointer"), producer=producer
    )

    extraction = extract(program, DEREFERENCING)

    assert list(by_path(extraction)) == ["/global/motor/speed", "/global/y"]
    assert extraction.dropped == []


def test_a_compile_unit_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    program = build(tmp_path, INT, variable("x", "int"), tail=".uleb128 9999")

    extraction = extract(program)

    assert extraction.variables.leaves == []
    assert [(dropped.name, dropped.unit) for dropped in extraction.dropped] == [("f.c", "f.c")]
    assert "cannot be read" in extraction.dropped[0].reason


def test_more_variables_than_any_program_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrutiny.sfd.extraction.LEAVES_MAX", 2)
    owner = structure("owner", member("a", "int"), member("b", "int", 4))

    program = build(tmp_path, INT, owner, variable("x", "owner"), variable("y", "owner"))

    with pytest.raises(ElfError, match="more than 2 variables"):
        extract(program)


def test_random_damage_never_ends_in_anything_but_an_answer(tmp_path: Path) -> None:
    program = build(
        tmp_path,
        *(INT, array("table", "int", 3), array("tables", "table", 2)),
        structure("inner", member("a", "tables"), member("b", "int", 4)),
        structure("outer", member("c", "inner"), member("d", "int", 4)),
        Made(c.DW_TAG_namespace, {c.DW_AT_name: "n"}, [variable("x", "outer")]),
        Made(c.DW_TAG_subprogram, {c.DW_AT_name: "f"}, [variable("y", "int")]),
    )
    good = program.read_bytes()
    # the debug information lies between its first text and the table of symbols
    start, end = good.index(b"f.c\0") - 60, good.index(b"f.c\0") + 260
    random = Random(7)
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(random.randint(1, 4)):
            damaged[random.randrange(start, end)] = random.randrange(256)
        program.write_bytes(damaged)
        with contextlib.suppress(ElfError):
            extraction = extract(program, DEREFERENCING)
            assert by_path(extraction) is not None


def test_options_without_effect_change_nothing(tmp_path: Path) -> None:
    program = build(tmp_path, INT, variable("x", "int"))

    assert extract(program, ExtractionOptions()) == extract(program)

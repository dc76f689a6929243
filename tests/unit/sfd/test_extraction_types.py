"""Types of variables: base types, enumerations, pointers, references, arrays."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.core.paths import ArraySegment
from scrutiny.core.types import DataType
from scrutiny.sfd.extraction import extract
from scrutiny.sfd.variable_map import LeafType, PointerPath
from tests.support.dwarf_programs import Recipe, build
from tests.support.extracted import DEREFERENCING, by_path, compiled, extracted, reasons, type_names


def test_base_types_have_the_size_and_the_sign_of_the_program(tmp_path: Path) -> None:
    source = """
        bool b; signed char sc; unsigned char uc; short s; unsigned short us; int i; unsigned u;
        long long ll; unsigned long long ull; float f; double d; long double ld; __int128 wide;
        _Complex float cf;
    """

    assert type_names(extracted(tmp_path, source)) == {
        "/global/b": "bool8",
        "/global/sc": "sint8",
        "/global/uc": "uint8",
        "/global/s": "sint16",
        "/global/us": "uint16",
        "/global/i": "sint32",
        "/global/u": "uint32",
        "/global/ll": "sint64",
        "/global/ull": "uint64",
        "/global/f": "float32",
        "/global/d": "float64",
        "/global/ld": "float128",
        "/global/wide": "sint128",
        "/global/cf": "cfloat64",
    }


def test_qualifiers_and_typedefs_are_looked_through(tmp_path: Path) -> None:
    source = """
        typedef int number; typedef volatile number reading;
        reading r; _Atomic short a; const number table[2] = {1, 2};
        int *restrict p;
    """

    found = by_path(extracted(tmp_path, source, compiler="gcc"))

    assert found["/global/r"].type == LeafType("int", DataType.SINT32)
    assert found["/global/a"].type == LeafType("short int", DataType.SINT16)
    assert found["/global/table/table"].type == LeafType("int", DataType.SINT32)
    assert found["/global/p"].type == LeafType("ptr64", DataType.PTR64)


def test_a_size_without_a_data_type_is_dropped(tmp_path: Path) -> None:
    extraction = extracted(tmp_path, "struct S { int a; long double b; } s;", "-m32")

    assert list(by_path(extraction)) == ["/global/s/a"]
    assert reasons(extraction) == {
        "/global/s/b": "there is no type for float of 12 octets (long double)"
    }


def test_x5_references_are_pointers(tmp_path: Path) -> None:
    source = "struct S { int a; } s; S &ref = s; int i; int &&rvalue = static_cast<int &&>(i);"

    found = by_path(extracted(tmp_path, source, options=DEREFERENCING))

    assert found["/global/ref"].type == LeafType("ptr64", DataType.PTR64)
    assert found["/global/rvalue"].type == LeafType("ptr64", DataType.PTR64)
    assert found["/global/*ref/a"].pointer == PointerPath("/global/ref", ())
    assert found["/global/*rvalue"].type == LeafType("int", DataType.SINT32)


def test_x6_a_pointer_to_a_data_member_is_an_offset_and_one_to_a_method_is_dropped(
    tmp_path: Path,
) -> None:
    source = "struct K { int a; int b; int m(int); }; int K::*data = &K::b; int (K::*method)(int);"

    extraction = extracted(tmp_path, source)

    assert by_path(extraction)["/global/data"].type == LeafType("ptr to member", DataType.SINT64)
    assert list(reasons(extraction)) == ["/global/method"]
    assert "member function" in reasons(extraction)["/global/method"]


def test_x7_names_outside_ascii_are_kept(tmp_path: Path) -> None:
    found = by_path(extracted(tmp_path, "struct S { int länge; }; namespace größen { S Ж; }"))

    assert list(found) == ["/global/größen/Ж/länge"]


def test_x8_one_name_may_stand_for_two_types(tmp_path: Path) -> None:
    objects: list[Path] = []
    for name, flag in [("one", "-fsigned-char"), ("two", "-funsigned-char")]:
        source = tmp_path / f"{name}.c"
        source.write_text(f"char {name};")
        objects.append(compiled(source, flag))
    main = tmp_path / "main.c"
    main.write_text("int main(void) { return 0; }")

    found = by_path(extract(build(Recipe("gcc", ("-g",)), tmp_path, main, *objects)))

    assert found["/global/one"].type == LeafType("char", DataType.SINT8)
    assert found["/global/two"].type == LeafType("char", DataType.UINT8)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("version", [4, 5])
def test_x9_types_in_units_of_their_own_are_found(
    tmp_path: Path, compiler: str, version: int
) -> None:
    source = """
        enum class Gear : unsigned char { park = 0, drive = 200 };
        struct Inner { int deep[2]; };
        struct Outer { Inner inner; Gear gear; Outer *next; };
        Outer table[3];
    """

    extraction = extracted(
        tmp_path,
        source,
        f"-gdwarf-{version}",
        "-fdebug-types-section",
        compiler=compiler,
        options=DEREFERENCING,
    )

    assert extraction.dropped == []
    assert list(by_path(extraction)) == [
        "/global/table/table/inner/deep/deep",
        "/global/table/table/gear",
        "/global/table/table/next",
        "/global/table/table/*next/inner/deep/deep",
        "/global/table/table/*next/gear",
        "/global/table/table/*next/next",
    ]


@pytest.mark.parametrize("version", [2, 4])
def test_x11_pointers_of_an_avr_have_two_octets(tmp_path: Path, version: int) -> None:
    source = "struct S { int a; } s; struct S *p = &s; int *table[2]; void (*call)(void);"

    found = by_path(
        extracted(
            tmp_path,
            source,
            *("-mmcu=atmega328p", f"-gdwarf-{version}"),
            compiler="avr-gcc",
            options=DEREFERENCING,
        )
    )

    assert found["/global/p"].type == LeafType("ptr16", DataType.PTR16)
    assert found["/global/call"].type == LeafType("ptr16", DataType.PTR16)
    assert found["/global/table/table"].arrays[0].element_size == 2
    assert found["/global/*p/a"].type.data_type is DataType.SINT16
    assert found["/global/s/a"].address >= 0x800000  # data has a bank of its own


def test_pointers_lead_one_step_to_scalars_and_structures(tmp_path: Path) -> None:
    source = """
        struct Node { int value; Node *next; short table[4]; };
        enum Mode { off, on };
        Node *node; Mode *mode; char *text; void *nothing; void (*call)(); int (*row)[4]; int **two;
    """

    found = by_path(extracted(tmp_path, source, options=DEREFERENCING))

    behind = {path: leaf for path, leaf in found.items() if leaf.pointer is not None}
    assert list(behind) == [
        "/global/*node/value",
        "/global/*node/next",
        "/global/*node/table/table",
        "/global/*mode",
        "/global/*text",
    ]
    table = behind["/global/*node/table/table"]
    assert table.pointer == PointerPath("/global/node", ())
    assert table.address == 16
    assert table.arrays == (ArraySegment(len("/global/*node/table/table"), (4,), 2),)
    assert behind["/global/*mode"].enum is not None
    assert {leaf.type.name for path, leaf in found.items() if path not in behind} == {"ptr64"}


def test_pointers_are_not_followed_unless_asked_for(tmp_path: Path) -> None:
    assert list(by_path(extracted(tmp_path, "int *p;"))) == ["/global/p"]


def test_x12_arrays_of_pointers_to_structures_are_followed(tmp_path: Path) -> None:
    source = "struct Car { int gear; char wheels[4]; }; Car *fleet[2][3]; int *numbers[5];"

    found = by_path(extracted(tmp_path, source, options=DEREFERENCING))

    end = len("/global/fleet/fleet")
    fleet = PointerPath("/global/fleet/fleet", (ArraySegment(end, (2, 3), 8),))
    assert found["/global/fleet/*fleet/gear"].pointer == fleet
    wheels = found["/global/fleet/*fleet/wheels/wheels"]
    assert (wheels.pointer, wheels.address) == (fleet, 4)
    assert wheels.arrays == (ArraySegment(len("/global/fleet/*fleet/wheels/wheels"), (4,), 1),)
    assert found["/global/numbers/*numbers"].pointer == PointerPath(
        "/global/numbers/numbers", (ArraySegment(len("/global/numbers/numbers"), (5,), 8),)
    )


@pytest.mark.parametrize("compiler", ["gcc", "clang", "avr-gcc"])
def test_x13_arrays_without_elements_are_left_out(tmp_path: Path, compiler: str) -> None:
    source = "struct S { int n; int none[0]; int open[]; }; struct S s; int nothing[0];"

    found = by_path(extracted(tmp_path, source, compiler=compiler))

    assert "/global/s/n" in found
    assert not any("none" in path or "open" in path or "nothing" in path for path in found)


def test_x13_unicode_characters_have_no_sign(tmp_path: Path) -> None:
    source = "char8_t c8; char16_t c16; char32_t c32;"

    assert type_names(extracted(tmp_path, source, "-std=c++20")) == {
        "/global/c8": "uint8",
        "/global/c16": "uint16",
        "/global/c32": "uint32",
    }


def test_arrays_of_arrays_are_one_array(tmp_path: Path) -> None:
    source = """
        typedef int row[3];
        typedef row plane[2];
        struct S { plane p; char c; };
        S cube[4];
        plane deep[5];
    """

    found = by_path(extracted(tmp_path, source))

    assert found["/global/deep/deep"].arrays == (
        ArraySegment(len("/global/deep/deep"), (5, 2, 3), 4),
    )
    assert found["/global/cube/cube/p/p"].arrays == (
        ArraySegment(len("/global/cube/cube"), (4,), 28),
        ArraySegment(len("/global/cube/cube/p/p"), (2, 3), 4),
    )
    assert found["/global/cube/cube/c"].arrays == (
        ArraySegment(len("/global/cube/cube"), (4,), 28),
    )


def test_arrays_on_a_path_are_shared_by_its_leaves(tmp_path: Path) -> None:
    found = by_path(extracted(tmp_path, "struct S { int a; int b; }; S s[3];"))

    assert found["/global/s/s/a"].arrays is found["/global/s/s/b"].arrays


@pytest.mark.parametrize("compiler", ["gcc", "g++", "clang"])
@pytest.mark.parametrize("version", [2, 5])
def test_values_of_enumerations_have_the_sign_of_their_type(
    tmp_path: Path, compiler: str, version: int
) -> None:
    source = """
        typedef enum { low = -1, high = 300 } level_t;
        enum gear { park, reverse = 4000000000u };
        level_t level; enum gear gear;
    """

    found = by_path(extracted(tmp_path, source, f"-gdwarf-{version}", compiler=compiler))

    level, gear = found["/global/level"].enum, found["/global/gear"].enum
    assert level is not None
    assert gear is not None
    assert (level.name, dict(level.values)) == ("level_t", {"low": -1, "high": 300})
    assert (gear.name, dict(gear.values)) == ("gear", {"park": 0, "reverse": 4000000000})
    assert found["/global/level"].type.data_type is DataType.SINT32
    assert found["/global/gear"].type.data_type is DataType.UINT32


def test_an_enumeration_of_one_octet_keeps_negative_values(tmp_path: Path) -> None:
    source = (
        "enum class Fault : signed char { none, under = -1 }; Fault fault; enum { only } plain;"
    )

    found = by_path(extracted(tmp_path, source))

    fault, plain = found["/global/fault"].enum, found["/static/f.cpp/plain"].enum
    assert fault is not None
    assert dict(fault.values) == {"none": 0, "under": -1}
    assert plain is not None
    assert plain.name == "<enum>"


def test_an_enumeration_without_a_type_gets_one_from_its_values(tmp_path: Path) -> None:
    source = "enum a { zero } a; enum b { minus = -1 } b;"

    found = by_path(extracted(tmp_path, source, "-gdwarf-2", "-gstrict-dwarf", compiler="gcc"))

    assert found["/global/a"].type == LeafType("enum_default_u32", DataType.UINT32)
    assert found["/global/b"].type == LeafType("enum_default_s32", DataType.SINT32)


def test_a_type_declared_inside_and_defined_outside_of_a_class_is_found(tmp_path: Path) -> None:
    source = """
        struct Outer { struct Inner; Inner *inner; };
        Outer outer;
        struct Outer::Inner { int value; };
        Outer::Inner direct;
    """

    found = by_path(extracted(tmp_path, source, options=DEREFERENCING))

    assert sorted(found) == [
        "/global/direct/value",
        "/global/outer/*inner/value",
        "/global/outer/inner",
    ]

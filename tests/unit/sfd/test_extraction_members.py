"""Members of structures: base classes, anonymous members, bit fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.core.watchables import BitField
from scrutiny.sfd.variable_map import Leaf
from tests.support.extracted import by_path, extracted, reasons

EVERY_VERSION = pytest.mark.parametrize("version", [2, 3, 4, 5], ids="DWARF {}".format)


def offsets(leaves: dict[str, Leaf]) -> dict[str, int]:
    first = min(leaf.address for leaf in leaves.values())
    return {path: leaf.address - first for path, leaf in leaves.items()}


def test_members_of_base_classes_come_first_and_are_merged(tmp_path: Path) -> None:
    source = "struct Base { int a; }; struct Derived : Base { short b; }; Derived d;"

    found = by_path(extracted(tmp_path, source))

    assert list(offsets(found).items()) == [("/global/d/a", 0), ("/global/d/b", 4)]


def test_x1_a_hidden_member_has_the_name_of_its_base(tmp_path: Path) -> None:
    source = """
        struct Base { int x; int y; };
        struct Derived : Base { char x[2]; };
        Derived d;
    """

    found = by_path(extracted(tmp_path, source))

    assert offsets(found) == {"/global/d/Base/x": 0, "/global/d/y": 4, "/global/d/x/x": 8}
    array = found["/global/d/x/x"].arrays[0]
    assert (array.end, array.dimensions) == (len("/global/d/x/x"), (2,))


def test_x1_a_repeated_base_is_told_apart_by_the_way_to_it(tmp_path: Path) -> None:
    source = """
        struct Top { int x[3]; };
        struct Left : Top { int l; };
        struct Right : Top { int r; };
        struct Diamond : Left, Right { int own; };
        Diamond d;
    """

    found = by_path(extracted(tmp_path, source))

    assert offsets(found) == {
        "/global/d/Left/Top/x/x": 0,
        "/global/d/l": 12,
        "/global/d/Right/Top/x/x": 16,
        "/global/d/r": 28,
        "/global/d/own": 32,
    }
    assert found["/global/d/Right/Top/x/x"].arrays[0].end == len("/global/d/Right/Top/x/x")


def test_x1_a_member_that_hides_all_others_keeps_its_path(tmp_path: Path) -> None:
    source = """
        struct A { int x; };
        struct B : A { int x; };
        struct C : B { int c; };
        C v;
    """

    found = by_path(extracted(tmp_path, source))

    assert offsets(found) == {"/global/v/B/A/x": 0, "/global/v/x": 4, "/global/v/c": 8}


def test_x2_a_virtual_base_is_dropped_and_the_own_members_stay(tmp_path: Path) -> None:
    source = "struct Top { int t; }; struct V : virtual Top { int own; }; V v;"

    extraction = extracted(tmp_path, source)

    assert list(by_path(extraction)) == ["/global/v/_vptr.V", "/global/v/own"]
    assert "virtual base" in reasons(extraction)["/global/v/Top"]


@pytest.mark.parametrize("compiler", ["g++", "gcc"])
def test_members_without_a_name_are_merged(tmp_path: Path, compiler: str) -> None:
    source = """
        struct S {
            union { int i; float f; };
            struct { int p; union { int q; short r[2]; }; };
            struct { int w; } named;
        };
        struct S s;
    """

    found = by_path(extracted(tmp_path, source, compiler=compiler))

    assert offsets(found) == {
        "/global/s/i": 0,
        "/global/s/f": 0,
        "/global/s/p": 4,
        "/global/s/q": 8,
        "/global/s/r/r": 8,
        "/global/s/named/w": 12,
    }


def test_static_members_are_variables_of_their_class_only(tmp_path: Path) -> None:
    source = "struct S { int a; static int b; }; int S::b = 3; S s;"

    assert sorted(by_path(extracted(tmp_path, source))) == ["/global/S/b", "/global/s/a"]


@EVERY_VERSION
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_bit_fields_keep_the_storage_of_their_type(
    tmp_path: Path, version: int, compiler: str
) -> None:
    source = """
        struct S { unsigned a : 3; int b : 5; unsigned char c : 2; _Bool d : 1; unsigned e : 31; };
        struct S s;
    """

    found = by_path(extracted(tmp_path, source, f"-gdwarf-{version}", compiler=compiler))

    start = found["/global/s/a"].address
    place = {p[-1]: (leaf.address - start, leaf.bit_field) for p, leaf in found.items()}
    assert place == {
        "a": (0, BitField(0, 3)),
        "b": (0, BitField(3, 5)),
        "c": (1, BitField(0, 2)),
        "d": (1, BitField(2, 1)),
        "e": (4, BitField(0, 31)),
    }
    kinds = [found[f"/global/s/{name}"].type.data_type.api_name for name in "abcde"]
    assert kinds == ["uint32", "sint32", "uint8", "bool8", "uint32"]


@EVERY_VERSION
def test_bit_fields_of_big_endian_targets_count_from_the_most_significant_bit(
    tmp_path: Path, version: int
) -> None:
    source = "struct S { unsigned a : 3; int b : 7; unsigned c : 30; }; struct S s;"
    flags = ("-mbig-endian", "-mcpu=cortex-a7", f"-gdwarf-{version}")

    extraction = extracted(tmp_path, source, *flags, compiler="arm-none-eabi-gcc")

    assert extraction.variables.byte_order == "big"
    found = by_path(extraction)
    start = found["/global/s/a"].address
    place = {p[-1]: (leaf.address - start, leaf.bit_field) for p, leaf in found.items()}
    assert place == {
        "a": (0, BitField(0, 3)),
        "b": (0, BitField(3, 7)),
        "c": (4, BitField(0, 30)),
    }


@EVERY_VERSION
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_f3_a_packed_field_that_crosses_its_storage_gets_one_that_holds_it(
    tmp_path: Path, version: int, compiler: str
) -> None:
    source = """
        struct __attribute__((packed)) S {
            unsigned a : 20; unsigned b : 20; unsigned char c : 3; unsigned long long d : 61;
        };
        struct S s;
    """

    found = by_path(extracted(tmp_path, source, f"-gdwarf-{version}", compiler=compiler))

    start = found["/global/s/a"].address
    for name, first_bit, size in [("a", 0, 20), ("b", 20, 20), ("c", 40, 3), ("d", 43, 61)]:
        leaf = found[f"/global/s/{name}"]
        assert leaf.bit_field is not None
        assert leaf.bit_field.size == size
        assert 8 * (leaf.address - start) + leaf.bit_field.offset == first_bit
        assert leaf.bit_field.offset + size <= 8 * leaf.type.data_type.size
        assert 0 <= leaf.address - start <= 13 - leaf.type.data_type.size


@EVERY_VERSION
def test_f3_a_field_without_any_storage_that_holds_it_is_dropped(
    tmp_path: Path, version: int
) -> None:
    source = """
        struct __attribute__((packed)) S { unsigned a : 3; unsigned long long b : 64; int c; };
        struct S s;
    """

    extraction = extracted(tmp_path, source, f"-gdwarf-{version}", compiler="gcc")

    assert list(by_path(extraction)) == ["/global/s/a", "/global/s/c"]
    assert "more than 8 octets" in reasons(extraction)["/global/s/b"]


@EVERY_VERSION
def test_v4_a_field_of_64_bits_is_a_plain_variable(tmp_path: Path, version: int) -> None:
    source = "struct S { int a : 3; long long b : 64; }; struct S s;"

    found = by_path(extracted(tmp_path, source, f"-gdwarf-{version}", compiler="gcc"))

    leaf = found["/global/s/b"]
    assert (leaf.type.data_type.api_name, leaf.bit_field) == ("sint64", None)

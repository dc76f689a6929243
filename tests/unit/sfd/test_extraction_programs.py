"""Whole programs: what has an address, what is reported, what a large one contains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.extraction import Dropped, extract
from tests.support.dwarf_programs import Recipe, build, run, tool
from tests.support.extracted import by_path, extracted

ROOT = Path(__file__).resolve().parents[3]
GENERATOR = ROOT / "benchmarks" / "gen_big_firmware.py"


def test_x14_what_is_dropped_is_reported_with_its_unit_and_its_reason(tmp_path: Path) -> None:
    source = """
        struct Opaque;
        struct Top { int t; };
        struct V : virtual Top { int own; };
        V v[2];
        long double narrow;
        decltype(nullptr) nothing;
    """

    extraction = extracted(tmp_path, source, "-m32")

    assert {(dropped.name, dropped.unit) for dropped in extraction.dropped} == {
        ("/global/v/v/Top", "f.cpp"),
        ("/global/narrow", "f.cpp"),
        ("/global/nothing", "f.cpp"),
    }
    assert (
        Dropped("/global/narrow", "f.cpp", "there is no type for float of 12 octets (long double)")
        in extraction.dropped
    )


def test_variables_without_a_fixed_address_are_counted_only(tmp_path: Path) -> None:
    source = "thread_local int here; constexpr int five = 5; int kept; int f() { return here; }"

    extraction = extracted(tmp_path, source, "-O2")

    assert list(by_path(extraction)) == ["/global/kept"]
    assert extraction.dropped == []
    assert extraction.warnings == [
        "1 variable has no fixed address (thread-local) and is not listed"
    ]


def linked(folder: Path, origin: str, data: str) -> Path:
    """Build for a Cortex-M with code and data at addresses of choice, and throw away the rest."""
    script = folder / "memory.ld"
    script.write_text(
        "ENTRY(main) SECTIONS {"
        f" . = {origin}; .text : {{ KEEP(*(.text.main)) *(.text*) *(.rodata*) }}"
        f" . = {data}; .data : {{ *(.data.first) *(.data*) *(.bss*) }} }}"
    )
    source = folder / "f.c"
    source.write_text(
        'int first __attribute__((section(".data.first"))) = 1; int second = 2; int unused = 3;'
        "int main(void) { return first + second; }"
    )
    options = ("-g", "-mcpu=cortex-m0", "-fdata-sections", "-Wl,--gc-sections", f"-T{script}")
    return build(Recipe("arm-none-eabi-gcc", options), folder, source)


def test_variables_that_the_linker_removed_are_left_out(tmp_path: Path) -> None:
    extraction = extract(linked(tmp_path, "0x8000", "0x20000000"))

    addresses = {path: leaf.address for path, leaf in by_path(extraction).items()}
    assert addresses == {"/global/first": 0x20000000, "/global/second": 0x20000004}
    assert extraction.warnings == [
        "1 variable has no fixed address (left out by the linker) and is not listed"
    ]


def test_removed_variables_are_left_out_where_code_starts_at_address_0(tmp_path: Path) -> None:
    extraction = extract(linked(tmp_path, "0", "0x20000000"))

    assert list(by_path(extraction)) == ["/global/first", "/global/second"]


def test_a_variable_at_address_0_is_real_where_data_starts_there(tmp_path: Path) -> None:
    extraction = extract(linked(tmp_path, "0x8000", "0"))

    addresses = {path: leaf.address for path, leaf in by_path(extraction).items()}
    assert addresses == {"/global/first": 0, "/global/second": 4}


def test_avr_variables_in_flash_and_eeprom_are_left_out(tmp_path: Path) -> None:
    """The device reads data: at the same address it has a register, or another variable."""
    source = """
        int data = 1; int zero; const int constant = 2;
        int kept __attribute__((section(".noinit")));
        const int table[2] __attribute__((section(".progmem.data"))) = {3, 4};
        int setting __attribute__((section(".eeprom"))) = 5;
        int f(void) { return data + zero + constant + kept + table[1] + setting; }
    """

    extraction = extracted(tmp_path, source, "-mmcu=atmega328p", compiler="avr-gcc")

    found = by_path(extraction)
    assert set(found) == {"/global/data", "/global/zero", "/global/constant", "/global/kept"}
    assert {leaf.address >> 16 for leaf in found.values()} == {0x80}
    assert extraction.warnings == [
        "2 variables have no fixed address (in flash or EEPROM, where reading data does not reach) "
        "and are not listed"
    ]


def test_avr_constants_in_flash_that_is_mapped_are_listed(tmp_path: Path) -> None:
    """As newer AVR have it: what is at 0x8000 for code is at 0x8000 for data, too."""
    source = 'const int mapped __attribute__((section(".mapped"))) = 3;'
    place = "-Wl,--section-start=.mapped=0x8000"

    extraction = extracted(tmp_path, source, "-mmcu=atmega2560", place, compiler="avr-gcc")

    assert {path: leaf.address for path, leaf in by_path(extraction).items()} == {
        "/global/mapped": 0x8000
    }
    assert extraction.warnings == []


def test_the_empty_eeprom_of_a_c_library_for_avr_is_no_matter(tmp_path: Path) -> None:
    source = tmp_path / "f.c"
    source.write_text("int data = 1; int main(void) { return data; }")
    program = tmp_path / "program.elf"
    options = ("-mmcu=atmega328p", "-gdwarf-4")
    run([tool("avr-gcc"), *options, str(source), "-o", str(program)], tmp_path)

    extraction = extract(program)

    assert "/global/data" in by_path(extraction)  # and the registers, of the same library
    assert [path for path in by_path(extraction) if "eeprom" in path] == []
    assert extraction.warnings == []


def test_progress_counts_the_octets_of_all_units(tmp_path: Path) -> None:
    sources = [tmp_path / "one.c", tmp_path / "two.c"]
    sources[0].write_text("int one;")
    sources[1].write_text("int two; int main(void) { return 0; }")
    program = build(Recipe("gcc", ("-g",)), tmp_path, *sources)
    seen: list[tuple[int, int]] = []

    extract(program, progress=lambda done, total: seen.append((done, total)))

    assert [total for _, total in seen] == [seen[-1][0]] * 2
    assert 0 < seen[0][0] < seen[1][0]


def test_a_program_without_variables_is_warned_about(tmp_path: Path) -> None:
    extraction = extracted(tmp_path, "")

    assert extraction.variables.leaves == []
    assert extraction.warnings == ["no variable with an address was found"]


def test_a_program_without_debug_information_is_refused(tmp_path: Path) -> None:
    program = build(Recipe("gcc", ("-s",)), tmp_path)

    with pytest.raises(ElfError, match="no debug information"):
        extract(program)


@pytest.mark.parametrize("version", [3, 5])
def test_a_generated_program_is_found_completely(tmp_path: Path, version: int) -> None:
    tool("g++")
    sizes = ("--units", "4", "--vars-per-unit", "100", "--duplicate-every", "2")
    command = [sys.executable, str(GENERATOR), "--out", str(tmp_path), *sizes]
    subprocess.run(
        [*command, "--dwarf", str(version), "--build"], check=True, capture_output=True, timeout=90
    )
    expected = json.loads((tmp_path / "manifest.json").read_text())["leaves"]

    extraction = extract(tmp_path / "firmware.elf")

    found = {
        leaf.path: (
            leaf.type.data_type.api_name.replace("ptr64", "pointer"),
            {leaf.path[: array.end]: list(array.dimensions) for array in leaf.arrays},
            leaf.bit_field.size if leaf.bit_field else None,
        )
        for leaf in extraction.variables.leaves
    }
    assert found == {
        leaf["path"]: (leaf["type"], leaf.get("arrays", {}), leaf.get("bitsize"))
        for leaf in expected
    }
    assert len(extraction.variables.leaves) == len(found) == 401
    assert extraction.dropped == []

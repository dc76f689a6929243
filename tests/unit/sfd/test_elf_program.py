"""A program file is taken for what it is, and refused with the way out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scrutiny.sfd.dwarf.reader import DebugInfo
from scrutiny.sfd.elf.program import Program
from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.extraction import extract
from tests.support.dwarf_programs import Recipe, build, run, tool

E_TYPE, E_MACHINE, E_SHOFF = 16, 18, 0x28  # offsets in the header of a 64-bit file


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = ("-g", "-Wl,--build-id=0x0123456789ABCDEF")
    return build(Recipe("gcc", options), tmp_path_factory.mktemp("plain"))


def made(tmp_path: Path, compiler: str, *options: str) -> Path:
    return build(Recipe(compiler, options), tmp_path)


def patched(program: Path, folder: Path, offset: int, octets: bytes) -> Path:
    content = bytearray(program.read_bytes())
    content[offset : offset + len(octets)] = octets
    return written(folder, content)


def written(folder: Path, content: bytes | bytearray) -> Path:
    path = folder / "patched.elf"
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    """Give what the error says that comes up when all is read."""
    with pytest.raises(ElfError) as caught:
        read_all(path)
    return str(caught.value)


def read_all(path: Path) -> None:
    with Program.open(path) as program:
        program.check_usable()
        info = DebugInfo(program)
        for unit in info.units:
            info.tree(unit)


def test_the_header_is_understood(plain: Path) -> None:
    with Program.open(plain) as program:
        program.check_usable()

        assert program.byte_order == "little"
        assert program.is_64bit
        assert program.machine == "EM_X86_64"
        assert program.char_bit == 8
        assert program.file_type == "ET_EXEC"
        assert program.build_id == "0123456789abcdef"


def test_a_big_endian_target_of_32_bits_is_understood(tmp_path: Path) -> None:
    with Program.open(made(tmp_path, "arm-none-eabi-gcc", "-g", "-mbig-endian")) as program:
        program.check_usable()

        assert (program.byte_order, program.is_64bit) == ("big", False)
        assert program.machine == "EM_ARM"
        assert program.build_id is None


def test_bytes_of_the_c2000_have_16_bits(plain: Path, tmp_path: Path) -> None:
    with Program.open(patched(plain, tmp_path, E_MACHINE, b"\x8d\0")) as program:
        assert program.machine == "EM_TI_C2000"
        assert program.char_bit == 16


def test_a_machine_that_nobody_knows_is_a_number(plain: Path, tmp_path: Path) -> None:
    with Program.open(patched(plain, tmp_path, E_MACHINE, b"\xfe\xfe")) as program:
        assert program.machine == str(0xFEFE)


def test_storage_is_where_sections_are_loaded(plain: Path) -> None:
    symbols = subprocess.run(
        [tool("nm"), str(plain)], capture_output=True, text=True, check=True
    ).stdout.split()
    root = int(symbols[symbols.index("root") - 2], 16)

    with Program.open(plain) as program:
        assert program.has_storage(root)
        assert not program.has_storage(0)
        assert not program.has_storage(1 << 40)


@pytest.mark.parametrize("option", ["-gz=zlib", "-gz=zlib-gnu"])
def test_compressed_sections_read_like_others(option: str, plain: Path, tmp_path: Path) -> None:
    with Program.open(plain) as program, Program.open(made(tmp_path, "gcc", "-g", option)) as small:
        assert small.section(".debug_abbrev") == program.section(".debug_abbrev")
        assert small.section(".debug_nothing") is None


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nothing.elf")


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"#!/bin/sh\n", b":10010000214601360121470136007EFE09D2\n"]
)
def test_a_file_that_is_no_elf_file_is_refused(content: bytes, tmp_path: Path) -> None:
    assert "not an ELF file" in refusal(written(tmp_path, content))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot open" in refusal(tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(share: float, plain: Path, tmp_path: Path) -> None:
    content = plain.read_bytes()
    assert "truncated" in refusal(written(tmp_path, content[: int(len(content) * share)]))


def test_x10_an_object_file_is_refused(tmp_path: Path) -> None:
    assert "link it first" in refusal(made(tmp_path, "gcc", "-g", "-c"))


def test_x10_a_position_independent_program_is_refused(tmp_path: Path) -> None:
    assert "-no-pie" in refusal(made(tmp_path, "gcc", "-g", "-fpie", "-pie"))


@pytest.mark.parametrize("option", ["-s", "-g0"])
def test_x10_a_program_without_debug_information_is_refused(option: str, tmp_path: Path) -> None:
    unwind_tables = "-fasynchronous-unwind-tables"
    text = refusal(made(tmp_path, "gcc", "-g", option, unwind_tables))

    assert ".eh_frame" in text
    assert "compile with -g" in text


def test_stabs_are_refused(tmp_path: Path) -> None:
    text = refusal(made(tmp_path, "avr-gcc", "-mmcu=atmega328p", "-gstabs"))

    assert "stabs" in text
    assert "compile with -gdwarf-4" in text


def test_stabs_in_a_part_of_the_program_are_told(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("int other = 1;\n")
    for_avr = (tool("avr-gcc"), "-mmcu=atmega328p")
    run([*for_avr, "-gstabs", "-c", "other.c"], tmp_path)

    program = made(tmp_path, "avr-gcc", "-mmcu=atmega328p", "-gdwarf-4", "other.o")

    result = extract(program)
    assert result.variables.leaves
    (warning,) = (text for text in result.warnings if "stabs" in text)
    assert "compile with -gdwarf-4" in warning


@pytest.mark.parametrize("version", ["-gdwarf-4", "-gdwarf-5"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_split_debug_information_is_refused(version: str, compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "program.elf"
    options = (version, "-gsplit-dwarf")
    build(Recipe(compiler, (*options, "-c")), tmp_path).rename(tmp_path / "unit.o")
    run(
        [tool(compiler), "-nostdlib", "-no-pie", "-Wl,-e,main", "unit.o", "-o", str(program)],
        tmp_path,
    )

    assert "compile without -gsplit-dwarf" in refusal(program)


def test_zstd_is_refused_by_name(tmp_path: Path) -> None:
    program = made(tmp_path, "gcc", "-g", "-gz=zlib")
    content = bytearray(program.read_bytes())
    # The compression header: kind 1 as 4 octets, 4 octets of padding, then size and alignment.
    for start in compressed_sections(program):
        assert content[start : start + 8] == b"\1\0\0\0\0\0\0\0"
        content[start] = 2

    text = refusal(written(tmp_path, content))

    assert "zstd" in text
    assert "--compress-debug-sections=zlib" in text


def test_a_compressed_section_larger_than_allowed_is_refused(tmp_path: Path) -> None:
    program = made(tmp_path, "gcc", "-g", "-gz=zlib")
    content = bytearray(program.read_bytes())
    for start in compressed_sections(program):
        content[start + 8 : start + 16] = b"\xff" * 8

    assert "more than the allowed" in refusal(written(tmp_path, content))


def test_a_damaged_compressed_section_is_refused(tmp_path: Path) -> None:
    program = made(tmp_path, "gcc", "-g", "-gz=zlib")
    content = bytearray(program.read_bytes())
    for start in compressed_sections(program):
        content[start + 24 : start + 32] = b"\xff" * 8

    assert "is damaged" in refusal(written(tmp_path, content))


def compressed_sections(program: Path) -> list[int]:
    from elftools.elf.elffile import ELFFile

    with program.open("rb") as stream:
        return [
            section["sh_offset"]
            for section in ELFFile(stream).iter_sections()
            if section.name.startswith(".debug_") and section.compressed
        ]


def test_an_unknown_version_of_dwarf_is_refused(plain: Path, tmp_path: Path) -> None:
    content = plain.read_bytes()
    with Program.open(plain) as program:
        start = content.index(program.section(".debug_info") or b"?")

    text = refusal(patched(plain, tmp_path, start + 4, b"\x09\0"))

    assert "DWARF version 9" in text


def test_a_section_table_outside_of_the_file_is_refused(plain: Path, tmp_path: Path) -> None:
    assert "truncated" in refusal(patched(plain, tmp_path, E_SHOFF, b"\xff" * 8))


def test_a_program_without_sections_has_no_debug_information(plain: Path, tmp_path: Path) -> None:
    assert "no debug information" in refusal(patched(plain, tmp_path, E_SHOFF, bytes(8)))


def test_a_part_moved_away_by_dwz_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "parts.s"
    source.write_text(SUPPLEMENTARY_SOURCE)
    program = made_of(tmp_path, source)

    assert "dwz" in refusal(program)


def made_of(folder: Path, source: Path) -> Path:
    return build(Recipe("gcc", ("-g0",)), folder, source)


# One compile unit of DWARF 4 whose name is in a supplementary file (DW_FORM_GNU_strp_alt).
SUPPLEMENTARY_SOURCE = """
    .globl main
main: nop
    .section .debug_abbrev,"",@progbits
    .uleb128 1, 0x11
    .byte 0
    .uleb128 0x03, 0x1f21, 0, 0
    .byte 0
    .section .debug_info,"",@progbits
    .long end - start
start:
    .short 4
    .long 0
    .byte 8
    .uleb128 1
    .long 0
end:
"""

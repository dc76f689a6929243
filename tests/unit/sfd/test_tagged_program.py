from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from scrutiny.sfd.tagged_program import read_firmware_id

SOURCE = """
const unsigned char {name}[{size}] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
int _start(void) {{ return {name}[3]; }}
"""
LIBRARY, PEER = "scrutiny_firmware_id", "_ZN8scrutiny11software_idE"


def program(folder: Path, name: str, size: int = 16) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    (folder / "a.c").write_text(SOURCE.format(name=name, size=size))
    command = ["cc", "-nostdlib", "-static", "-no-pie", "-o", "a.elf", "a.c"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    return folder / "a.elf"


@pytest.mark.parametrize("name", [LIBRARY, PEER])
def test_the_symbol_of_either_library_is_found(tmp_path: Path, name: str) -> None:
    assert read_firmware_id(program(tmp_path, name)) == "0102030405060708090a0b0c0d0e0f10"


@pytest.mark.parametrize(("name", "size"), [("other", 16), (LIBRARY, 32)])
def test_another_symbol_or_another_size_is_none(tmp_path: Path, name: str, size: int) -> None:
    assert read_firmware_id(program(tmp_path, name, size)) is None


def test_a_stripped_program_tells_nothing(tmp_path: Path) -> None:
    path = program(tmp_path, LIBRARY)
    subprocess.run(["strip", path], check=True, timeout=60)

    assert read_firmware_id(path) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"text" * 100])
def test_what_is_no_program_tells_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.elf").write_bytes(content)

    assert read_firmware_id(tmp_path / "a.elf") is None
    assert read_firmware_id(tmp_path / "missing.elf") is None


def test_a_damaged_program_tells_nothing_or_an_identifier(tmp_path: Path) -> None:
    path = program(tmp_path, LIBRARY)
    content = path.read_bytes()
    random = Random(1)
    found: set[bool] = set()
    for _ in range(300):
        damaged = bytearray(content)
        # In the header, among the section headers at the end, or in between.
        position = random.choice((random.randrange(64), len(content) - random.randrange(1, 600)))
        damaged[position] = random.choice((0, 255, random.randrange(256)))
        path.write_bytes(damaged)
        found.add(read_firmware_id(path) is not None)

    assert found == {True, False}

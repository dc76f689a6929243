"""Damaged programs are read or refused, never anything else, and never slowly.

``SCRUTINY_FUZZ_ELF_COUNT`` sets how many damaged files are read of each program; the seeds are
fixed, so a failure comes again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest

from scrutiny.sfd.dwarf.constants import DW_AT_type
from scrutiny.sfd.dwarf.reader import DebugInfo
from scrutiny.sfd.elf.program import Program
from scrutiny.sfd.errors import ElfError
from tests.support.dwarf_programs import Recipe, build

# 300 of each take 4 s on a busy two-core machine.
COUNT = int(os.environ.get("SCRUTINY_FUZZ_ELF_COUNT", "300"))
SEED = 0xE1F
SLOWEST_S = 20.0  # an undamaged one takes 10 ms, a loop without end takes for ever
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)

RECIPES = [
    Recipe("g++", ("-gdwarf-5", "-O2")),
    Recipe("g++", ("-gdwarf-4", "-fdebug-types-section")),
    Recipe("gcc", ("-gdwarf-2", "-gz")),
    Recipe("arm-none-eabi-gcc", ("-gdwarf-3", "-mbig-endian")),
]


@pytest.fixture(scope="module", params=RECIPES, ids=str)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp("program"))


def read_everything(path: Path) -> bool:
    """Read what is in the file, and tell whether that was possible."""
    try:
        with Program.open(path) as program:
            program.check_usable()
            info = DebugInfo(program)
            for unit in info.units:
                unread = [info.tree(unit)]
                while unread:
                    entry = unread.pop()
                    unread += entry.children
                    reference = entry.values.get(DW_AT_type)
                    if reference is not None:
                        assert isinstance(reference, int)
                        info.entry_at(reference)
    except ElfError:
        return False
    return True


def debug_ranges(path: Path) -> list[range]:
    """Where in the file the interesting sections are."""
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as stream:
        return [
            range(section["sh_offset"], section["sh_offset"] + section["sh_size"])
            for section in ELFFile(stream).iter_sections()
            if section.name in (".debug_info", ".debug_abbrev", ".debug_types")
        ]


def damaged(content: bytes, random: Random, places: list[range]) -> bytes:
    """Change some octets, sometimes many, sometimes cut the file."""
    octets = bytearray(content)
    place = random.choice(places)
    for _ in range(random.choice((1, 1, 2, 5, 50))):
        at = random.choice(place)
        octets[at] = random.choice((random.randrange(256), random.choice(INTERESTING)))
    if random.random() < 0.1:
        del octets[random.randrange(len(octets)) :]
    return bytes(octets)


def test_damage_anywhere_is_survived(program: Path, tmp_path: Path) -> None:
    content = program.read_bytes()
    headers = range(64)
    section_table = range(len(content) - 40 * 64, len(content))
    places = [headers, section_table, range(len(content)), *debug_ranges(program)]
    random = Random(SEED)
    path = tmp_path / "damaged.elf"
    outcomes: set[bool] = set()

    for index in range(COUNT):
        path.write_bytes(damaged(content, random, places))
        start = time.monotonic()
        outcomes.add(read_everything(path))
        assert time.monotonic() - start < SLOWEST_S, f"file {index}"

    assert outcomes == {True, False}


def test_every_truncation_of_the_headers_is_refused(program: Path, tmp_path: Path) -> None:
    content = program.read_bytes()
    path = tmp_path / "short.elf"
    for size in range(65):
        path.write_bytes(content[:size])
        assert not read_everything(path), size

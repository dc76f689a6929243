"""Small programs with debug information of every shape that the compilers at hand can make."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "data" / "dwarf"


@dataclass(frozen=True)
class Recipe:
    """How to make a program.

    Attributes:
        compiler: of C or C++, as the name says.
        options: of compiler and linker.
    """

    compiler: str
    options: Sequence[str] = ()

    @property
    def is_cxx(self) -> bool:
        """A compiler of C++."""
        return self.compiler.endswith("++")

    def __str__(self) -> str:
        return " ".join((self.compiler, *self.options))


FREESTANDING = (
    "-nostdlib",
    "-nostartfiles",
    "-ffreestanding",
    "-Wl,-e,main",
    "-fno-exceptions",
    "-fno-asynchronous-unwind-tables",
    "-w",
)
FIXED_ADDRESSES = ("-no-pie", "-fno-pie")
FREESTANDING_CXX = ("-std=c++17", "-fno-rtti", "-fno-threadsafe-statics")


def tool(name: str) -> str:
    """Give the path of a program of the system; skip without it, unless in CI."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"{name} is needed"
        pytest.skip(f"needs {name}")
    return found


def build(recipe: Recipe, folder: Path, *sources: Path) -> Path:
    """Compile and link a program without any library; give its path."""
    if not sources:
        sources = (SOURCES / ("shapes.cpp" if recipe.is_cxx else "shapes.c"),)
    program = folder / "program.elf"
    options = [
        *FREESTANDING,
        *(() if recipe.compiler.startswith("avr-") else FIXED_ADDRESSES),
        *(FREESTANDING_CXX if recipe.is_cxx else ()),
        *recipe.options,
    ]
    run([tool(recipe.compiler), *options, *map(str, sources), "-o", str(program)], folder)
    return program


def run(command: list[str], folder: Path) -> None:
    """Run a tool; fail with what it printed."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr

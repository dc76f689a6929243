"""Programs of a board and what describes them: also one with as many variables as are wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measured import checkout_environment
from tests.support.example_board import ROOT, build_board


@dataclass(frozen=True, slots=True)
class Firmware:
    """What runs on a board.

    Attributes:
        program: of this machine.
        description: of its variables.
        paths: of those that were generated, without arrays.
    """

    program: Path
    description: Path
    paths: Sequence[str] = ()


def build_big_firmware(folder: Path, units: int, vars_per_unit: int) -> Firmware:
    """Compile generated units and the example, link them together, tag and package."""
    generator = ROOT / "benchmarks" / "gen_big_firmware.py"
    size = ["--units", str(units), "--vars-per-unit", str(vars_per_unit)]
    generated = folder / "generated"
    command = [sys.executable, str(generator), "--out", str(generated), *size, "--build"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    build_board(folder / "example")
    units_objects = [
        str(found)
        for found in sorted((generated / "obj").rglob("*.o"))
        if found.name not in ("main.o", "firmware_id.o")
    ]
    example_objects = [str(found) for found in (folder / "example" / "objects").rglob("*.o")]
    linked, program = folder / "linked.elf", folder / "board.elf"
    link = ["g++", "-no-pie", "-o", str(linked), *example_objects, *units_objects]
    subprocess.run(link, check=True)
    description = folder / "board.sfd"
    build = ["sfd", "build", str(linked), "--tagged", str(program), "-o", str(description)]
    command = [sys.executable, "-m", "scrutiny.cli.main", *build]
    subprocess.run(command, check=True, env=checkout_environment(), stdout=subprocess.DEVNULL)
    manifest: Mapping[str, Any] = json.loads((generated / "manifest.json").read_text())
    paths = [leaf["path"] for leaf in manifest["leaves"] if "arrays" not in leaf]
    return Firmware(program, description, paths)

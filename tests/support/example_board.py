"""The example firmware, built for this machine and run as a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from .processes import LoggedProcess

ROOT: Final = Path(__file__).resolve().parents[2]

UPTIME: Final = "/rpv/x1007"
TRIM: Final = "/rpv/x100C"
SCRATCH: Final = [f"/rpv/x{rpv_id:04X}" for rpv_id in range(0x2000, 0x203C)]


class CannotBuild(Exception):
    """A tool is missing on this machine."""


def build_board(folder: Path, *, described: bool = False) -> Path:
    """Build the example firmware, and return the program.

    Args:
        folder: where everything goes.
        described: tag the program, and write its description beside it (see `description_of`).

    Raises:
        CannotBuild: there is no make or no C compiler.
        AssertionError: it does not compile.
    """
    compiler = os.environ.get("CC", "cc")
    missing = [tool for tool in ("make", compiler.split()[0]) if shutil.which(tool) is None]
    if missing:
        raise CannotBuild(
            f"{' and '.join(missing)} not found, needed to build the example firmware"
        )
    make = ["make", "-C", str(ROOT / "firmware_example"), f"BUILD={folder}", f"CC={compiler}"]
    make.append(f"SCRUTINY={sys.executable} -m scrutiny.cli.main" if described else "SCRUTINY=")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    result = subprocess.run(make, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return program_in(folder)


def program_in(folder: Path) -> Path:
    """Return where the program is in the folder in which it was built."""
    return folder / "scrutiny-example-host"


def description_of(program: Path) -> Path:
    """Return where the description of a program that was built with one is."""
    return program.with_name(f"{program.name}.sfd")


class Board(LoggedProcess):
    """One run of the program, reached over a pseudo terminal.

    Attributes:
        port: the name of the terminal.
    """

    def __init__(self, program: Path, port: Path, *arguments: str) -> None:
        """Start it, and return when its terminal is there."""
        self.port = port
        super().__init__([str(program), "--pty", str(port), *arguments])
        try:
            self.wait_for_line("^pty ")
        except BaseException:
            self.kill()
            raise

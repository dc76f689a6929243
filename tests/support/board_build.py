"""`make` for the example firmware of the boards. POSIX only.

What it builds stays where `make boards` puts it, for the next time. Tests that run side by side
take turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from .example_board import ROOT
from .turns import turn

EXAMPLE: Final = ROOT / "firmware_example"
BUILD: Final = EXAMPLE / "build" / "boards"


def make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run make to its end, with our packager.

    Args:
        arguments: of make.
        path: where tools are looked for; None for the usual places.
    """
    command = ["make", "-j2", *arguments, f"SCRUTINY={sys.executable} -m scrutiny.cli.main"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(BUILD / "cache"),
        "PATH": os.environ["PATH"] if path is None else path,
    }
    with turn(BUILD / ".lock"):
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

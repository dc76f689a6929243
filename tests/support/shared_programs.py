"""The example firmware for this machine, built once for all tests of a run, whoever runs them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from .example_board import build_board, program_in
from .turns import turn

_FOLDER_VARIABLE: Final = "SCRUTINY_TEST_PROGRAMS"
_COMPLETE: Final = "complete"


def share_programs() -> None:
    """Let this process and all that it starts use what one of them has built."""
    if _FOLDER_VARIABLE in os.environ:
        return
    folder = os.environ[_FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="scrutiny-programs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def example_program(*, described: bool = False) -> Path:
    """Return the program, which nobody must change.

    Args:
        described: tagged, with its description beside it (see `description_of`).

    Raises:
        CannotBuild: there is no make or no C compiler.
    """
    share_programs()
    folder = Path(os.environ[_FOLDER_VARIABLE]) / ("described" if described else "plain")
    with turn(folder.with_suffix(".lock")):
        if not (folder / _COMPLETE).exists():
            build_board(folder, described=described)
            (folder / _COMPLETE).touch()
    return program_in(folder)

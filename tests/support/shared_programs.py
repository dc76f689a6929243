"""The example firmware for this machine, built once for all tests of a run, whoever runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .example_board import build_board, program_in
from .shared_folder import shared_folder
from .turns import turn

_COMPLETE: Final = "complete"


def share_programs() -> Path:
    """Let this process and all that it starts use what one of them builds in this folder."""
    return shared_folder("SCRUTINY_TEST_PROGRAMS", "scrutiny-programs-")


def example_program(*, described: bool = False) -> Path:
    """Return the program, which nobody must change.

    Args:
        described: tagged, with its description beside it (see `description_of`).

    Raises:
        CannotBuild: there is no make or no C compiler.
    """
    folder = share_programs() / ("described" if described else "plain")
    with turn(folder.with_suffix(".lock")):
        if not (folder / _COMPLETE).exists():
            build_board(folder, described=described)
            (folder / _COMPLETE).touch()
    return program_in(folder)

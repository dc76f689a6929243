"""The board that the pages talk about, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.example_board import CannotBuild, build_board
from tests.support.missing_tools import cannot_run


@pytest.fixture(scope="session")
def described_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example firmware, with its description beside it."""
    try:
        return build_board(tmp_path_factory.mktemp("described"), described=True)
    except CannotBuild as error:
        cannot_run(f"{error}")

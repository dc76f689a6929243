"""The example firmware, built once, and a bench on which each test puts what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.example_board import CannotBuild, build_board
from tests.support.missing_tools import cannot_run


@pytest.fixture(scope="session")
def board_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example firmware."""
    try:
        return build_board(tmp_path_factory.mktemp("board"))
    except CannotBuild as error:
        cannot_run(f"{error}")


@pytest.fixture(scope="session")
def described_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example firmware, with its description beside it."""
    try:
        return build_board(tmp_path_factory.mktemp("described"), described=True)
    except CannotBuild as error:
        cannot_run(f"{error}")


@pytest.fixture
def bench(board_program: Path, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose servers must not have complained about themselves at the end."""
    with Bench(board_program, tmp_path) as bench:
        yield bench
    for server in bench.servers:
        assert server.complaints == []

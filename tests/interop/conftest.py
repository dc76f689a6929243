"""What the tests need: the peer in an environment of its own, and the C application."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.example_board import CannotBuild, build_board
from tests.support.missing_tools import cannot_run
from tests.support.peer import NoPeer
from tests.support.peer import peer_python as find_peer


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """Return the interpreter of an environment that has the peer."""
    try:
        return find_peer()
    except NoPeer as reason:
        cannot_run(f"{reason}")


@pytest.fixture(scope="session")
def c_application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example firmware."""
    try:
        return build_board(tmp_path_factory.mktemp("example"))
    except CannotBuild as error:
        cannot_run(f"{error}")

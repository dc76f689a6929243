"""The peer, in an environment of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

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

"""A bench on which each test puts what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench


@pytest.fixture
def bench(board_program: Path, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose servers must not have complained about themselves at the end."""
    with Bench(board_program, tmp_path) as bench:
        yield bench
    for server in bench.servers:
        assert server.complaints == []

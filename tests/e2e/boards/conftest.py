"""Every kind of board in turn, with a line, a server and a client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.board_desk import BoardDesk, open_desk
from tests.support.board_kinds import BOARD_KINDS


@pytest.fixture(scope="package", params=BOARD_KINDS, ids=lambda kind: kind.name)
def shared_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BoardDesk]:
    with open_desk(request.param, tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: BoardDesk) -> Iterator[BoardDesk]:
    """A board that is switched on and not plugged in."""
    yield shared_desk
    shared_desk.end()


@pytest.fixture
def client(desk: BoardDesk) -> ScrutinyClient:
    """A client; the board was reset and is ready, and its description is loaded."""
    return desk.begin()

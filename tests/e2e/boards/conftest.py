"""Every kind of board in turn, with a line, a server and a client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.board_desk import BoardDesk
from tests.support.board_kinds import BOARD_KINDS, BoardKind
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run


@pytest.fixture(scope="package", params=BOARD_KINDS, ids=lambda kind: kind.name)
def shared_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BoardDesk]:
    kind: BoardKind = request.param
    with ExitStack() as stack:
        try:
            firmware = kind.build(tmp_path_factory.mktemp("firmware"))
            desk = stack.enter_context(BoardDesk(kind, firmware, tmp_path_factory.mktemp("desk")))
        except CannotBuild as error:
            cannot_run(f"{error}")
        yield desk
        assert desk.server.complaints == []


@pytest.fixture
def desk(shared_desk: BoardDesk) -> Iterator[BoardDesk]:
    """A board that is switched on and not plugged in."""
    yield shared_desk
    shared_desk.end()


@pytest.fixture
def client(desk: BoardDesk) -> ScrutinyClient:
    """A client; the board was reset and is ready, and its description is loaded."""
    return desk.begin()

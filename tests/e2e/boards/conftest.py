"""Every kind of board in turn, with a line, a server and a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.board_desk import BoardDesk
from tests.support.board_kinds import BOARD_KINDS, BoardKind, BuiltFirmware
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run

Build = Callable[[BoardKind], BuiltFirmware]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return the firmware of a board, built once."""
    built: dict[str, BuiltFirmware] = {}

    def build_once(kind: BoardKind) -> BuiltFirmware:
        if kind.name not in built:
            try:
                built[kind.name] = kind.build(tmp_path_factory.mktemp("firmware"))
            except CannotBuild as error:
                cannot_run(f"{error}")
        return built[kind.name]

    return build_once


@pytest.fixture(scope="package", params=BOARD_KINDS, ids=lambda kind: kind.name)
def shared_desk(
    request: pytest.FixtureRequest, build: Build, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BoardDesk]:
    kind: BoardKind = request.param
    with BoardDesk(kind, build(kind), tmp_path_factory.mktemp("desk")) as desk:
        yield desk
        assert desk.server.complaints == []


@pytest.fixture
def desk(shared_desk: BoardDesk) -> Iterator[BoardDesk]:
    """A board that was just reset; it is ready when there is a client."""
    yield shared_desk
    shared_desk.end()


@pytest.fixture
def client(desk: BoardDesk) -> ScrutinyClient:
    """A client; the board is ready, and its description is loaded."""
    return desk.begin()

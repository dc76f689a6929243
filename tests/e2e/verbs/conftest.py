"""One board, one server and one client for all tests of the verbs that ask a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import description_of
from tests.support.verb_desk import Result, VerbDesk, run_here


class Run(Protocol):
    """Run a verb in this process; it asks the server of the desk."""

    def __call__(self, verb: str, *arguments: str) -> Result: ...


@pytest.fixture(scope="package")
def shared_desk(
    described_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VerbDesk]:
    folder = tmp_path_factory.mktemp("desk")
    DescriptionStore(folder / "data" / "server").install(description_of(described_program))
    with Bench(described_program, folder) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        client = bench.connect(server)
        expect_event(client, Events.SFDLoadedEvent)
        yield VerbDesk(board, server, client)
        assert server.complaints == []


@pytest.fixture
def desk(shared_desk: VerbDesk) -> Iterator[VerbDesk]:
    """The desk, with a motor that turns at 1500 rpm."""
    shared_desk.client.write_watchable("/rpv/x1000", 1500)
    yield shared_desk
    shared_desk.clear()


@pytest.fixture
def run(desk: VerbDesk, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_verb(verb: str, *arguments: str) -> Result:
        return run_here(capsys, *desk.arguments(verb, *arguments))

    return run_verb

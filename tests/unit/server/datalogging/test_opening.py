"""The database of a data folder, and the stock server's beside it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from scrutiny.server.datalogging import opening
from scrutiny.server.datalogging.errors import DatabaseUnusable
from scrutiny.server.datalogging.opening import database_in, open_database
from tests.support.acquisitions import acquisition
from tests.support.peer_database import HandmadePeerDatabase

IDS = [f"{number:032x}" for number in range(5)]


def stored_in(folder: Path) -> list[str]:
    """Open the database of a folder, and return what is in it."""
    database = open_database(folder)
    try:
        return sorted(one.reference_id for one in database.summaries())
    finally:
        database.close()


@pytest.fixture
def peer(tmp_path: Path) -> Path:
    """The database that the stock server has left in the folder."""
    peer = HandmadePeerDatabase(tmp_path / "scrutiny_datalog.sqlite")
    peer.add(IDS[0])
    peer.add(IDS[1])
    return peer.close()


def test_a_new_database_takes_over_what_the_stock_server_has_left(
    tmp_path: Path, peer: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = (peer.read_bytes(), peer.stat().st_mtime_ns)

    assert stored_in(tmp_path) == IDS[:2]

    assert [record.getMessage() for record in caplog.records] == [
        f"acquisitions of {peer}: 2 taken over"
    ]
    assert (peer.read_bytes(), peer.stat().st_mtime_ns) == before


def test_what_was_deleted_here_does_not_come_back(tmp_path: Path, peer: Path) -> None:
    database = open_database(tmp_path)
    database.delete(IDS[0])
    database.close()

    assert stored_in(tmp_path) == IDS[1:2]


def test_what_the_stock_server_adds_later_is_left_to_the_user(tmp_path: Path) -> None:
    assert stored_in(tmp_path) == []
    HandmadePeerDatabase(tmp_path / "scrutiny_datalog.sqlite").close()
    peer = HandmadePeerDatabase(tmp_path / "scrutiny_datalog.sqlite", schema="")
    peer.add(IDS[0])
    peer.close()

    assert stored_in(tmp_path) == []


def test_taking_over_is_brought_to_an_end_after_it_was_interrupted(
    tmp_path: Path, peer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(opening, "import_acquisitions", interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_database(tmp_path)

    assert stored_in(tmp_path) == IDS[:2]


def test_a_database_of_the_stock_server_that_cannot_be_read_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "scrutiny_datalog.sqlite").write_text("no database" * 1000)

    assert stored_in(tmp_path) == stored_in(tmp_path) == []

    (text,) = [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ]
    assert "to try again: scrutiny import-datalog" in text


def test_what_is_left_out_is_told(
    tmp_path: Path, peer: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = HandmadePeerDatabase(peer, schema="")
    damaged.execute("UPDATE acquisitions SET timestamp = 'now' WHERE reference_id = ?", IDS[0])
    damaged.close()

    assert stored_in(tmp_path) == IDS[1:2]

    (text,) = [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    ]
    assert text == f"left out of {peer}: {IDS[0]}: its time is 'now'"


def test_a_database_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(DatabaseUnusable, match="cannot make"):
        open_database(tmp_path / "taken")


def test_what_is_added_is_in_the_folder(tmp_path: Path) -> None:
    database = open_database(tmp_path / "data")
    database.add(acquisition(reference_id=IDS[3]))
    database.close()

    assert stored_in(tmp_path / "data") == [IDS[3]]
    assert database_in(tmp_path / "data").is_file()

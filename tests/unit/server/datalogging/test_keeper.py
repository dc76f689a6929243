"""The server goes on storing, whatever happens to its database."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from scrutiny.core.datalogging import Acquisition
from scrutiny.server.datalogging.damaged_file import set_aside
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import DatabaseUnusable
from scrutiny.server.datalogging.keeper import DatabaseKeeper
from scrutiny.server.datalogging.opening import database_in
from scrutiny.server.datalogging.sqlite_file import identity_of
from tests.support.acquisitions import acquisition, content
from tests.support.peer_database import HandmadePeerDatabase

NOW = datetime(2026, 3, 1, 8, 30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def file(folder: Path) -> Path:
    return database_in(folder)


@pytest.fixture
def keeper(folder: Path) -> Iterator[DatabaseKeeper]:
    keeper = DatabaseKeeper(folder)
    yield keeper
    keeper.close()


def add(keeper: DatabaseKeeper, count: int = 1) -> list[Acquisition]:
    added = [acquisition() for _ in range(count)]
    for one in added:
        keeper.do(partial(AcquisitionDatabase.add, acquisition=one))
    return added


def listed(keeper: DatabaseKeeper) -> set[str]:
    return {one.reference_id for one in keeper.do(AcquisitionDatabase.summaries)}


def moved_aside(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.damaged-*"))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


# --- damage


@pytest.mark.parametrize("octets", [b"my notes" * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_database_is_moved_aside_and_a_new_one_is_begun(
    keeper: DatabaseKeeper, file: Path, octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir()
    file.write_bytes(octets)

    (added,) = add(keeper)

    assert listed(keeper) == {added.reference_id}
    (moved,) = moved_aside(file.parent)
    assert moved.read_bytes() == octets
    text, hint = warnings(caplog)
    assert f"it was moved to {moved}, and a new one begun" in text
    assert f"scrutiny import-datalog {moved}" in hint


def test_damage_that_shows_later_costs_what_is_damaged_only(
    keeper: DatabaseKeeper, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = add(keeper, 40)
    keeper.close()
    destroy_indices(file)
    damaged = file.read_bytes()

    (later,) = add(keeper)

    assert listed(keeper) == {one.reference_id for one in (*stored, later)}
    for one in stored:
        read = keeper.do(partial(AcquisitionDatabase.read, reference_id=one.reference_id))
        assert content(read)[6:] == content(one)[6:]
    (moved,) = moved_aside(file.parent)
    assert moved.read_bytes() == damaged
    assert len(warnings(caplog)) == 1


def destroy_indices(file: Path) -> None:
    connection = sqlite3.connect(file)
    pages = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND rootpage > 0"
    ).fetchall()
    connection.close()
    octets = bytearray(file.read_bytes())
    for (page,) in pages:
        octets[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    file.write_bytes(octets)


def test_the_stock_servers_acquisitions_come_along_when_a_new_one_is_begun(
    keeper: DatabaseKeeper, file: Path
) -> None:
    file.parent.mkdir()
    peer = HandmadePeerDatabase(file.with_name("scrutiny_datalog.sqlite"))
    peer.add("1" * 32)
    peer.close()
    file.write_text("no database" * 1000)

    assert listed(keeper) == {"1" * 32}


def test_two_servers_that_find_the_damage_move_it_aside_once(folder: Path, file: Path) -> None:
    one, other = DatabaseKeeper(folder), DatabaseKeeper(folder)
    (stored,) = add(one)
    assert listed(other) == {stored.reference_id}
    one.close()
    other.close()
    file.write_text("no database" * 1000)

    with pytest.raises(DatabaseUnusable) as caught:
        AcquisitionDatabase.open(file)
    (first,) = add(one)
    assert set_aside(file, caught.value.identity, NOW) is None  # type: ignore[attr-defined]
    (second,) = add(other)

    assert listed(one) == listed(other) == {first.reference_id, second.reference_id}
    assert len(moved_aside(folder)) == 1
    one.close()
    other.close()


def test_what_belongs_to_a_damaged_database_is_moved_along(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite3"
    for ending in ("", "-wal", "-journal"):
        file.with_name(file.name + ending).write_text(ending)
    taken = tmp_path / "a.sqlite3.damaged-20260301-083000"
    taken.touch()

    moved = set_aside(file, identity_of(file), NOW)

    assert moved is not None
    assert moved == Path(f"{taken}-2")
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        taken.name,
        moved.name,
        f"{moved.name}-journal",
        f"{moved.name}-wal",
    ]


def test_of_a_damaged_database_behind_a_link_the_link_is_moved(tmp_path: Path) -> None:
    place, link = tmp_path / "place.sqlite3", tmp_path / "link.sqlite3"
    log = tmp_path / "place.sqlite3-wal"
    place.touch()
    log.touch()
    link.symlink_to(place)

    moved = set_aside(link, identity_of(link), NOW)

    assert moved is not None
    assert moved.resolve() == place
    assert log.exists()
    assert not link.is_symlink()


def test_what_is_gone_need_not_be_moved(tmp_path: Path) -> None:
    assert set_aside(tmp_path / "a.sqlite3", None, NOW) is None


def test_damage_that_cannot_be_moved_is_an_error_that_says_so(
    keeper: DatabaseKeeper, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.mkdir()
    file.write_text("no database" * 1000)

    def refuse(path: Path, target: Path) -> None:
        if path == file:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)

    with pytest.raises(DatabaseUnusable, match=r"cannot be moved aside.*move it away"):
        add(keeper)

    assert file.read_text() == "no database" * 1000


# --- moved, deleted, not there


def test_a_database_that_was_deleted_is_begun_anew(
    keeper: DatabaseKeeper, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(keeper)
    shutil.rmtree(folder)

    (later,) = add(keeper)

    assert listed(keeper) == {later.reference_id}
    other = DatabaseKeeper(folder)
    assert listed(other) == {later.reference_id}
    other.close()
    assert "was moved or deleted" in warnings(caplog)[0]


def test_without_a_database_each_operation_tells_why_and_the_log_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").touch()
    keeper = DatabaseKeeper(tmp_path / "data")

    for _ in range(3):
        with pytest.raises(DatabaseUnusable, match=r"cannot make .*data.*--data-folder"):
            listed(keeper)

    (text,) = warnings(caplog)
    assert text.startswith("acquisitions cannot be stored: cannot make")
    (tmp_path / "data").unlink()
    (stored,) = add(keeper)
    assert listed(keeper) == {stored.reference_id}
    keeper.close()


def test_an_error_of_an_operation_is_its_own(keeper: DatabaseKeeper) -> None:
    def fail(database: AcquisitionDatabase) -> None:
        raise ValueError("of the operation")

    with pytest.raises(ValueError, match="of the operation"):
        keeper.do(fail)
    assert listed(keeper) == set()

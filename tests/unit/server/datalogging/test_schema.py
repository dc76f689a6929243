"""How databases of earlier and of later versions are treated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.server.datalogging import schema
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.errors import DatabaseMalformed, DatabaseUnusable
from scrutiny.server.datalogging.sqlite_file import SqliteFile
from tests.support.acquisitions import acquisition, content

LATER: tuple[schema.Step, ...] = (
    *schema.STEPS,
    (
        "ALTER TABLE acquisition ADD COLUMN comment TEXT",
        "UPDATE acquisition SET comment = 'none'",
    ),
    ("CREATE TABLE label (acquisition_id INTEGER, text TEXT) STRICT",),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "acquisitions.sqlite3"


@pytest.fixture
def filled(file: Path) -> Iterator[SqliteFile]:
    """A database of the version of today, with one acquisition."""
    database = AcquisitionDatabase.open(file)
    database.add(acquisition())
    database.close()
    sqlite = SqliteFile(file)
    yield sqlite
    sqlite.close()


def version(file: Path) -> int:
    connection = sqlite3.connect(file)
    number = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(number)


def test_an_earlier_version_is_brought_up_to_date_and_keeps_what_it_holds(
    file: Path, filled: SqliteFile
) -> None:
    with filled.reading() as connection:
        (reference_id,) = connection.execute("SELECT reference_id FROM acquisition").fetchone()
    database = AcquisitionDatabase.open(file)
    before = content(database.read(reference_id))
    hash_before = database.info().structure_hash

    schema.prepare(filled, LATER)

    with filled.reading() as connection:
        assert connection.execute("SELECT comment FROM acquisition").fetchall() == [("none",)]
        assert connection.execute("SELECT * FROM label").fetchall() == []
    assert version(file) == len(LATER)
    assert content(database.read(reference_id)) == before
    assert database.info().structure_hash != hash_before
    database.close()


def test_a_step_that_fails_leaves_the_version_before(file: Path, filled: SqliteFile) -> None:
    broken = (*LATER, ("CREATE TABLE more (a INTEGER) STRICT", "UPDATE nothing SET a = 1"))

    with pytest.raises(DatabaseUnusable, match="nothing"):
        schema.prepare(filled, broken)

    assert version(file) == len(schema.STEPS)
    with filled.reading() as connection:
        columns = connection.execute("SELECT * FROM acquisition").description
    assert "comment" not in [column[0] for column in columns]
    schema.prepare(filled, LATER)
    assert version(file) == len(LATER)


def test_a_later_version_is_an_error_and_the_file_stays_as_it_is(
    file: Path, filled: SqliteFile
) -> None:
    schema.prepare(filled, LATER)
    filled.close()
    before = file.read_bytes()

    with pytest.raises(DatabaseUnusable, match=r"later version.*update this program") as caught:
        AcquisitionDatabase.open(file)

    assert not isinstance(caught.value, DatabaseMalformed)
    assert file.read_bytes() == before


def test_tables_are_made_once_although_two_find_that_there_are_none(file: Path) -> None:
    one, other = SqliteFile(file), SqliteFile(file)

    schema.prepare(one)
    schema.prepare(other)

    with one.reading() as connection:
        assert connection.execute("SELECT * FROM setting").fetchall() == [("peer_import", "due")]
    one.close()
    other.close()


def test_an_earlier_version_that_cannot_be_written_is_an_error(
    file: Path, filled: SqliteFile
) -> None:
    filled.close()
    sqlite = SqliteFile(file, "immutable")

    schema.check(sqlite)
    with pytest.raises(DatabaseUnusable, match=r"earlier version.*copy it"):
        schema.check(sqlite, LATER)

    sqlite.close()

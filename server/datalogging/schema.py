"""Tables of the database of acquisitions, and how those of earlier versions become these.

The number of the version is SQLite's ``user_version``; its ``application_id`` tells the file from
those of other programs. Each version is made from the one before by a step; steps are only added.

An acquisition is a row and the axes and series that belong to it. The first series, position 0, is
the x axis. Samples are what `stored_series` packs. Names of series are in an index, so that to list
acquisitions touches no samples. Times are unique, so that a list can go on from any of them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import Final

from .errors import DatabaseUnusable
from .sqlite_file import SqliteFile

APPLICATION_ID: Final = 0x53634471  # "ScDq"

PEER_IMPORT: Final = "peer_import"  # a setting: whether the peer's database has been looked for
DUE: Final = "due"
DONE: Final = "done"

Step = Sequence[str]  # statements, in their order

STEPS: Final[tuple[Step, ...]] = (
    (
        """\
CREATE TABLE acquisition (
    id INTEGER PRIMARY KEY,
    reference_id TEXT NOT NULL UNIQUE,
    firmware_id TEXT NOT NULL,
    firmware_name TEXT,
    name TEXT NOT NULL,
    time_us INTEGER NOT NULL UNIQUE, -- of Unix
    trigger_index INTEGER,
    point_count INTEGER NOT NULL,
    series_count INTEGER NOT NULL, -- with x
    checksum INTEGER NOT NULL -- of all that never changes, see stored_acquisition.py
) STRICT""",
        "CREATE INDEX acquisition_of_firmware ON acquisition (firmware_id, time_us)",
        """\
CREATE TABLE axis (
    acquisition_id INTEGER NOT NULL REFERENCES acquisition (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    axis_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (acquisition_id, axis_id)
) STRICT, WITHOUT ROWID""",
        """\
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    acquisition_id INTEGER NOT NULL REFERENCES acquisition (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- 0: x
    axis_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    path TEXT,
    kind TEXT,
    sample_type TEXT NOT NULL, -- d, q or Q
    sample_count INTEGER NOT NULL,
    samples_crc32 INTEGER NOT NULL, -- before they were compressed
    samples BLOB NOT NULL -- zlib; little endian, 8 octets each
) STRICT""",
        "CREATE INDEX series_of_acquisition ON series (acquisition_id, position, name)",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        f"INSERT INTO setting VALUES ('{PEER_IMPORT}', '{DUE}')",
    ),
)


def prepare(database: SqliteFile, steps: Sequence[Step] = STEPS) -> None:
    """Make the tables of the latest version, unless the file has them.

    Raises:
        DatabaseUnusable: it is of another program, or of a later version. It has not been changed.
    """
    with database.reading() as connection:
        version = _version(database, connection, steps)
    if version == 0:
        with database.outside_transactions() as connection:
            connection.execute("PRAGMA auto_vacuum = FULL")  # what is deleted makes room on disk
    if version < len(steps):
        with database.writing() as connection:
            # Another process may have been faster; then there is nothing left to do.
            for step in steps[_version(database, connection, steps) :]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(steps)}")


def check(database: SqliteFile, steps: Sequence[Step] = STEPS) -> None:
    """Check that a file has the tables of the latest version, without writing to it.

    Raises:
        DatabaseUnusable: it has others, or none.
    """
    with database.reading() as connection:
        version = _version(database, connection, steps)
    if version != len(steps):
        raise DatabaseUnusable(
            f"{database.file} was written by an earlier version, and cannot be brought up to date "
            f"because it cannot be written; copy it to where it can be"
        )


def tell(database: SqliteFile) -> tuple[int, set[str]]:
    """Return the application id of a file, and the names of its tables.

    Raises:
        DatabaseUnusable: it cannot be read.
    """
    with database.reading() as connection:
        return _number(connection, "application_id"), set(_tables(connection))


def structure_hash(connection: sqlite3.Connection) -> str:
    """Return a SHA-1 over names and texts of the tables, in the order of names."""
    digest = hashlib.sha1(usedforsecurity=False)
    for name, sql in _tables(connection).items():
        digest.update(f"{name}{sql}".encode())
    return digest.hexdigest()


def _version(database: SqliteFile, connection: sqlite3.Connection, steps: Sequence[Step]) -> int:
    application_id = _number(connection, "application_id")
    version = _number(connection, "user_version")
    if application_id == 0 and version == 0 and not _tables(connection):
        return 0
    if application_id != APPLICATION_ID or version < 1:
        raise DatabaseUnusable(
            f"{database.file} is a database of another program; move it away, or choose another "
            f"folder with --data-folder"
        )
    if version > len(steps):
        raise DatabaseUnusable(
            f"{database.file} was written by a later version (its tables have version {version}, "
            f"known are those up to {len(steps)}); update this program, or move the file away"
        )
    return version


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> dict[str, str | None]:
    return dict(
        connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    )

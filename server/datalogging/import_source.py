"""What can be taken from a copy of a database: of the stock server, or of ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from scrutiny.core.datalogging import Acquisition

from . import acquisition_tables, schema
from .database import LIST_MAX
from .errors import DatabaseMalformed, DatabaseUnusable, ImportFailed
from .peer_database import TABLES as PEER_TABLES
from .peer_database import PeerDatabase
from .sqlite_file import SqliteFile, is_damage
from .stored_acquisition import Damage


class _Tables(Protocol):
    def read(self, row_id: int) -> Acquisition:
        """Return the acquisition of a row, or raise Damage."""
        ...


class _OwnTables:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, row_id: int) -> Acquisition:
        return acquisition_tables.read(self._connection, row_id)


class ImportSource:
    """Acquisitions of a copy.

    Args:
        original: what errors name.
        copy: is changed where that helps to read it.

    Attributes:
        reference_ids: whatever is in their place, by the number of the row.
        is_complete: whether these are all.

    Raises:
        ImportFailed: there is none.
    """

    def __init__(self, original: Path, copy: Path) -> None:
        self._original = original
        with self._blaming_original():
            self._sqlite = SqliteFile(copy, "write")
        try:
            with self._blaming_original():
                self._tables, table = self._open()
                with self._sqlite.reading() as connection:
                    self.reference_ids, self.is_complete = _scan(connection, table)
        except BaseException:
            self._sqlite.close()
            raise

    def read(self, row_id: int) -> Acquisition:
        """Return the acquisition of a row.

        Raises:
            Damage: it makes no sense, or cannot be read.
            ImportFailed: nothing can be read any more.
        """
        with self._blaming_original(), self._sqlite.reading():
            try:
                return self._tables.read(row_id)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                raise Damage(f"{error}") from error

    def close(self) -> None:
        """Close the copy."""
        self._sqlite.close()

    def _open(self) -> tuple[_Tables, str]:
        """Return what reads the tables, and the name of that with the reference ids."""
        connection = self._sqlite.connection
        application_id, tables = schema.tell(self._sqlite)
        if application_id == schema.APPLICATION_ID:
            schema.prepare(self._sqlite)
            # Where an index is damaged and its table is not, this helps.
            with contextlib.suppress(DatabaseUnusable), self._sqlite.writing():
                connection.execute("REINDEX")
            return _OwnTables(connection), "acquisition"
        if not tables >= PEER_TABLES:
            raise ImportFailed(
                f"{self._original} is a database, but none of acquisitions; that of the stock "
                f"server is scrutiny_datalog.sqlite"
            )
        with self._sqlite.reading():
            try:
                return PeerDatabase(connection), "acquisitions"
            except ImportFailed as error:
                raise ImportFailed(f"{self._original} cannot be used: {error}") from error

    @contextlib.contextmanager
    def _blaming_original(self) -> Generator[None]:
        try:
            yield
        except DatabaseMalformed as error:
            raise ImportFailed(
                f"nothing can be read from {self._original}: {error.reason}"
            ) from error
        except DatabaseUnusable as error:
            raise ImportFailed(f"{self._original}, of which a copy was read: {error}") from error


def _scan(connection: sqlite3.Connection, table: str) -> tuple[dict[int, object], bool]:
    """Return reference ids by row, and whether these are all.

    Damage is approached from both sides.
    """
    found: dict[int, object] = {}
    for order in ("ASC", "DESC"):
        try:
            found.update(  # with those that come before the damage
                connection.execute(
                    f"SELECT id, reference_id FROM {table} NOT INDEXED ORDER BY id {order} LIMIT ?",
                    (LIST_MAX,),
                )
            )
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        else:
            return found, True
    return dict(sorted(found.items())), False

"""What can be taken from a copy of a database: of the stock server, or of ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, Protocol

from scrutiny.core.datalogging import Acquisition

from . import acquisition_tables, schema
from .database import LIST_MAX
from .errors import DatabaseMalformed, DatabaseUnusable, ImportFailed
from .peer_database import TABLES as PEER_TABLES
from .peer_database import PeerDatabase
from .sqlite_file import SqliteFile, is_damage
from .stored_acquisition import Damage

_SERIES_MAX: Final = 10 * LIST_MAX


class _Tables(Protocol):
    def read(self, row_id: int) -> Acquisition:
        """Return the acquisition of a row, or raise Damage."""
        ...


class _OwnTables:
    """Reads tables without their indices, which may be damaged where the tables are not."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows, _ = _scan(connection, "series", "acquisition_id, position", _SERIES_MAX)
        self._series: dict[object, list[tuple[Any, int]]] = {}
        for row_id, (acquisition_id, position) in rows.items():
            self._series.setdefault(acquisition_id, []).append((position, row_id))

    def read(self, row_id: int) -> Acquisition:
        try:
            series = sorted(self._series.get(row_id, []))
        except TypeError as error:
            raise Damage("the positions of its series are no numbers") from error
        return acquisition_tables.read(self._connection, row_id, [one for _, one in series])


class ImportSource:
    """Acquisitions of a copy.

    Args:
        original: what errors name.
        copy: is changed where that helps to read it.

    Attributes:
        reference_ids: or whatever is in their place, by the number of the row.
        is_complete: whether these are all.

    Raises:
        ImportFailed: there is none.
    """

    def __init__(self, original: Path, copy: Path) -> None:
        self._original = original
        self._copy = copy
        with self._blaming_original():
            self._sqlite = SqliteFile(copy, "write")
        try:
            with self._blaming_original():
                self._tables, table = self._open()
                with self._sqlite.reading() as connection:
                    rows, self.is_complete = _scan(connection, table, "reference_id", LIST_MAX)
                self.reference_ids = {row_id: columns[0] for row_id, columns in rows.items()}
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
        application_id, tables = schema.tell(self._sqlite)
        if application_id == schema.APPLICATION_ID:
            schema.prepare(self._sqlite)
            with self._sqlite.reading() as connection:
                return _OwnTables(connection), "acquisition"
        if not tables >= PEER_TABLES:
            raise ImportFailed(
                f"{self._original} is a database, but none of acquisitions; that of the stock "
                f"server is scrutiny_datalog.sqlite"
            )
        with self._sqlite.reading() as connection:
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
                f"nothing can be taken from {self._original}: {error.reason}"
            ) from error
        except DatabaseUnusable as error:
            text = f"{error}".replace(f"{self._copy}", f"{self._original}")
            raise ImportFailed(text) from error


def _scan(
    connection: sqlite3.Connection, table: str, columns: str, count: int
) -> tuple[dict[int, tuple[Any, ...]], bool]:
    """Return columns by the number of their row, and whether these are all rows.

    Damage is approached from both sides.
    """
    found: dict[int, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        try:
            for row_id, *values in connection.execute(
                f"SELECT id, {columns} FROM {table} NOT INDEXED ORDER BY id {order} LIMIT ?",
                (count,),
            ):
                found[row_id] = tuple(values)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        else:
            return found, True
    return dict(sorted(found.items())), False

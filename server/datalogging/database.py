"""The acquisitions that are stored, in an SQLite file that several processes may have open.

What was added or changed is on disk when the call returns. A process that is killed leaves behind
either all of what it was doing or nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from scrutiny.core.datalogging import Acquisition, AcquisitionSummary
from scrutiny.core.firmware_id import parse_firmware_id

from . import acquisition_tables as tables
from . import schema
from .errors import (
    AcquisitionDamaged,
    AcquisitionExists,
    AcquisitionRefused,
    AcquisitionUnknown,
    AxisUnknown,
    DatabaseMalformed,
    DatabaseUnusable,
)
from .sqlite_file import SqliteFile, identity_of, make_folder, size_on_disk
from .stored_acquisition import Damage, storable_name, to_microseconds, to_rows

LIST_MAX: Final = 100_000

_NONE: Final[Mapping[int, str]] = MappingProxyType({})
_HEXADECIMAL: Final = re.compile("[0-9a-fA-F]+")
_WAL_SIZE_KEPT: Final = 4 << 20  # of what waits to get into the file, octets; more is given back


@dataclass(frozen=True, slots=True)
class StorageInfo:
    """What is known about all that is stored.

    Attributes:
        count: of acquisitions.
        oldest_s: Unix time; None if there is no acquisition.
        newest_s: likewise.
        file: where they are.
        size: of the file, and of what waits to get into it, in octets.
        structure_hash: SHA-1 of the tables; another one is another structure.
    """

    count: int
    oldest_s: float | None
    newest_s: float | None
    file: Path
    size: int
    structure_hash: str


class AcquisitionDatabase:
    """An open database; use it in the thread that opened it.

    Every method raises :class:`DatabaseUnusable` when the file cannot be used (any more), and
    :class:`DatabaseMalformed` when it is damaged. Reference ids that are none are unknown ones.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._sqlite = file

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open a database; it is made when it is not there, and brought up to date when it is old.

        One in a folder that cannot be written can be read, unless another program has it open.

        Raises:
            DatabaseMalformed: it is damaged, or no database.
            DatabaseUnusable: it cannot be opened or made. What is there has not been changed.
        """
        try:
            return cls._open(file)
        except DatabaseMalformed:
            raise
        except DatabaseUnusable:
            if _may_be_written(file) or not _is_alone(file):
                raise
        sqlite = SqliteFile(file, "immutable")
        try:
            schema.check(sqlite)
        except BaseException:
            sqlite.close()
            raise
        return cls(sqlite)

    @classmethod
    def _open(cls, file: Path) -> Self:
        make_folder(file.parent)
        sqlite = SqliteFile(file)
        try:
            schema.prepare(sqlite)
            with sqlite.outside_transactions() as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_KEPT}")
                # Readers do not wait for writers. Where it cannot be had, as on a network share, or
                # just now, because another process has the file open, it goes without.
                with contextlib.suppress(sqlite3.OperationalError):
                    connection.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            sqlite.close()
            raise
        return cls(sqlite)

    @property
    def file(self) -> Path:
        """Where it is."""
        return self._sqlite.file

    @property
    def is_current(self) -> bool:
        """Whether the open file still has its name; otherwise nobody would find what is added."""
        return self._sqlite.is_current

    @property
    def is_writable(self) -> bool:
        """Whether the permissions allow changes."""
        return _may_be_written(self.file)

    def add(self, acquisition: Acquisition) -> None:
        """Store an acquisition.

        Names beyond 1000 characters are cut. Each time is unique in a database, so that `summaries`
        can go on before any of them; one that is taken becomes some microseconds later.

        Raises:
            AcquisitionRefused: it is too large, or an identifier is none.
            AcquisitionExists: there is one of that id.
        """
        for identifier in (acquisition.reference_id, acquisition.firmware_id):
            if _identifier(identifier) != identifier:
                raise AcquisitionRefused(
                    f"not an identifier, which has 32 hexadecimal digits: {identifier[:60]!r}"
                )
        try:
            rows = to_rows(acquisition)
            with self._sqlite.writing() as connection:
                if tables.row_id_of(connection, acquisition.reference_id) is not None:
                    raise AcquisitionExists(acquisition.reference_id)
                time_us = tables.free_time_us(connection, rows.acquisition.time_us)
                tables.insert(connection, rows.at(time_us))
        except (ValueError, OverflowError) as error:  # such as a number of more than 64 bits
            raise AcquisitionRefused(f"the acquisition cannot be stored: {error}") from error

    def summaries(
        self,
        *,
        firmware_id: str | None = None,
        before_s: float | None = None,
        count: int | None = None,
    ) -> list[AcquisitionSummary]:
        """List acquisitions, newest first.

        Args:
            firmware_id: only those of this firmware.
            before_s: only those that are older than this Unix time.
            count: at most so many; 100,000 if it is not given, or more than that.

        Raises:
            ValueError: ``before_s`` is no number.
        """
        conditions: dict[str, str | int] = {}
        if before_s is not None:
            conditions["time_us < ?"] = to_microseconds(before_s)
        if firmware_id is not None:
            conditions["firmware_id = ?"] = _identifier(firmware_id)
        limit = LIST_MAX if count is None else max(0, min(count, LIST_MAX))
        with self._sqlite.reading() as connection:
            return tables.summaries(connection, conditions, limit)

    def summary(self, reference_id: str) -> AcquisitionSummary | None:
        """Return what a list tells about an acquisition; None if there is none of that id."""
        conditions = {"reference_id = ?": _identifier(reference_id)}
        with self._sqlite.reading() as connection:
            return next(iter(tables.summaries(connection, conditions, 1)), None)

    def matching(self, prefix: str, count: int = 20) -> list[str]:
        """Return reference ids that begin with some hexadecimal digits, in their order."""
        if not _HEXADECIMAL.fullmatch(prefix):
            return []
        low = prefix.lower()
        with self._sqlite.reading() as connection:
            rows = connection.execute(
                "SELECT CAST(reference_id AS TEXT) FROM acquisition "
                "WHERE reference_id >= ? AND reference_id < ? "
                "ORDER BY reference_id LIMIT ?",
                (low, f"{low}g", count),  # g comes after all digits
            )
            return [reference_id for (reference_id,) in rows]

    def read(self, reference_id: str) -> Acquisition:
        """Return an acquisition, with all samples.

        Raises:
            AcquisitionUnknown: there is none of that id.
            AcquisitionDamaged: it is not as it was stored.
        """
        with self._sqlite.reading() as connection:
            row_id = _row_id(connection, reference_id)
            try:
                return tables.read(connection, row_id)
            except Damage as damage:
                raise AcquisitionDamaged(reference_id, f"{damage}") from damage

    def rename(
        self, reference_id: str, name: str | None = None, axis_names: Mapping[int, str] = _NONE
    ) -> None:
        """Rename an acquisition, axes of it, or both; all of it or nothing.

        Args:
            reference_id: of the acquisition.
            name: the new one; None leaves it.
            axis_names: new names by axis id; `X_AXIS_ID` is the x axis.

        Raises:
            AcquisitionUnknown: there is none of that id.
            AxisUnknown: it has no such axis.
        """
        with self._sqlite.writing() as connection:
            row_id = _row_id(connection, reference_id)
            if name is not None:
                connection.execute(
                    "UPDATE acquisition SET name = ? WHERE id = ?", (storable_name(name), row_id)
                )
            for axis_id, axis_name in axis_names.items():
                if not tables.rename_axis(connection, row_id, axis_id, storable_name(axis_name)):
                    raise AxisUnknown(reference_id, axis_id)

    def delete(self, reference_id: str) -> None:
        """Delete an acquisition.

        Raises:
            AcquisitionUnknown: there is none of that id.
        """
        with self._sqlite.writing() as connection:
            row_id = _row_id(connection, reference_id)
            connection.execute("DELETE FROM acquisition WHERE id = ?", (row_id,))

    def delete_all(self) -> int:
        """Delete all acquisitions; returns how many there were."""
        with self._sqlite.writing() as connection:
            connection.execute("DELETE FROM series")
            connection.execute("DELETE FROM axis")
            return connection.execute("DELETE FROM acquisition").rowcount

    def info(self) -> StorageInfo:
        """Tell how much there is."""
        with self._sqlite.reading() as connection:
            count, oldest_us, newest_us = connection.execute(
                "SELECT count(*), CAST(min(time_us) AS INTEGER), CAST(max(time_us) AS INTEGER) "
                "FROM acquisition"
            ).fetchone()
            structure_hash = schema.structure_hash(connection)
        return StorageInfo(
            count,
            _seconds(oldest_us),
            _seconds(newest_us),
            self.file,
            size_on_disk(self.file),
            structure_hash,
        )

    def setting(self, name: str) -> str | None:
        """Return what this database remembers under a name."""
        with self._sqlite.reading() as connection:
            row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else f"{row[0]}"

    def set_setting(self, name: str, value: str) -> None:
        """Remember something under a name."""
        with self._sqlite.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close it; that fails for none."""
        self._sqlite.close()


def _identifier(text: str) -> str:
    """Return the identifier as it is stored; one that nothing has if the text is none."""
    return parse_firmware_id(text) or ""


def _row_id(connection: sqlite3.Connection, reference_id: str) -> int:
    row_id = tables.row_id_of(connection, _identifier(reference_id))
    if row_id is None:
        raise AcquisitionUnknown(reference_id)
    return row_id


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else time_us / 1e6


def _may_be_written(file: Path) -> bool:
    """Whether permissions and disk allow it; SQLite also makes files beside the database."""
    is_there = identity_of(file) is not None
    return os.access(file.parent, os.W_OK) and (not is_there or os.access(file, os.W_OK))


def _is_alone(file: Path) -> bool:
    """Whether all of a database is in its file: nobody has it open, and nobody was killed."""
    try:
        return file.stat().st_size == size_on_disk(file)
    except OSError:
        return False

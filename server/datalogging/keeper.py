"""The server's database, which is open for as long as the server runs, whatever happens to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from .damaged_file import set_aside
from .database import AcquisitionDatabase
from .errors import DatabaseMalformed, StorageError
from .imports import import_acquisitions
from .opening import open_database

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class DatabaseKeeper:
    """Runs operations on the database of a folder; use it in one thread.

    The database is opened when it is needed, and again when it was moved or deleted meanwhile. One
    that is damaged is moved aside, and a new one takes over what is whole.

    Args:
        data_folder: of the server.
    """

    def __init__(self, data_folder: Path) -> None:
        self._data_folder = data_folder
        self._database: AcquisitionDatabase | None = None
        self._complaint = ""

    def do(self, operation: Callable[[AcquisitionDatabase], ResultT]) -> ResultT:
        """Run an operation, once more if the database turns out to be damaged.

        Raises:
            DatabaseUnusable: there is no database to run it on. The log has said so once.
            StorageError: of the operation.
        """
        try:
            return operation(self._current())
        except DatabaseMalformed as malformed:
            self._replace(malformed)
            return operation(self._current())

    def close(self) -> None:
        """Close the database; the next operation opens it again."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _current(self) -> AcquisitionDatabase:
        if self._database is not None and not self._database.is_current:
            logger.warning("%s was moved or deleted; it is opened anew", self._database.file)
            self.close()
        if self._database is None:
            self._database = self._open()
        return self._database

    def _open(self) -> AcquisitionDatabase:
        try:
            database = open_database(self._data_folder)
        except DatabaseMalformed:
            raise
        except StorageError as error:
            self._complain(f"{error}")
            raise
        if database.is_writable:
            self._complaint = ""
        else:
            self._complain(f"{database.file} can be read, but not written")
        return database

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            logger.warning("acquisitions cannot be stored: %s", text)

    def _replace(self, malformed: DatabaseMalformed) -> None:
        """Begin a new database, with what can be taken from the damaged one."""
        self.close()
        moved = set_aside(malformed.file, malformed.identity, datetime.now())
        if moved is None:
            return
        logger.error(
            "the database of acquisitions is damaged (%s); it was moved to %s, and a new one begun",
            malformed.reason,
            moved,
        )
        database = self._current()
        try:
            report = import_acquisitions(moved, database)
        except StorageError as error:
            logger.warning(
                "nothing could be taken from it: %s; to try again: scrutiny import-datalog %s",
                error,
                moved,
            )
            return
        logger.info("acquisitions of %s: %s", moved, report)
        for reason in report.reasons:
            logger.warning("left out of %s: %s", moved, reason)

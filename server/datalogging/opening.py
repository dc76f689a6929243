"""The database of a data folder: opened, made, and filled with what the stock server has left."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from . import schema
from .database import AcquisitionDatabase
from .database_name import DATABASE_NAME
from .errors import ImportFailed
from .imports import import_acquisitions
from .sqlite_file import identity_of

logger = logging.getLogger(__name__)

PEER_DATABASE_NAME: Final = "scrutiny_datalog.sqlite"


def database_in(data_folder: Path) -> Path:
    """Return where the acquisitions of a data folder are."""
    return data_folder / DATABASE_NAME


def open_database(data_folder: Path) -> AcquisitionDatabase:
    """Open the database of a folder, or make one.

    The first time, it takes over what is in the stock server's database beside it.

    Raises:
        DatabaseMalformed: it is damaged, or no database.
        DatabaseUnusable: it cannot be opened or made. What is there has not been changed.
    """
    database = AcquisitionDatabase.open(database_in(data_folder))
    try:
        if database.setting(schema.PEER_IMPORT) == schema.DUE and database.is_writable:
            _take_over(data_folder / PEER_DATABASE_NAME, database)
            database.set_setting(schema.PEER_IMPORT, schema.DONE)
    except BaseException:
        database.close()
        raise
    return database


def _take_over(file: Path, database: AcquisitionDatabase) -> None:
    if identity_of(file) is None:
        return
    try:
        report = import_acquisitions(file, database)
    except ImportFailed as error:
        logger.warning("%s; to try again: scrutiny import-datalog %s", error, file)
        return
    logger.info("acquisitions of %s: %s", file, report)
    for reason in report.reasons:
        logger.warning("left out of %s: %s", file, reason)

"""What the verbs for stored acquisitions have in common: where they are, and how one is named."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import Final

from scrutiny.core.errors import ScrutinyError
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.opening import PEER_DATABASE_NAME, database_in, open_database
from scrutiny.sfd.store import default_data_folder

_DIGITS_MIN: Final = 6
_ID: Final = re.compile(f"[0-9a-fA-F]{{{_DIGITS_MIN},32}}")
_SHOWN_MAX: Final = 4
_COMPARED_MAX: Final = 1000
_CLOSE: Final = 0.75  # of the digits are the same
_HOW_TO_LIST: Final = "to list them: scrutiny list-datalog"


class NoSuchAcquisition(ScrutinyError):
    """What was given names no acquisition, or several; the text says which ones are near."""


def add_data_folder(parser: argparse.ArgumentParser) -> None:
    """Add the option that tells where acquisitions are, as the server has it."""
    parser.add_argument(
        "--data-folder",
        metavar="FOLDER",
        type=Path,
        help="where the server keeps its data (default: of the user's account)",
    )


def database_file(arguments: argparse.Namespace) -> Path:
    """Return where the acquisitions are, or would be."""
    return database_in(_folder(arguments))


@contextlib.contextmanager
def stored_acquisitions(arguments: argparse.Namespace) -> Generator[AcquisitionDatabase | None]:
    """Open the acquisitions that are stored; None if nothing ever was.

    Raises:
        StorageError: they cannot be read.
        OSError: likewise.
    """
    folder = _folder(arguments)
    if not database_in(folder).exists() and not (folder / PEER_DATABASE_NAME).exists():
        yield None
        return
    with contextlib.closing(open_database(folder)) as database:
        yield database


@contextlib.contextmanager
def one_acquisition(
    arguments: argparse.Namespace, text: str
) -> Generator[tuple[AcquisitionDatabase, str]]:
    """Open the acquisitions, and find the only one whose id begins with these digits.

    Raises:
        NoSuchAcquisition: there is none, or more than one.
        StorageError: they cannot be read.
    """
    with stored_acquisitions(arguments) as database:
        if database is None:
            raise NoSuchAcquisition(f"no acquisition is stored in {_folder(arguments)}")
        yield database, _find(database, text)


@contextlib.contextmanager
def acquisition_storage(arguments: argparse.Namespace) -> Generator[AcquisitionDatabase]:
    """Open the acquisitions that are stored, and make a place for them if there is none.

    Raises:
        StorageError: that is not possible.
    """
    with contextlib.closing(open_database(_folder(arguments))) as database:
        yield database


def _find(database: AcquisitionDatabase, text: str) -> str:
    if not _ID.fullmatch(text):
        raise NoSuchAcquisition(
            f"not a reference id: {text[:60]!r}; give at least the first {_DIGITS_MIN} of its 32 "
            f"hexadecimal digits; {_HOW_TO_LIST}"
        )
    found = database.matching(text, _SHOWN_MAX + 1)
    if len(found) == 1:
        return found[0]
    if found:
        more = ", ..." if len(found) > _SHOWN_MAX else ""
        raise NoSuchAcquisition(
            f"{text} is the beginning of several: {', '.join(found[:_SHOWN_MAX])}{more}"
        )
    near = _near(database, text.lower())
    hint = f"did you mean {' or '.join(near)}?" if near else _HOW_TO_LIST
    raise NoSuchAcquisition(f"no acquisition is stored as {text}; {hint}")


def _near(database: AcquisitionDatabase, text: str) -> list[str]:
    import difflib  # which those who type well need not wait for

    stored = [one.reference_id for one in database.summaries(count=_COMPARED_MAX)]
    beginnings = {reference_id[: len(text)]: reference_id for reference_id in stored}
    close = difflib.get_close_matches(text, beginnings, n=2, cutoff=_CLOSE)
    return [beginnings[one] for one in close]


def _folder(arguments: argparse.Namespace) -> Path:
    chosen: Path | None = arguments.data_folder
    return chosen or default_data_folder()

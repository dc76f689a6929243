"""A copy of a database, to read what must not be touched."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

from scrutiny.sfd.regular_files import open_regular

from .errors import ImportFailed
from .sqlite_file import companions

_ATTEMPTS: Final = 3

_Marks = list[tuple[int, int] | None]  # size and time of change, per file


@contextlib.contextmanager
def private_copy(file: Path) -> Generator[Path]:
    """Copy a database and what SQLite keeps beside it; the copy goes when the block ends.

    SQLite writes to what it opens, if only to bring an interrupted change to its end. The original
    is read, and nothing else happens to it.

    Raises:
        ImportFailed: it cannot be read or copied, or somebody is writing to it.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="scrutiny-import-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ImportFailed(
            f"there is no place for a copy of {file}: {error.strerror or error}; set TMPDIR to a "
            f"folder that can be written"
        ) from error
    with folder as name:
        copy = Path(name) / "copy.sqlite"
        for _ in range(_ATTEMPTS):
            if _copy_all(file, copy):
                break
        else:
            raise ImportFailed(f"{file} is being written to; end the program that does so")
        yield copy


def _copy_all(file: Path, copy: Path) -> bool:
    """Copy all files; returns whether none of them has changed meanwhile."""
    pairs = [(file, copy), *zip(companions(file), companions(copy), strict=True)]
    before = _marks(file)
    for source, target in pairs:
        target.unlink(missing_ok=True)
        if source == file or source.exists():
            _copy(source, target)
    return _marks(file) == before


def _copy(source: Path, target: Path) -> None:
    try:
        with open_regular(source) as reader, target.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
    except FileNotFoundError as error:
        raise ImportFailed(f"{source}: there is no such file") from error
    except OSError as error:
        if error.filename is not None:
            raise ImportFailed(f"cannot read {source}: {error.strerror or error}") from error
        raise ImportFailed(
            f"cannot copy {source} to {target.parent}: {error.strerror or error}; set TMPDIR to a "
            f"folder with more room"
        ) from error


def _marks(file: Path) -> _Marks:
    marks: _Marks = []
    for one in (file, *companions(file)):
        try:
            status = one.stat()
        except OSError:
            marks.append(None)
        else:
            marks.append((status.st_size, status.st_mtime_ns))
    return marks

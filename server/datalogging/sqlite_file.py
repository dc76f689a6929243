"""An open SQLite file, whose content may be damaged or hostile.

What it can cost is bounded: a value by its length, an operation by the work it takes, so that a
file whose pages lead in circles ends in an error.
"""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Final, Literal

from scrutiny.core.datalogging import SAMPLE_SIZE

from .errors import DatabaseMalformed, DatabaseUnusable, FileIdentity, StorageError

# Of all series of an acquisition together: 256 MiB, a hundred times the memory of large targets.
SAMPLES_MAX: Final = 1 << 25
_VALUE_SIZE_MAX: Final = SAMPLES_MAX * SAMPLE_SIZE + (1 << 20)  # more than zlib can add

# How long to wait for another process, which writes a few milliseconds at a time.
BUSY_TIMEOUT_S: Final = 5.0

# Instructions of SQLite's virtual machine. To list 10,000 acquisitions takes 2 million.
_STEP_SIZE: Final = 1_000_000
_STEPS_MAX: Final = 200

_NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

_LOWEST_VERSION: Final = (3, 37, 0)  # has tables with strict types

Mode = Literal["create", "write", "read", "immutable"]
_MODES: Final[dict[Mode, str]] = {
    "create": "mode=rwc",
    "write": "mode=rw",
    "read": "mode=ro",
    "immutable": "mode=ro&immutable=1",
}


class SqliteFile:
    """Runs transactions on a file; use it in the thread that opened it.

    Args:
        file: a file, a link to one, or nothing yet.
        mode: ``immutable`` reads what nobody writes, without a lock; the folder may be read-only.

    Attributes:
        file: where it is.
        identity: of the file that is open, whatever has its name by now.
        connection: for statements within a transaction.

    Raises:
        DatabaseUnusable: it cannot be opened; that it is damaged shows when it is read.
    """

    def __init__(self, file: Path, mode: Mode = "create") -> None:
        self.file = file
        self._steps_left = _STEPS_MAX
        _check_version()
        _check_kind(file)
        self.identity = identity_of(file)
        try:
            self.connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?{_MODES[mode]}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,  # transactions begin where we say so
            )
        except sqlite3.Error as error:
            raise self.explain(error) from error
        try:
            self._restrict()
        except BaseException as error:
            self.connection.close()
            if isinstance(error, sqlite3.Error):
                raise self.explain(error) from error
            raise
        self.identity = self.identity or identity_of(file)

    @contextlib.contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Let the block read one state of the file, whatever others write meanwhile.

        Raises:
            DatabaseUnusable: it cannot be read.
        """
        with self.outside_transactions() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                self._roll_back()  # not COMMIT, which fails for the damage that has been met

    @contextlib.contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Let the block change the file; all that it does is done when it ends well, or nothing.

        Raises:
            DatabaseUnusable: it cannot be written; nothing has changed.
        """
        with self.outside_transactions() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, sqlite3.Error) and _code(error) in _NO_ROOM:
                    self._give_room_back()
                raise

    @contextlib.contextmanager
    def outside_transactions(self) -> Generator[sqlite3.Connection]:
        """Let the block set what cannot be set within a transaction.

        Raises:
            DatabaseUnusable: it cannot be set.
        """
        self._steps_left = _STEPS_MAX
        try:
            yield self.connection
        except sqlite3.Error as error:
            raise self.explain(error) from error
        except UnicodeDecodeError as error:
            # The module's answer when a message of SQLite quotes a table that is no text any more.
            reason = "what describes its tables is no text"
            raise DatabaseMalformed(self.file, reason, self.identity) from error

    @property
    def is_current(self) -> bool:
        """Whether the open file still has its name; otherwise nobody would find what is written."""
        return identity_of(self.file) == self.identity

    def close(self) -> None:
        """Close the file; that fails for none."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()

    def explain(self, error: sqlite3.Error) -> StorageError:
        """Return an error that says what to do."""
        return _explain(self.file, self.identity, error)

    def _restrict(self) -> None:
        connection = self.connection
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_SIZE_MAX)
        connection.set_progress_handler(self._has_too_much_work, _STEP_SIZE)
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA foreign_keys = ON")

    def _has_too_much_work(self) -> bool:
        self._steps_left -= 1
        return self._steps_left <= 0

    def _roll_back(self) -> None:
        self._steps_left = _STEPS_MAX  # that takes some work, too
        if self.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")

    def _give_room_back(self) -> None:
        """Empty the write-ahead log, so that there is room at least for what deletes something."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def identity_of(file: Path) -> FileIdentity | None:
    """Return which file has this name now; None if that cannot be told."""
    try:
        status = file.stat()
    except OSError:
        return None
    return FileIdentity(status.st_dev, status.st_ino)


def companions(file: Path) -> list[Path]:
    """Return where SQLite keeps what has not got into the file; they may not be there."""
    place = file.resolve()  # which is not beside a link
    return [place.with_name(f"{place.name}{ending}") for ending in ("-wal", "-journal")]


def size_on_disk(file: Path) -> int:
    """Return the size of a file and of its companions, in octets."""
    size = 0
    for one in (file, *companions(file)):
        with contextlib.suppress(OSError):
            size += one.stat().st_size
    return size


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite found that what is stored makes no sense."""
    return _code(error) in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_INTERRUPT,
    )


def make_folder(folder: Path) -> None:
    """Make a folder for databases, unless it is there.

    Raises:
        DatabaseUnusable: that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(
            f"cannot make {folder}: {error.strerror or error}; choose another folder with "
            f"--data-folder"
        ) from error


def _check_version() -> None:
    if sqlite3.sqlite_version_info < _LOWEST_VERSION:
        due = ".".join(map(str, _LOWEST_VERSION[:2]))
        raise DatabaseUnusable(
            f"this Python has SQLite {sqlite3.sqlite_version}, acquisitions are stored with "
            f"{due} or later; use another Python"
        )


def _check_kind(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise DatabaseUnusable(
            f"cannot open {file}: {error.strerror or error}; choose another folder with "
            f"--data-folder"
        ) from error
    if not stat.S_ISREG(mode):
        raise DatabaseUnusable(f"{file} is no file; move it away")


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _code(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)  # the module's own errors have none
    return None if code is None else code & 0xFF


def _explain(file: Path, identity: FileIdentity | None, error: sqlite3.Error) -> StorageError:
    match _code(error):
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseMalformed(file, f"{error}", identity)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            text = f"{file} is locked by another program; end that one, or try again"
        case sqlite3.SQLITE_FULL:
            text = f"no room is left on the disk of {file}; free some, and try again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            text = (
                f"{file} cannot be opened or written ({error}); check the permissions of it and of "
                f"its folder, or choose another folder with --data-folder"
            )
        case sqlite3.SQLITE_IOERR:
            name = getattr(error, "sqlite_errorname", "")
            text = (
                f"the disk of {file} fails ({error}, {name}); check it, and the room that is left"
            )
        case sqlite3.SQLITE_INTERRUPT:
            text = f"{file} takes more work than any database of acquisitions; it may be damaged"
        case _:
            text = f"{file} cannot be used: {error}"
    return DatabaseUnusable(text)

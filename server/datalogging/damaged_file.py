"""What becomes of a damaged database: it gets another name, and nothing else happens to it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

from .errors import DatabaseUnusable, FileIdentity
from .sqlite_file import companions, identity_of


def set_aside(file: Path, identity: FileIdentity | None, now: datetime) -> Path | None:
    """Rename a damaged database and what belongs to it, so that a new one can be begun.

    Two servers that find the same damage at the same time rename it once.

    Args:
        file: where it is.
        identity: of the one that is damaged.
        now: becomes part of the name.

    Returns:
        Where it is now; None if it was gone already, or another one has taken its place.

    Raises:
        DatabaseUnusable: it cannot be renamed.
    """
    try:
        with _only_one(file):
            if identity_of(file) != identity:
                return None
            target = _free_name(file, now)
            # First what belongs to it: beside a new file of the same name it would be lost.
            if not file.is_symlink():
                for old, new in zip(companions(file), companions(target), strict=True):
                    with contextlib.suppress(FileNotFoundError):
                        old.rename(new)
            file.rename(target)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DatabaseUnusable(
            f"{file} is damaged, and cannot be moved aside ({error.strerror or error}); move it "
            f"away, so that a new one can be begun"
        ) from error
    return target


def _free_name(file: Path, now: datetime) -> Path:
    name = f"{file.name}.damaged-{now:%Y%m%d-%H%M%S}"
    target, number = file.with_name(name), 1
    while target.exists():
        number += 1
        target = file.with_name(f"{name}-{number}")
    return target


@contextlib.contextmanager
def _only_one(file: Path) -> Generator[None]:
    """Wait until no other process is about to rename this file."""
    if sys.platform == "win32":  # where a file that somebody has open cannot be renamed anyway
        yield
        return
    import fcntl

    descriptor = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

"""Files that are replaced at once or not at all, so that nobody meets half of one."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final

_MODE_OF_NEW_FILES: Final = 0o666  # less what the umask of the user takes away
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NAME_SIZE_KEPT: Final = 230  # octets, of the 255 that file systems have
_NAME_LENGTH_CUT: Final = 50  # characters, up to 4 octets each


@contextlib.contextmanager
def replacing(target: Path, mode: int | None = None, *, follow: bool = True) -> Generator[BinaryIO]:
    """Open a file to write, which takes the place of the target when the block ends well.

    A link stays, and what it leads to is replaced. When the block raises, nothing has changed. What
    is no file, as a pipe or /dev/null, is written to as it is. In folders of our own, where neither
    belongs, the target itself is replaced, whatever it is.

    Args:
        target: need not exist; its folder has to.
        mode: permissions; None: those that the target has, or those of any new file.
        follow: whether links and what is no file are the user's.

    Raises:
        OSError: it cannot be written; the error names the target.
    """
    if follow:
        if _is_device(target):
            with target.open("wb") as stream:
                yield stream
            return
        target = target.resolve()
    draft = _draft_of(target)
    with _naming(draft, target):
        descriptor = os.open(draft, _FLAGS, _MODE_OF_NEW_FILES)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
        mode = _permissions(target) if mode is None and (follow or _is_file(target)) else mode
        with _naming(draft, target):
            if mode is not None:
                draft.chmod(mode)
            draft.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _is_device(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


def _is_file(target: Path) -> bool:
    return target.is_file() and not target.is_symlink()


@contextlib.contextmanager
def _naming(draft: Path, target: Path) -> Generator[None]:
    """Let errors name the target, which the user knows, and not the draft."""
    try:
        yield
    except OSError as error:
        if error.filename != os.fspath(draft):
            raise
        raise OSError(error.errno, error.strerror, os.fspath(target)) from error


def _draft_of(target: Path) -> Path:
    """Return a new name in the same folder; what a killed process leaves can be told by it."""
    fits = len(os.fsencode(target.name)) <= _NAME_SIZE_KEPT
    name = target.name if fits else target.name[:_NAME_LENGTH_CUT]
    return target.with_name(f".{name}.{os.urandom(6).hex()}.tmp")


def _permissions(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None

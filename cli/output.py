"""Text for the user: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

_LENGTH_MAX: Final = 2000  # of a message; names in a hostile file may have megabytes


class OutputFailed(Exception):
    """Standard output takes nothing any more; the cause is the OSError that tells why.

    No ScrutinyError: it is for :mod:`.main` alone, and ends every verb in the same way.
    """


def show(text: str) -> None:
    """Write a line of the result, at once: who watches through a pipe should not wait.

    Raises:
        OutputFailed: nobody reads it, or there is no room for it.
    """
    try:
        print(_encodable(text), flush=True)
    except OSError as error:
        raise OutputFailed from error


def _encodable(text: str) -> str:
    """Return a text that standard output can take: names come from files, and may be anything."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def show_data(data: bytes) -> None:
    """Write a result as it is, without a line end.

    Raises:
        OutputFailed: like :func:`show`.
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] # closed by the parent
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputFailed from error


def show_error(text: str) -> None:
    """Write one line that says what went wrong and what to do."""
    with contextlib.suppress(OSError):  # there is nobody left to tell
        print(f"error: {one_line(text)}", file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Return what does nothing to a terminal but take space; names in it come from anywhere."""
    if len(text) > _LENGTH_MAX:
        text = f"{text[:_LENGTH_MAX]}..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def flush() -> None:
    """Write what others, as the help of argparse, have left in the buffer.

    Raises:
        OutputFailed: like :func:`show`.
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] # closed by the parent
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputFailed from error


def give_up() -> None:
    """Throw away what is still in the buffer, or Python fails once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

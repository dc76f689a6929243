"""Text as results: into a file that is there as a whole or not at all, or to standard output."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scrutiny.core.acquisition_csv import ENCODING, TextSink
from scrutiny.sfd.atomic_files import replacing

from .output import show_data

STANDARD_OUTPUT: Final = "-"

_CHUNK_SIZE: Final = 1 << 16


def write_text(target: str, write: Callable[[TextSink], object]) -> None:
    """Let a function write text, as UTF-8 with the line ends that it has.

    Args:
        target: a file, which is replaced, or ``-`` for standard output.
        write: is called once.

    Raises:
        OSError: the file cannot be written.
        OutputFailed: standard output cannot.
    """
    if target == STANDARD_OUTPUT:
        output = _StandardOutput()
        write(output)
        output.flush()
        return
    with replacing(Path(target)) as stream:
        text = io.TextIOWrapper(stream, encoding=ENCODING, newline="")
        write(text)
        text.detach()


class _StandardOutput:
    """Standard output as octets: it may have another encoding, and other line ends."""

    def __init__(self) -> None:
        self._chunk = io.StringIO()

    def write(self, text: str) -> None:
        self._chunk.write(text)
        if self._chunk.tell() >= _CHUNK_SIZE:
            self.flush()

    def flush(self) -> None:
        show_data(self._chunk.getvalue().encode(ENCODING))
        self._chunk = io.StringIO()

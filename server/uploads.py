"""A description that comes in pieces, kept in a temporary file until it is complete."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

from scrutiny.core.errors import ScrutinyError

LARGEST_UPLOAD: Final = 64 << 20  # octets
LIFETIME_S: Final = 30.0  # after the last piece


class UploadError(ScrutinyError):
    """A piece does not fit, or cannot be stored; the upload is discarded."""


class Upload:
    """One file on its way.

    All methods are for the loop's thread; the disk is touched in other threads.

    Args:
        loop: for the end of its life.
        total_size: of the file, in octets.
        on_end: called when it is discarded, whoever did it.

    Attributes:
        token: its name, which nobody can guess.
        size: octets received.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        total_size: int,
        on_end: Callable[[Upload], None],
    ) -> None:
        self.token = secrets.token_hex(16)
        self.size = 0
        self._loop = loop
        self._total_size = total_size
        self._callbacks = [on_end]
        self._next_index: int = 0
        self._path: Path | None = None
        self._is_busy = False
        self._is_discarded = False
        self._end_of_life: asyncio.TimerHandle | None = None

    @property
    def path(self) -> Path:
        """The file."""
        assert self._path is not None
        return self._path

    @property
    def is_complete(self) -> bool:
        """Whether all octets are there."""
        return self.size == self._total_size

    def call_at_end(self, callback: Callable[[Upload], None]) -> None:
        """Tell somebody else as well when it is discarded."""
        self._callbacks.append(callback)

    async def begin(self) -> None:
        """Make the file.

        Raises:
            UploadError: that is not possible.
        """
        with self._busy():
            try:
                self._path = await asyncio.to_thread(_make_file)
            except OSError as error:
                raise UploadError(f"there is no place for it: {error.strerror}") from error

    async def append(self, index: int, data: bytes) -> None:
        """Add a piece; the file is complete with the last one, and then has no end of life.

        Raises:
            UploadError: it is not the next one, is empty or too large, or cannot be stored.
        """
        with self._busy():
            if index != self._next_index:
                raise UploadError(f"chunk_index is {index}, {self._next_index} is due")
            if not data:
                raise UploadError("the chunk is empty")
            if self.size + len(data) > self._total_size:
                raise UploadError(
                    f"{self.size + len(data)} octets have come, {self._total_size} were announced"
                )
            try:
                await asyncio.to_thread(_append, self.path, data)
            except OSError as error:
                raise UploadError(f"the chunk cannot be stored: {error.strerror}") from error
            self.size += len(data)
            self._next_index += 1

    def discard(self) -> None:
        """Remove the file, at once or when nobody writes into it any more."""
        if self._is_discarded:
            return
        self._is_discarded = True
        self._stop_waiting()
        if not self._is_busy:
            self._remove()
        for callback in self._callbacks:
            callback(self)

    @contextlib.contextmanager
    def _busy(self) -> Generator[None]:
        self._is_busy = True
        self._stop_waiting()
        try:
            yield
        except BaseException:
            self._is_busy = False
            self.discard()
            raise
        self._is_busy = False
        if self._is_discarded:
            self._remove()
            raise UploadError("the upload was discarded meanwhile")
        if not self.is_complete:
            self._end_of_life = self._loop.call_later(LIFETIME_S, self.discard)

    def _stop_waiting(self) -> None:
        if self._end_of_life is not None:
            self._end_of_life.cancel()
            self._end_of_life = None

    def _remove(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()


def _make_file() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="scrutiny-upload-", suffix=".sfd")
    os.close(descriptor)
    return Path(name)


def _append(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:  # never makes one that was discarded again
        file.seek(0, os.SEEK_END)
        file.write(data)

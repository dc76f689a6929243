"""Who has changed what: a line of JSON for every write, in files that are turned over.

    {"time": "2026-11-28T09:15:02.113Z", "who": "bench", "role": "operator",
     "address": "127.0.0.1:50412", "action": "write", "target": "/rpv/x1000",
     "old": 12, "new": 15, "result": "confirmed"}

A thread writes the lines, so that a slow disk delays no device; what it has not written is lost if
the machine loses its power, and what was noted in the last 20 ms if the server is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from scrutiny.core.values import Value

from .identity import Identity

logger = logging.getLogger(__name__)

LARGEST_FILE: Final = 10 << 20
MOST_FILES: Final = 5  # besides the one that is being written
CONFIRMED: Final = "confirmed"

# How long lines may wait for others: a thread that wakes up for each of them takes the interpreter
# away from the loop, in the middle of what it does next.
HAND_OVER_S: Final = 0.02


class AuditRecord(msgspec.Struct):
    """A change, and who has asked for it.

    Attributes:
        time: when it ended, UTC.
        who: name of the token.
        role: of the token.
        address: where the client came from.
        action: name of the command.
        target: path, address in memory, or what else was changed.
        old: last known value before; None: unknown.
        new: value that was asked for; octets in hexadecimal.
        result: "confirmed", or why it has failed.
    """

    time: str
    who: str
    role: str
    address: str
    action: str
    target: str
    old: Value | str | None
    new: Value | str | None
    result: str


class Change(msgspec.Struct, frozen=True):
    """What somebody asks for; see `AuditRecord`."""

    action: str
    target: str
    old: Value | str | None = None
    new: Value | str | None = None


class AuditLog:
    """The log; in memory for a moment, then in the hands of its thread.

    Args:
        file: of JSON lines; None: nothing is kept.
        loop: of the server.
    """

    def __init__(self, file: Path | None, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writer = _Writer(file) if file is not None else None
        self._thread = ThreadPoolExecutor(1, "audit log")
        self._records: list[AuditRecord] = []

    def note(self, identity: Identity, address: str, change: Change, result: str) -> None:
        """Note how a change ended."""
        if self._writer is None:
            return
        if not self._records:
            self._loop.call_later(HAND_OVER_S, self._hand_over)
        self._records.append(
            AuditRecord(
                time=_time_text(time.time_ns() // 1_000_000),
                who=identity.name,
                role=identity.role.value,
                address=address,
                action=change.action,
                target=change.target,
                old=_writable(change.old),
                new=_writable(change.new),
                result=result,
            )
        )

    async def close(self) -> None:
        """Write what is left."""
        self._hand_over()
        await self._loop.run_in_executor(None, self._thread.shutdown)
        if self._writer is not None:
            self._writer.close()

    def _hand_over(self) -> None:
        records, self._records = self._records, []
        if records and self._writer is not None:
            self._thread.submit(self._writer.write, records)


class _Writer:
    """The files. All is called in one thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None
        self._size = 0
        self._lost = 0
        self._encoder = msgspec.json.Encoder()

    def write(self, records: list[AuditRecord]) -> None:
        """Append records; what cannot be written is counted, and told once."""
        data = self._encoder.encode_lines(records)
        try:
            descriptor = self._open(len(data))
            while data:
                count = os.write(descriptor, data)
                self._size += count
                data = data[count:]
        except OSError as error:
            if not self._lost:
                logger.error("cannot write the audit log %s: %s", self._file, error.strerror)
            self._lost += len(records)
            self.close()
            return
        if self._lost:
            logger.error("the audit log %s goes on; it lacks %d writes", self._file, self._lost)
            self._lost = 0

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, size: int) -> int:
        if self._descriptor is not None and self._size + size > LARGEST_FILE:
            self.close()
            self._turn_over()
        if self._descriptor is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(self._file, flags, 0o600)
            self._size = os.fstat(self._descriptor).st_size
        return self._descriptor

    def _turn_over(self) -> None:
        """Give each file the name of the one before it; the last one goes."""
        names = [self._file] + [
            self._file.with_name(f"{self._file.stem}.{number}{self._file.suffix}")
            for number in range(1, MOST_FILES + 1)
        ]
        for newer, older in reversed(list(pairwise(names))):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)


@functools.lru_cache(maxsize=1)  # the writes of one request end in the same millisecond
def _time_text(unix_ms: int) -> str:
    text = datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _writable(value: Value | str | None) -> Value | str | None:
    """Return what JSON can carry: it knows no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value

"""Remembers the session that is open on each link, across a crash of the server.

A device accepts one session at a time, and only who knows its id can close it. A server that was
killed finds the id here, closes the session and is connected again at once, instead of waiting
until the device gives up.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec

logger = logging.getLogger(__name__)

_FILE_NAME = "sessions.json"


class OpenSession(msgspec.Struct):
    """A session in a device, and the process that has opened it."""

    session_id: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    pid: Annotated[int, msgspec.Meta(ge=1, le=0x7FFFFFFF)]


_decoder = msgspec.json.Decoder(dict[str, OpenSession])


class SessionMemory:
    """A small file in the runtime folder: link -> session id and the process that opened it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE_NAME

    def recall(self, link: str) -> int | None:
        """Return the id of a session that a server on this machine has left open on the link."""
        session = self._load().get(link)
        if session is None:
            return None
        if session.pid != os.getpid() and _is_running(session.pid):
            return None  # it is in use: closing it would take the device away from that process
        return session.session_id

    def remember(self, link: str, session_id: int) -> None:
        """Note that a session was opened."""
        self._change(link, OpenSession(session_id, os.getpid()))

    def forget(self, link: str) -> None:
        """Note that it was closed."""
        self._change(link, None)

    def _load(self) -> dict[str, OpenSession]:
        try:
            return _decoder.decode(self._file.read_bytes())
        except (OSError, msgspec.DecodeError):
            return {}

    def _change(self, link: str, session: OpenSession | None) -> None:
        sessions = self._load()
        if session is not None:
            sessions[link] = session
        elif sessions.pop(link, None) is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_name(f"{_FILE_NAME}.{os.getpid()}")
            fresh.write_bytes(msgspec.json.encode(sessions))
            fresh.replace(self._file)
        except OSError as error:
            # Not needed to work: without it a killed server only takes longer to come back.
            logger.warning("cannot keep the session id in %s: %s", self._file, error)


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process there
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended, and only its parent has not noticed yet; known on Linux only."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["Z"]  # the name before it may hold anything

"""Remembers the session that is open on each link, across a crash of the server.

A device accepts one session at a time, and only who knows its id can close it. A server that was
killed finds the id here, closes the session and is connected again at once, instead of waiting
until the device gives up.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_FILE_NAME = "sessions.json"


class SessionMemory:
    """A small file in the runtime folder: link -> session id and the process that opened it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE_NAME

    def recall(self, link: str) -> int | None:
        """Return the id of a session that a server on this machine has left open on the link."""
        record = self._load().get(link)
        if not isinstance(record, dict) or not isinstance(record.get("session_id"), int):
            return None
        pid = record.get("pid")
        if isinstance(pid, int) and pid != os.getpid() and _is_running(pid):
            return None  # it is in use: closing it would take the device away from that process
        return int(record["session_id"])

    def remember(self, link: str, session_id: int) -> None:
        """Note that a session was opened."""
        self._change(link, {"session_id": session_id, "pid": os.getpid()})

    def forget(self, link: str) -> None:
        """Note that it was closed."""
        self._change(link, None)

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _change(self, link: str, record: dict[str, int] | None) -> None:
        sessions = self._load()
        if record is None:
            if sessions.pop(link, None) is None:
                return
        else:
            sessions[link] = record
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_name(f"{_FILE_NAME}.{os.getpid()}")
            fresh.write_text(json.dumps(sessions), encoding="utf-8")
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
    return True

"""When a client that does not take its data is given up."""

from __future__ import annotations

from typing import Final

# Octets: a client that leaves so many unread is not asked for more commands until it has read.
PAUSE_BACKLOG: Final = 1 << 20

LARGEST_BACKLOG: Final = 8 << 20  # octets
TOO_LARGE_FOR_S: Final = 10.0
STUCK_FOR_S: Final = 30.0
CHECK_INTERVAL_S: Final = 5.0


class BacklogWatch:
    """Judges one client whose data have begun to pile up; no clock, no I/O.

    Args:
        octets_sent: to this client, until now.
        backlog: octets of them that it has not taken.
        now_s: the time.
    """

    def __init__(self, octets_sent: int, backlog: int, now_s: float) -> None:
        self._taken = octets_sent - backlog
        self._last_progress_s = now_s
        self._last_small_s = now_s

    def verdict(self, octets_sent: int, backlog: int, now_s: float) -> str:
        """Return why the client is given up, an empty text if it is not."""
        taken = octets_sent - backlog
        if taken > self._taken or backlog == 0:
            self._last_progress_s = now_s
        self._taken = taken
        if backlog <= LARGEST_BACKLOG:
            self._last_small_s = now_s

        if now_s - self._last_small_s >= TOO_LARGE_FOR_S:
            return (
                f"more than {LARGEST_BACKLOG >> 20} MiB wait for it; read faster, or ask for less"
            )
        if now_s - self._last_progress_s >= STUCK_FOR_S:
            return f"it has read nothing for {STUCK_FOR_S:g} s; read, or unsubscribe"
        return ""

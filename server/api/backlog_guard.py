"""Keeps an eye on what waits for one client, from when data pile up until they are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .backlog import CHECK_INTERVAL_S, BacklogWatch


class BacklogGuard:
    """Looks at the backlog of a client every few seconds, while there is one.

    Args:
        backlog: returns how many octets the client has not taken.
        give_up: called once, with the reason, when the client is not worth waiting for.
    """

    def __init__(self, backlog: Callable[[], int], give_up: Callable[[str], None]) -> None:
        self._backlog = backlog
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._octets_sent = 0
        self._check: asyncio.TimerHandle | None = None

    def sent(self, octets: int) -> None:
        """Count what was just given to the socket."""
        self._octets_sent += octets
        if self._check is None:
            self.look()

    def look(self) -> None:
        """Begin to watch, if something waits."""
        if self._check is None and (backlog := self._backlog()):
            watch = BacklogWatch(self._octets_sent, backlog, self._loop.time())
            self._check = self._loop.call_later(CHECK_INTERVAL_S, self._judge, watch)

    def stop(self) -> None:
        """Look no more: the client has left."""
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _judge(self, watch: BacklogWatch) -> None:
        self._check = None
        backlog = self._backlog()
        if not backlog:
            return
        if reason := watch.verdict(self._octets_sent, backlog, self._loop.time()):
            self._give_up(reason)
            return
        self._check = self._loop.call_later(CHECK_INTERVAL_S, self._judge, watch)

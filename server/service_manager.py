"""Tells the manager of services that started the server how it is doing; systemd, or none.

Source: sd_notify(3), of which a datagram to the socket in ``NOTIFY_SOCKET`` is all there is.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from typing import Final

logger = logging.getLogger(__name__)

_MICROSECONDS: Final = 1_000_000


class ServiceManager:
    """Who waits for news of the server; without one, nothing happens.

    Args:
        environment: of the process, as the manager has set it.
        pid: of the process.
    """

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._interval_s = _watchdog_interval_s(environment, pid)
        self._next: asyncio.TimerHandle | None = None

    def ready(self, port: int) -> None:
        """Tell that clients can connect; from now on, also that the loop still turns."""
        self._tell(f"READY=1\nSTATUS=clients connect to port {port}")
        if self._interval_s is not None and self._address:
            self._feed_watchdog(self._interval_s)

    def stopping(self) -> None:
        """Tell that the server is about to end."""
        if self._next is not None:
            self._next.cancel()
        self._tell("STOPPING=1")

    def _feed_watchdog(self, interval_s: float) -> None:
        self._tell("WATCHDOG=1")
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(interval_s, self._feed_watchdog, interval_s)

    def _tell(self, news: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is none of the file system: its first octet is 0 then.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.sendto(news.encode(), address)
        except (OSError, AttributeError) as error:  # no such sockets on Windows
            logger.warning("cannot tell the service manager at %s: %s", self._address, error)
            self._address = ""


def _watchdog_interval_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Return how often to tell that all is well: three times within the limit; None: never."""
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    limit_us = environment.get("WATCHDOG_USEC", "")
    if not limit_us.isdecimal() or int(limit_us) == 0:
        return None
    return int(limit_us) / 3 / _MICROSECONDS

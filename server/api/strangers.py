"""Connections that have not said who they are, and the door through which they come."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any, Final

# Who sends a handshake octet by octet holds such a place for ten seconds, unless others need it.
MOST_STRANGERS: Final = 100

# Connections accepted in one turn of the loop; so many handshakes take 2 ms. asyncio takes 100.
MOST_PER_TURN: Final = 2


class Strangers:
    """Of too many, the one that came first is cut off: a handshake is a matter of milliseconds."""

    def __init__(self) -> None:
        self._cut_off: dict[int, Callable[[], None]] = {}

    def add(self, number: int, cut_off: Callable[[], None]) -> None:
        """Note a connection, unless it is noted.

        Args:
            number: of its socket.
            cut_off: ends it.
        """
        if number in self._cut_off:
            return
        self._cut_off[number] = cut_off
        if len(self._cut_off) > MOST_STRANGERS:
            self._cut_off.pop(next(iter(self._cut_off)))()

    def discard(self, number: int) -> None:
        """Forget a connection: it is known now, or has ended."""
        self._cut_off.pop(number, None)


class Door(socket.socket):
    """A listening socket that accepts a few connections per turn of the loop.

    On Windows, asyncio does not accept through it, and strangers are noted later: TLS comes first.

    Args:
        listening: is not to be used any more.
        strangers: note who comes in.
    """

    def __init__(self, listening: socket.socket, strangers: Strangers | None = None) -> None:
        family, kind, protocol = listening.family, listening.type, listening.proto
        super().__init__(family, kind, protocol, fileno=listening.detach())
        self._strangers = strangers
        self._accepted = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection.

        Raises:
            BlockingIOError: there is none, or those of this turn have come; asyncio calls this
                until then.
            OSError: of the system.
        """
        if self._accepted == MOST_PER_TURN:
            self._accepted = 0
            raise BlockingIOError
        try:
            accepted, address = super().accept()
        except BaseException:
            self._accepted = 0
            raise
        self._accepted += 1
        if self._strangers is not None:
            accepted = _Guest(accepted, self._strangers)
            self._strangers.add(accepted.fileno(), accepted.cut_off)
        return accepted, address


class _Guest(socket.socket):
    """A connection that is no stranger any more when it is closed."""

    def __init__(self, accepted: socket.socket, strangers: Strangers) -> None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, fileno=accepted.detach())
        self._strangers = strangers

    def cut_off(self) -> None:
        """End the connection; who serves it finds it at its end, and closes."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._strangers.discard(self.fileno())
        super().close()

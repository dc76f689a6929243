"""Where the messages of one client go out."""

from __future__ import annotations

from typing import Protocol


class Outlet(Protocol):
    """A connection as the session behind it sees it. Nothing waits here, nothing raises.

    Attributes:
        takes_binary: it can carry binary messages.
    """

    takes_binary: bool

    def send(self, data: bytes) -> None:
        """Send a text message; nothing happens once the client is leaving."""
        ...

    def send_binary(self, data: bytes) -> None:
        """Send a binary message; not to be called unless it takes those."""
        ...

    def backlog(self) -> int:
        """Return how many octets the client has not taken yet."""
        ...

    def hold(self) -> None:
        """Keep what is sent from now on."""
        ...

    def release(self) -> None:
        """Send what was kept, in one piece: the client is woken up once."""
        ...

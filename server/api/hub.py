"""All clients: who is there, and what everybody is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scrutiny import __version__
from scrutiny.api.codec import encode
from scrutiny.api.messages import ServerMessage, Welcome
from scrutiny.api.versions import API_VERSION, FEATURES

from .client import SharedParts
from .session import ClientSession
from .status import server_status

SERVER_NAME: Final = f"Scrutiny Bridge {__version__}"


class Hub:
    """The clients of one server; takes over `on_status_changed` of the device."""

    def __init__(self, parts: SharedParts) -> None:
        self._parts = parts
        parts.device.on_status_changed = self._status_changed

    def connect(self, send: Callable[[bytes], None], backlog: Callable[[], int]) -> ClientSession:
        """Add a client and welcome it.

        Args:
            send: passes one encoded message on, without waiting.
            backlog: how many octets the client has not taken yet.
        """
        session = ClientSession(self._parts, send, backlog)
        session.client.send(
            Welcome(
                server_time_zero_timestamp=self._parts.clock.zero_timestamp,
                server=SERVER_NAME,
                api_version=API_VERSION,
                features=list(FEATURES),
            )
        )
        self._parts.clients[session.client.feed] = session.client
        return session

    def disconnect(self, session: ClientSession) -> None:
        """Remove a client that has left."""
        self._parts.clients.pop(session.client.feed, None)
        session.close()

    def broadcast(self, message: ServerMessage) -> None:
        """Send a message to all clients."""
        data = encode(message)
        for client in list(self._parts.clients.values()):
            client.send_encoded(data)

    def _status_changed(self) -> None:
        self.broadcast(server_status(self._parts.device.status))

"""All clients: who is there, and what everybody is told."""

from __future__ import annotations

from typing import Final

from scrutiny import __version__
from scrutiny.api.messages import AcquisitionListChanged, ClientAccess, ServerMessage, Welcome
from scrutiny.api.versions import API_VERSION, FEATURES

from ..access.identity import Identity
from ..access.rights import Right
from ..datalogging.logger_status import LoggerStatus
from .client import SharedParts
from .outlet import Outlet
from .session import ClientSession
from .status import server_status

SERVER_NAME: Final = f"Scrutiny Bridge {__version__}"


class Hub:
    """The clients of one server; takes over the callbacks of device and recordings."""

    def __init__(self, parts: SharedParts) -> None:
        self._parts = parts
        self._told_logger: LoggerStatus | None = None
        parts.device.on_status_changed = self._status_changed
        parts.recordings.on_status = self._logger_changed
        parts.recordings.on_stored = self._acquisition_stored

    def connect(self, outlet: Outlet, address: str, identity: Identity) -> ClientSession:
        """Add a client and welcome it.

        Args:
            outlet: where its messages go out.
            address: where it comes from, for other clients to read.
            identity: who it is, and what it may do.
        """
        session = ClientSession(self._parts, outlet, address, identity)
        session.client.send(
            Welcome(
                server_time_zero_timestamp=self._parts.clock.zero_timestamp,
                server=SERVER_NAME,
                api_version=API_VERSION,
                features=list(FEATURES),
                access=self._access_of(identity),
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
        self._parts.broadcast(message)

    def _access_of(self, identity: Identity) -> ClientAccess:
        policy = self._parts.policy
        rights = [right for right in Right if not policy.why_refused(identity, right)]
        return ClientAccess(identity.name, identity.role.value, [right.value for right in rights])

    def _status_changed(self) -> None:
        self._told_logger = self._parts.recordings.status
        self.broadcast(server_status(self._parts.device.status, self._told_logger))

    def _logger_changed(self) -> None:
        """Tell the state of the datalogger, unless a change of the device has told it already."""
        if self._parts.recordings.status != self._told_logger:
            self._status_changed()

    def _acquisition_stored(self, reference_id: str) -> None:
        self.broadcast(AcquisitionListChanged(action="new", reference_id=reference_id))

"""The handshake of a websocket: what it says goes to the gatekeeper, the verdict comes back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ..access.gatekeeper import SUBPROTOCOL, Gatekeeper, Handshake
from ..access.identity import Identity
from .errors import printable
from .repeated import RepeatedWarning

logger = logging.getLogger(__name__)


def handshake_of(address: str, headers: Headers) -> Handshake:
    """Return what a request says about who sends it."""
    try:
        offered = [
            protocol
            for value in headers.get_all("Sec-WebSocket-Protocol")
            for protocol in parse_subprotocol(value)
        ]
    except InvalidHeader:  # the library refuses it right afterwards
        offered = []
    return Handshake(
        address=address,
        host=headers.get_all("Host"),
        origin=headers.get_all("Origin"),
        authorization=headers.get_all("Authorization"),
        subprotocols=offered,
    )


def chosen_subprotocol(
    connection: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """Choose ours if it is offered: a page is not connected unless one of its own is chosen."""
    del connection
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


class Reception:
    """Lets websockets in, and logs who is turned away.

    Args:
        gatekeeper: decides.
        clock_s: in seconds.
    """

    def __init__(self, gatekeeper: Gatekeeper, clock_s: Callable[[], float]) -> None:
        self._gatekeeper = gatekeeper
        self._warning = RepeatedWarning(logger, clock_s)

    def admit(self, connection: ServerConnection, request: Request) -> Identity | Response:
        """Return who connects, or the answer that ends the handshake."""
        remote = connection.remote_address
        address = str(remote[0]) if remote else ""
        verdict = self._gatekeeper.admit(handshake_of(address, request.headers))
        if isinstance(verdict, Identity):
            return verdict
        self._warning.tell(f"client from {address} is turned away: {printable(verdict.reason)}")
        response = connection.respond(verdict.status, verdict.reason + "\n")
        if verdict.status is HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

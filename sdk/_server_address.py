"""Which server to connect to, and what proves who is at either end."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrutiny.api.token_files import TOKEN_VARIABLE, is_token, read_token

from ._arguments import check_address
from ._connect_failures import address_name

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server, as the user named it.

    Attributes:
        host: name, IPv4 or IPv6 address.
        port: of its websocket.
        token: that the user gave; None: the one of the environment, or the one that the server
            has left for this account.
        tls: what decides whether to trust the server; None: nothing is encrypted.
    """

    host: str
    port: int
    token: str | None = None
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        check_address(self.host, self.port)
        if self.token is not None and not is_token(self.token):
            raise ValueError("token is no token; copy it as `scrutiny token` has printed it")

    def __str__(self) -> str:
        return address_name(self.host, self.port)

    @property
    def uri(self) -> str:
        """Where the websocket is."""
        return f"{'ws' if self.tls is None else 'wss'}://{self}/"

    def headers(self) -> dict[str, str]:
        """Return what to add to the handshake now: with each start of a server its token is new."""
        token = self.token or os.environ.get(TOKEN_VARIABLE) or self._account_token()
        return {"Authorization": f"Bearer {token}"} if token and is_token(token) else {}

    def _account_token(self) -> str | None:
        # Another machine has no server of this account, and would learn what opens one here.
        return read_token(self.port) if _is_loopback(self.host) else None


def server_address(
    host: str, port: int, token: str | None, tls: bool | ssl.SSLContext, fingerprint: str | None
) -> ServerAddress:
    """Return what a user's arguments mean.

    Raises:
        ValueError: the host is empty, the port is out of range, or token or fingerprint are none.
    """
    context: ssl.SSLContext | None = None
    if tls or fingerprint is not None:
        from ._tls import client_context  # here: few need it, and it takes time to import

        context = client_context(tls, fingerprint)
    return ServerAddress(host, port, token, context)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

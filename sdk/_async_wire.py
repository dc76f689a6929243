"""How an asyncio client opens its websocket, and why one ended."""

from __future__ import annotations

import socket
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)

from ._connect_failures import (
    closed_by_server,
    no_host_name,
    not_our_server,
    not_trusted,
    turned_away,
    unreachable,
)
from ._server_address import ServerAddress
from ._wire import CLOSE_TIMEOUT_S, LARGEST_MESSAGE


async def open_websocket(address: ServerAddress, timeout_s: float) -> ClientConnection:
    """Connect, and shake hands.

    Raises:
        ConnectionError: nobody listens there, it is no websocket server, it is not to be trusted
            or turns this client away, or it took too long.
    """
    host, port = address.host, address.port
    try:
        connection = await connect(
            address.uri,
            host=host,
            port=port,
            ssl=address.tls,
            additional_headers=address.headers(),
            compression=None,
            proxy=None,
            open_timeout=timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,  # else a script that computes for a while would lose the server
            max_size=LARGEST_MESSAGE,
        )
    except InvalidMessage as error:
        raise not_our_server(host, port, error.__cause__ or error) from error
    except InvalidStatus as error:
        raise turned_away(host, port, error.response) from error
    except InvalidHandshake as error:
        raise not_our_server(host, port, error) from error
    except ssl.SSLError as error:  # some of them are ValueErrors
        raise not_trusted(host, port, error) from error
    except (InvalidURI, ValueError) as error:
        raise no_host_name(host, error) from error
    except OSError as error:
        raise unreachable(host, port, error) from error
    link = connection.transport.get_extra_info("socket")
    if link is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def close_reason(error: ConnectionClosed) -> str:
    """Return why the connection ended, in words."""
    return closed_by_server("" if error.rcvd is None else error.rcvd.reason)

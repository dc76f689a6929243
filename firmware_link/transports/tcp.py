"""Raw octets over a TCP connection."""

from __future__ import annotations

import asyncio
import socket

from ..errors import LinkOpenError
from .base import Transport
from .descriptor import DescriptorTransport
from .endpoint import StreamEndpoint, can_watch_descriptors
from .network import Address, connect_failure, resolve
from .settings import TcpSettings, address_text

CONNECT_TIMEOUT_S = 3.0  # per address of the host
# Octets unacknowledged for so long end the connection. Without it a device that was off for a
# minute is retried only when TCP's own back-off says so, a minute later.
_GIVE_UP_MS = 5000


class TcpTransport(DescriptorTransport):
    """A connected, non-blocking socket that the event loop watches."""

    def __init__(self, name: str, connection: socket.socket) -> None:
        super().__init__(name, connection.fileno(), connection.recv, connection.send)
        self._socket = connection

    def _release(self) -> None:
        self._socket.close()


async def open_tcp(settings: TcpSettings, *, portable: bool = False) -> Transport:
    """Connect to a device. Cancelling is safe.

    Args:
        settings: Where.
        portable: Use what loops without ``add_reader`` need; tests force it.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    connection = await connect(settings)
    name = address_text(settings.host, settings.port)
    return await over_connection(name, connection, portable=portable)


async def over_connection(name: str, connection: socket.socket, *, portable: bool) -> Transport:
    """Make a transport of a connected socket, which it owns from then on.

    Args:
        name: Of the other end, for texts.
        connection: Non-blocking.
        portable: As of ``open_tcp``.
    """
    loop = asyncio.get_running_loop()
    if not portable and can_watch_descriptors(loop):
        return TcpTransport(name, connection)
    try:
        _, endpoint = await loop.create_connection(lambda: StreamEndpoint(name), sock=connection)
    except BaseException:
        connection.close()
        raise
    return endpoint


async def connect(settings: TcpSettings) -> socket.socket:
    """Return a non-blocking socket that is connected. Cancelling is safe.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    failure: LinkOpenError | None = None
    for address in await resolve(settings, socket.SOCK_STREAM):
        try:
            return await _connect_to(address)
        except OSError as error:
            failure = failure or connect_failure(settings, error)
            failure.__cause__ = failure.__cause__ or error
    raise failure or LinkOpenError(f"the host {settings.host!r} has no address")


async def _connect_to(address: Address) -> socket.socket:
    family, target = address
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GIVE_UP_MS)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().sock_connect(connection, target)
    except BaseException:
        connection.close()
        raise
    return connection

"""UDP and TCP ports of a simulated device, on the loopback interface."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, DatagramTransport, Server, Transport
from collections.abc import Callable
from typing import Final, cast

HOST: Final = "127.0.0.1"
MAX_UNSENT_OCTETS: Final = 1 << 20
_MAX_DATAGRAM: Final = 65_507


class TcpPort:
    """A stream, one client at a time: a new one replaces the old one.

    The device does not notice when clients come and go, as with a serial port.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: _TcpClient | None = None
        self._on_bytes: Callable[[bytes], None] = _ignore

    @classmethod
    async def listen(cls, port: int) -> TcpPort:
        """Listen on a port, 0 for any that is free.

        Raises:
            OSError: the port is taken.
        """
        opened: list[TcpPort] = []
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _TcpClient(opened[0]), HOST, port)
        opened.append(cls(server))
        return opened[0]

    @property
    def description(self) -> str:
        return f"tcp {HOST}:{self._server.sockets[0].getsockname()[1]}"

    def start(self, loop: AbstractEventLoop, on_bytes: Callable[[bytes], None]) -> None:
        """Begin to receive."""
        self._on_bytes = on_bytes

    def send(self, data: bytes) -> None:
        """Send to the client, if there is one."""
        if self._client is not None:
            self._client.send(data)

    def close(self) -> None:
        """Hang up."""
        self._server.close()
        if self._client is not None:
            self._client.close()

    def client_came(self, client: _TcpClient) -> None:
        if self._client is not None:
            self._client.close()
        self._client = client

    def client_went(self, client: _TcpClient) -> None:
        if self._client is client:
            self._client = None

    def received(self, client: _TcpClient, data: bytes) -> None:
        if self._client is client:
            self._on_bytes(data)


class _TcpClient(asyncio.Protocol):
    def __init__(self, port: TcpPort) -> None:
        self._port = port
        self._transport: Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(Transport, transport)
        self._port.client_came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.client_went(self)

    def data_received(self, data: bytes) -> None:
        self._port.received(self, data)

    def send(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT_OCTETS:
            self._transport.abort()  # it does not read

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class UdpPort(asyncio.DatagramProtocol):
    """Datagrams; answers go to whoever spoke last."""

    def __init__(self) -> None:
        self._transport: DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._on_bytes: Callable[[bytes], None] = _ignore

    @classmethod
    async def bind(cls, port: int) -> UdpPort:
        """Open a port, 0 for any that is free.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(cls, local_addr=(HOST, port))
        return protocol

    @property
    def description(self) -> str:
        assert self._transport is not None
        return f"udp {HOST}:{self._transport.get_extra_info('sockname')[1]}"

    def start(self, loop: AbstractEventLoop, on_bytes: Callable[[bytes], None]) -> None:
        """Begin to receive."""
        self._on_bytes = on_bytes

    def send(self, data: bytes) -> None:
        """Send to who spoke last, in datagrams that fit the loopback interface."""
        if self._transport is None or self._peer is None:
            return
        for start in range(0, len(data), _MAX_DATAGRAM):
            self._transport.sendto(data[start : start + _MAX_DATAGRAM], self._peer)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        self._on_bytes(data)

    def error_received(self, exc: Exception) -> None:
        """A peer went away; nobody needs to know."""


def _ignore(data: bytes) -> None:
    """Octets that come before the start are lost."""

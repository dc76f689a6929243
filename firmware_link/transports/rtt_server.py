"""RTT through a program that offers it as a TCP port: OpenOCD, pyOCD, Segger's servers."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop

from ..errors import LinkOpenError
from .base import OnBytes, OnLost, Transport
from .rtt_greeting import RttGreeting
from .settings import RttServerSettings, TcpSettings, address_text
from .tcp import connect, over_connection

# A J-Link takes a configuration within the first 100 ms of a connection, and data after that.
_CONFIGURATION_S = 0.12


class RttServerTransport:
    """A TCP connection whose first octets may be a greeting."""

    def __init__(self, connection: Transport) -> None:
        self._connection = connection
        self._greeting = RttGreeting()

    @property
    def bits_per_second(self) -> int | None:
        return self._connection.bits_per_second

    def start(self, loop: AbstractEventLoop, on_bytes: OnBytes, on_lost: OnLost) -> None:
        def pass_on(data: bytes) -> None:
            if octets := self._greeting.strip(data):
                on_bytes(octets)

        self._connection.start(loop, pass_on, on_lost)

    def write(self, data: bytes) -> None:
        self._connection.write(data)

    def close(self) -> None:
        self._connection.close()


async def open_rtt_server(
    settings: RttServerSettings, *, portable: bool = False
) -> RttServerTransport:
    """Connect to a server. Cancelling is safe.

    Args:
        settings: Where, and which channel.
        portable: Use what loops without ``add_reader`` need; tests force it.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    address = TcpSettings(settings.host, settings.port)
    name = f"the RTT server at {address_text(settings.host, settings.port)}"
    try:
        connection = await connect(address)
    except LinkOpenError as error:
        raise LinkOpenError(
            f"{error}. An RTT server has to run there: JLinkGDBServer, or in OpenOCD and pyOCD "
            f"`rtt server start {settings.port} {settings.channel}`"
        ) from error
    try:
        if settings.channel:
            request = f"$$SEGGER_TELNET_ConfigStr=RTTCh;{settings.channel}$$"
            await asyncio.get_running_loop().sock_sendall(connection, request.encode())
            await asyncio.sleep(_CONFIGURATION_S)
    except OSError as error:
        connection.close()
        raise LinkOpenError(f"{name} closed the connection; does another client use it?") from error
    except BaseException:
        connection.close()
        raise
    return RttServerTransport(await over_connection(name, connection, portable=portable))

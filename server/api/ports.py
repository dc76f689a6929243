"""The sockets on which the server listens for clients."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from asyncio.sslproto import SSLProtocol
from typing import Any, Final, cast

from .errors import ListenError

logger = logging.getLogger(__name__)

# Octets that the system takes for a client beyond those on their way. Left to itself, it takes
# megabytes: values in them are old when a slow client gets them, and nobody can replace them.
MOST_UNSENT: Final = 1 << 12
# Octets taken from a client in one turn of the loop: up to 340 empty frames, which take 3 ms.
# asyncio takes 256 KiB.
MOST_READ: Final = 1 << 11

# Likewise over TLS, which decrypts records of this size. Each connection has a buffer for it, also
# one that stalls in its handshake: 1,500 of those took 384 MB.
MOST_TLS_READ: Final = 1 << 14
_UNSENT_OPTION: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # not on Windows


async def bind(host: str, port: int, port_option: str) -> list[socket.socket]:
    """Open the sockets of a host, all with the same port.

    Args:
        host: name or address of this machine; ``localhost`` is both loopback addresses.
        port: 0 lets the system choose.
        port_option: of the command line, for the text of an error.

    Raises:
        ListenError: the address cannot be used; the text says which option to change.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in await _addresses(host, port):
            try:
                sock = socket.create_server((address, port), family=family, backlog=128)
            except OSError as error:
                # A machine without IPv6 has one loopback address only.
                if host == "localhost" and sockets and error.errno != errno.EADDRINUSE:
                    logger.debug("localhost is %s only: %s", sockets[0].getsockname()[0], error)
                    continue
                raise ListenError(_why_not(error, host, port, port_option)) from error
            # Clients' sockets inherit it. asyncio sets it only where the socket names its protocol,
            # and without it an answer may wait 40 ms for the acknowledgement of the one before.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if _UNSENT_OPTION is not None:
                sock.setsockopt(socket.IPPROTO_TCP, _UNSENT_OPTION, MOST_UNSENT)
            sockets.append(sock)
            port = sock.getsockname()[1]
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def limit_reads(transport: asyncio.BaseTransport) -> None:
    """Let the others have their turn after each `MOST_READ` octets of a client."""
    # The documentation does not name it; where there is none, nothing is limited.
    if hasattr(transport, "max_size"):
        cast("Any", transport).max_size = MOST_READ


def limit_tls_reads() -> None:
    """Let asyncio take less from each connection with TLS; there is no option for single ones."""
    SSLProtocol.max_size = MOST_TLS_READ


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if host == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"{host!r} is no address of this machine ({error}); use --host") from None
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _why_not(error: OSError, host: str, port: int, port_option: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use, maybe by another server; "
                f"stop it, or choose another port with {port_option}"
            )
        case errno.EACCES:
            return (
                f"port {port} on {host} is not permitted; choose one above 1023 with {port_option}"
            )
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine; choose one with --host"
        case _:
            return f"cannot listen on port {port} of {host}: {error.strerror or error}"

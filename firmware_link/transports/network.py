"""Names to addresses, and what a failed connection means, for UDP and TCP."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

from ..errors import LinkOpenError
from .settings import TcpSettings, UdpSettings, address_text

# The host, or the program on it, is not there yet, or a queue of the system is full (macOS).
# A later datagram may get through.
_PASSING_ERRORS = frozenset(
    (errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENOBUFS)
)

Address = tuple[socket.AddressFamily, Any]  # what socket.socket and connect take


async def resolve(
    settings: UdpSettings | TcpSettings, socket_type: socket.SocketKind
) -> list[Address]:
    """Return the addresses of a host, IPv4 first. Blocks only a worker thread.

    IPv4 first, because most devices have nothing else, and over UDP an IPv6 address where
    nobody listens (``localhost`` often has one) looks like a silent device.

    Raises:
        LinkOpenError: the name is not known.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            settings.host, settings.port, type=socket_type
        )
    except (OSError, UnicodeError) as error:
        raise LinkOpenError(
            f"cannot find the host {settings.host!r}: {_system_text(error)}. "
            "Check the name, or give the IP address"
        ) from error
    addresses = [(family, address) for family, _, _, _, address in found]
    return sorted(addresses, key=lambda address: address[0] != socket.AF_INET)


def is_passing(error: Exception) -> bool:
    """Whether an error of a datagram says nothing about the next one."""
    return isinstance(error, OSError) and error.errno in _PASSING_ERRORS


def connect_failure(settings: UdpSettings | TcpSettings, error: Exception) -> LinkOpenError:
    """Make the error for an address that cannot be connected to."""
    text = address_text(settings.host, settings.port)
    if isinstance(settings, UdpSettings) and isinstance(error, PermissionError):
        return LinkOpenError(  # which the system says of them, unless they are asked for
            f"{settings.host} is a broadcast address. Write the name of the device before it, as "
            f"udp://pump@{text}; `scrutiny discover {settings.host}` tells the names"
        )
    if isinstance(error, ConnectionRefusedError):
        return LinkOpenError(f"nothing listens at {text}. Check the port, and that the device runs")
    if isinstance(error, TimeoutError):
        return LinkOpenError(
            f"no answer from {text}. Check the address, the cable and the firewall"
        )
    return LinkOpenError(f"cannot connect to {text}: {_system_text(error)}")


def _system_text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

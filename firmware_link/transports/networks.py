"""Which addresses are meant by a network, when all that are on it are asked."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from typing import Final

HERE: Final = "127.0.0.1"
EVERYWHERE: Final = "255.255.255.255"  # all networks of this machine, and the machine itself
MAX_ADDRESSES: Final = 4096  # asked one by one: a /20 takes half a second

_SIOCGIFBRDADDR: Final = 0x8919
_NAME_SIZE: Final = 16
_REQUEST_SIZE: Final = 256
_ADDRESS_OFFSET: Final = 20  # behind the name, and family and port of a sockaddr_in


def check_network(where: str) -> None:
    """Check the text for a network, without looking anything up.

    Raises:
        ValueError: it is none, or too large; the message says what to write.
    """
    if "/" not in where:
        return
    try:
        network = ipaddress.ip_network(where, strict=False)
    except ValueError:
        raise ValueError(f"{where!r} is no network; write it as 192.168.1.0/24") from None
    if network.num_addresses > MAX_ADDRESSES:
        raise ValueError(
            f"{where} has too many addresses to ask each; name a part of {MAX_ADDRESSES} at most, "
            "or its broadcast address"
        )


def addresses_of(where: str) -> list[str]:
    """Return the addresses to ask.

    Args:
        where: a host, a broadcast address, a network as 192.168.1.0/24, or `EVERYWHERE`.

    Raises:
        ValueError: as `check_network`.
    """
    if where == EVERYWHERE:
        return [*dict.fromkeys((EVERYWHERE, *_broadcast_addresses(), HERE))]
    check_network(where)
    if "/" not in where:
        return [where]
    network = ipaddress.ip_network(where, strict=False)
    return [*dict.fromkeys((f"{network.broadcast_address}", *map(str, network.hosts())))]


def _broadcast_addresses() -> list[str]:
    """Return those of the interfaces, where the system tells them.

    The one for everywhere leaves by a single interface, on Linux by that of the default route.
    """
    if sys.platform != "linux":
        return []
    import fcntl

    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            request = struct.pack(f"{_REQUEST_SIZE}s", name.encode()[: _NAME_SIZE - 1])
            try:
                answer = fcntl.ioctl(any_socket, _SIOCGIFBRDADDR, request)
            except OSError:  # an interface without address
                continue
            found.append(socket.inet_ntoa(answer[_ADDRESS_OFFSET : _ADDRESS_OFFSET + 4]))
    return [address for address in found if address != "0.0.0.0"]

"""From settings to an open transport."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from ..errors import LinkOpenError
from .base import Transport
from .can_settings import CanSettings
from .settings import (
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)


async def open_transport(settings: LinkSettings, *, force_thread: bool = False) -> Transport:
    """Open a link; the loop never blocks. Cancelling is safe: nothing stays open.

    Args:
        settings: What to open. The start delay of serial ports is left to the caller.
        force_thread: Use what platforms need whose loop cannot watch a descriptor: a reader
            thread for serial ports, the loop's endpoints for the network.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    match settings:
        case SerialSettings():
            return await _open_serial(settings, force_thread)
        case UdpSettings():
            from .udp import open_udp

            return await open_udp(settings, portable=force_thread)
        case TcpSettings():
            from .tcp import open_tcp

            return await open_tcp(settings, portable=force_thread)
        case CanSettings():
            from .can_bus import open_can

            return await open_can(settings, force_thread=force_thread)
        case RttServerSettings():
            from .rtt_server import open_rtt_server

            return await open_rtt_server(settings, portable=force_thread)
        case RttSettings():
            from .jlink_probe import open_jlink

            return await open_jlink(settings)
        case MemorySettings():
            from .memory import open_memory

            return open_memory(settings)
        case NoLink():
            raise LinkOpenError("no link is configured; choose a serial port or an address")


async def _open_serial(settings: SerialSettings, force_thread: bool) -> Transport:
    if settings.port.startswith("socket://"):
        # The same octets as tcp:; pyserial's handler reads them one by one, in a thread.
        return await open_transport(_socket_address(settings.port), force_thread=force_thread)
    if os.name == "posix" and not force_thread and not settings.is_url:
        from .serial_posix import open_posix_serial

        return await open_posix_serial(settings)
    from .serial_thread import open_thread_serial

    return await open_thread_serial(settings)


def _socket_address(url: str) -> TcpSettings:
    try:
        parts = urlsplit(url)
        return TcpSettings(parts.hostname or "", parts.port or 0)
    except ValueError as error:
        raise LinkOpenError(f"cannot open {url}: {error}; write socket://host:port") from error

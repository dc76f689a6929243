"""Network transports on the loop's own endpoints, for loops that cannot watch a descriptor.

That is the default loop on Windows. Where the loop can, ``udp.py`` and ``tcp.py`` are faster.
"""

from __future__ import annotations

import asyncio
from typing import cast

from .base import MAX_UNSENT_OCTETS, TransportBase, stalled_reason
from .network import is_passing


def can_watch_descriptors(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether ``loop.add_reader`` works."""
    proactor = getattr(asyncio, "ProactorEventLoop", None)
    return proactor is None or not isinstance(loop, proactor)


class StreamEndpoint(TransportBase, asyncio.Protocol):
    """A TCP connection; made by ``create_connection``, silent until ``start``."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._endpoint = cast("asyncio.Transport", transport)
        self._endpoint.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self._is_open:
            self._on_bytes(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"{self._name}: {exc or 'closed by the other end'}")

    def write(self, data: bytes) -> None:
        if not self._is_open:
            return
        self._endpoint.write(data)
        if self._endpoint.get_write_buffer_size() > MAX_UNSENT_OCTETS:
            self._lose(stalled_reason(self._name))

    def _begin(self) -> None:
        if self._endpoint.is_closing():
            self._lose(f"{self._name}: closed by the other end")
        else:
            self._endpoint.resume_reading()

    def _end(self) -> None:
        self._endpoint.abort()

    def _release(self) -> None:
        self._endpoint.abort()


class DatagramEndpoint(TransportBase, asyncio.DatagramProtocol):
    """A connected UDP socket; what arrives before ``start`` is dropped."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._endpoint = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._is_open and data:
            self._on_bytes(data)

    def error_received(self, exc: Exception) -> None:
        if not is_passing(exc):
            self._lose(f"{self._name}: {exc}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"{self._name}: {exc or 'closed'}")

    def write(self, data: bytes) -> None:
        if self._is_open:
            self._endpoint.sendto(data)

    def _begin(self) -> None:
        if self._endpoint.is_closing():
            self._lose(f"{self._name}: closed")

    def _end(self) -> None:
        self._endpoint.abort()

    def _release(self) -> None:
        self._endpoint.abort()

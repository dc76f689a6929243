"""Datagrams to and from one address. There is no connection that could be lost."""

from __future__ import annotations

import asyncio
import socket
from collections import deque

from ..errors import LinkOpenError
from .base import Transport, TransportBase
from .endpoint import DatagramEndpoint, can_watch_descriptors
from .network import Address, connect_failure, is_passing, resolve
from .settings import UdpSettings, address_text

_MAX_DATAGRAM = 65536
_MAX_PER_WAKE_UP = 32  # then other work of the loop gets its turn
_MAX_UNSENT = 64  # datagrams; the oldest are dropped, as a full network would


class UdpTransport(TransportBase):
    """A connected, non-blocking socket that the event loop watches."""

    def __init__(self, name: str, connection: socket.socket) -> None:
        super().__init__(name)
        self._socket = connection
        self._unsent: deque[bytes] = deque(maxlen=_MAX_UNSENT)
        self.passing_errors = 0  # how often the system said that nobody is there

    def write(self, data: bytes) -> None:
        if not self._is_open:
            return
        if self._unsent:
            self._unsent.append(data)
        elif not self._try_send(data):
            self._unsent.append(data)
            self._loop.add_writer(self._socket, self._on_writable)

    def _begin(self) -> None:
        self._loop.add_reader(self._socket, self._on_readable)

    def _end(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._unsent.clear()

    def _release(self) -> None:
        self._socket.close()

    def _on_readable(self) -> None:
        for _ in range(_MAX_PER_WAKE_UP):
            try:
                data = self._socket.recv(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._failed(error)
            else:
                if data:
                    self._on_bytes(data)
            if not self._is_open:  # closed by the callback, or failed
                return

    def _on_writable(self) -> None:
        while self._unsent and self._try_send(self._unsent[0]):
            if self._is_open:
                self._unsent.popleft()
        if not self._unsent and self._is_open:
            self._loop.remove_writer(self._socket)

    def _try_send(self, data: bytes) -> bool:
        """Send, and tell whether the datagram is done with, gone or lost."""
        try:
            self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._failed(error)
        return True

    def _failed(self, error: OSError) -> None:
        if is_passing(error):
            self.passing_errors += 1
        else:
            self._lose(f"{self._name}: {error.strerror}")


async def open_udp(settings: UdpSettings, *, portable: bool = False) -> Transport:
    """Open a socket towards a device. Cancelling is safe.

    Args:
        settings: Where. A device at a known address need not be there yet; one that is looked for
            by its name has to answer.
        portable: Use what loops without ``add_reader`` need; tests force it.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    if settings.device_name is not None:
        from .named_udp import open_named_udp

        return await open_named_udp(settings, portable=portable)
    loop = asyncio.get_running_loop()
    addresses = await resolve(settings, socket.SOCK_DGRAM)
    if not addresses:
        raise LinkOpenError(f"the host {settings.host!r} has no address")
    name = address_text(settings.host, settings.port)
    try:
        if not portable and can_watch_descriptors(loop):
            return UdpTransport(name, _connect(addresses[0]))
        _, endpoint = await loop.create_datagram_endpoint(
            lambda: DatagramEndpoint(name), remote_addr=addresses[0][1][:2], family=addresses[0][0]
        )
    except OSError as error:
        raise connect_failure(settings, error) from error
    return endpoint


def _connect(address: Address) -> socket.socket:
    family, target = address
    connection = socket.socket(family, socket.SOCK_DGRAM)
    try:
        connection.setblocking(False)
        connection.connect(target)  # answers of anybody else are dropped by the system
    except BaseException:
        connection.close()
        raise
    return connection

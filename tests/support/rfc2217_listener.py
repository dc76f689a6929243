"""What serial ports on the network have in common: one client after the other, by RFC 2217."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self, cast

import serial
from serial import rfc2217


class Rfc2217Listener(ABC):
    """Waits for clients in a thread, and serves them there.

    Attributes:
        url: for the client.
    """

    def __init__(self) -> None:
        """Begin to listen."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="network port", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def hang_up(self) -> None:
        """Close the connection to the client that is here."""
        shut_down(self._client)

    def close(self) -> None:
        """Hang up, and take no more clients."""
        shut_down(self._server)
        self.hang_up()
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._client = client
                self._serve(client)

    @abstractmethod
    def _serve(self, client: socket.socket) -> None:
        """Serve a client until it leaves; it is hung up on after that, and after an OSError."""


def port_manager(port: serial.SerialBase, client: socket.socket) -> rfc2217.PortManager:
    """Return what speaks RFC 2217 with a client, for a port."""
    # The stubs ask for a client's end of RFC 2217; any port, and what can write, will do.
    return rfc2217.PortManager(cast("Any", port), cast("Any", _Sink(client)))


def shut_down(connection: socket.socket | None) -> None:
    """End a connection, so that whoever waits for it notices."""
    if connection is not None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            connection.shutdown(socket.SHUT_RDWR)


class _Sink:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

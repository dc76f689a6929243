"""A serial port of another machine, which is told its settings over the network (RFC 2217)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import serial
from serial import rfc2217


class NetworkPort:
    """Waits for one client after the other, in a thread.

    Attributes:
        url: for the client.
    """

    def __init__(self, answer: Callable[[bytes, str], bytes]) -> None:
        """Begin to listen.

        Args:
            answer: is called with the octets that came, and the parity that the client has set
                (``N``, ``E``, ``O``); returns those to send back.
        """
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._connection: socket.socket | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="network port", daemon=True)
        self._thread.start()

    def __enter__(self) -> NetworkPort:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing = True
        for each in (self._server, self._connection):
            if each is not None:
                with contextlib.suppress(OSError):  # it may have ended
                    each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while not self._is_closing:
            with contextlib.suppress(OSError):
                self._connection, _ = self._server.accept()
                with self._connection:
                    self._serve(self._connection)

    def _serve(self, connection: socket.socket) -> None:
        settings = serial.serial_for_url("loop://")  # which keeps what the client sets
        # The stubs ask for more than is used of both.
        manager = rfc2217.PortManager(cast("Any", settings), cast("Any", _Sink(connection)))
        while data := connection.recv(4096):
            octets = b"".join(manager.filter(data))
            if octets and (answer := self._answer(octets, settings.parity)):
                connection.sendall(b"".join(manager.escape(answer)))


class _Sink:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

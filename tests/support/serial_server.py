"""A serial port on the network: a server of RFC 2217 in front of a terminal. POSIX only."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import serial
from serial import rfc2217


class SerialServer:
    """Serves one client after the other, in a thread; opens the port for each.

    Attributes:
        url: for the client.
    """

    def __init__(self, port: Path | str) -> None:
        """Begin to listen.

        Args:
            port: that the clients reach. When it goes away, they are hung up on.
        """
        self._port_name = f"{port}"
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._server.getsockname()[1]}"
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="serial server", daemon=True)
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
        _shut_down(self._client)

    def close(self) -> None:
        """Hang up, and take no more clients."""
        _shut_down(self._server)
        self.hang_up()
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError), _Port(self._port_name) as port:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._client = client
                self._serve(client, port)

    def _serve(self, client: socket.socket, port: _Port) -> None:
        # The stubs ask for a client's end of RFC 2217; any port, and what can write, will do.
        manager = rfc2217.PortManager(cast("Any", port), cast("Any", _Sink(client)))
        reader = threading.Thread(target=_forward, args=(port, client, manager), daemon=True)
        reader.start()
        try:
            while data := client.recv(4096):
                port.write(b"".join(manager.filter(data)))
        finally:
            while reader.is_alive():
                port.cancel_read()
                reader.join(0.02)


def _forward(port: _Port, client: socket.socket, manager: rfc2217.PortManager) -> None:
    with contextlib.suppress(OSError):
        while data := port.read():
            data += port.read(port.in_waiting)
            client.sendall(b"".join(manager.escape(data)))
    _shut_down(client)


def _shut_down(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            connection.shutdown(socket.SHUT_RDWR)


class _Sink:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


class _Port(serial.Serial):
    """A terminal, which has none of the lines beside those for data."""

    @property
    def cts(self) -> bool:
        return False

    @property
    def dsr(self) -> bool:
        return False

    @property
    def ri(self) -> bool:
        return False

    @property
    def cd(self) -> bool:
        return False

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

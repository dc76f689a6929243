"""A serial port on the network: a server of RFC 2217 in front of a terminal. POSIX only."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import serial
from serial import rfc2217

from .rfc2217_listener import Rfc2217Listener, port_manager, shut_down


class SerialServer(Rfc2217Listener):
    """Serves one client after the other; opens the port for each."""

    def __init__(self, port: Path | str) -> None:
        """Begin to listen.

        Args:
            port: that the clients reach. When it goes away, they are hung up on.
        """
        self._port_name = f"{port}"
        super().__init__()

    def _serve(self, client: socket.socket) -> None:
        with _Port(self._port_name) as port:
            manager = port_manager(port, client)
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
    shut_down(client)


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

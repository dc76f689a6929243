"""A line as of `noisy_line`, except that the server's end is a TCP port. POSIX only.

The kernel hands over the octets of a terminal late when the machine is busy, up to 0.7 s; those of
a socket it does not. So this is the line for tests in which time matters and the terminal does not.
"""

from __future__ import annotations

import os
import selectors
import socket
from pathlib import Path
from typing import Final

from scrutiny.firmware_link.simulator.faults import Direction

from .noisy_line import NoisyLine

_READ_SIZE: Final = 1 << 16


class NetworkLine(NoisyLine):
    """Carries octets between a client of a TCP port and a board.

    Attributes:
        tcp_port: on the loopback interface; closed while the line is not plugged.
    """

    def __init__(self, board: Path, baud: int | None = None) -> None:
        """Connect both ends; see `NoisyLine`."""
        self.tcp_port = 0
        self._listener: socket.socket | None = None
        super().__init__(Path(), board, baud=baud)

    def _plug(self) -> None:
        assert self._listener is None, "the line is plugged already"
        self._listener = socket.create_server(("127.0.0.1", self.tcp_port))
        self.tcp_port = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ, self._admit)

    def _unplug(self) -> None:
        self._dismiss()
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _admit(self) -> None:
        if self._listener is None:  # unplugged since somebody came
            return
        self._dismiss()
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server_fd = connection.detach()
        self._selector.register(self._server_fd, selectors.EVENT_READ, self._read_server)

    def _dismiss(self) -> None:
        if self._server_fd is not None:
            self._selector.unregister(self._server_fd)
            os.close(self._server_fd)
            self._server_fd = None

    def _read_server(self) -> None:
        if self._server_fd is None:  # unplugged since it became readable
            return
        data = b""
        try:
            data = os.read(self._server_fd, _READ_SIZE)
        except BlockingIOError:
            return  # the one that became readable was dismissed since, for a new one
        except ConnectionResetError:
            pass
        if data:
            self._pass_on(data, Direction.TO_DEVICE)
        else:
            self._dismiss()

"""Serial port whose descriptor the event loop watches: the fast one, for Linux and macOS."""

from __future__ import annotations

import contextlib
import os
import termios
from functools import partial

import serial

from .descriptor import DescriptorTransport
from .serial_port import close_port, line_rate, loss_reason, open_port
from .settings import SerialSettings
from .worker import open_in_worker


class PosixSerialTransport(DescriptorTransport):
    """A native serial port, or a pty."""

    def __init__(self, settings: SerialSettings, port: serial.Serial) -> None:
        fd = port.fileno()
        super().__init__(
            settings.port, fd, partial(os.read, fd), partial(os.write, fd), line_rate(settings)
        )
        self._port = port

    def _loss_reason(self, error: OSError | None) -> str:
        return loss_reason(self._name, error)

    def _release(self) -> None:
        close_port(self._port)


async def open_posix_serial(settings: SerialSettings) -> PosixSerialTransport:
    """Open a port in a worker thread. Cancelling is safe.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    port = await open_in_worker(lambda: _open(settings), close_port)
    return PosixSerialTransport(settings, port)


def _open(settings: SerialSettings) -> serial.Serial:
    port = open_port(settings, blocking=False)
    fd = port.fileno()
    os.set_blocking(fd, False)
    with contextlib.suppress(termios.error):
        # With pyserial's VMIN of 0, "nothing there" reads as b"" and looks like a hang-up.
        attributes = termios.tcgetattr(fd)
        attributes[6][termios.VMIN] = 1
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return port

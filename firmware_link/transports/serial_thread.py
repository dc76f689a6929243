"""Serial port served by threads: Windows, and the URLs that pyserial opens.

A reader thread blocks in ``read`` and owns the port: it alone closes it. A writer thread takes
the octets from a queue, because ``write`` of some drivers and of rfc2217 blocks.
"""

from __future__ import annotations

import contextlib
import logging
import threading

import serial

from .serial_port import PORT_ERRORS, close_port, line_rate, loss_reason, open_port
from .settings import SerialSettings
from .thread_base import ThreadedTransport
from .worker import open_in_worker

logger = logging.getLogger(__name__)

# The sockets of pyserial's URL handlers turn to None under the other thread's call.
_DRIVER_ERRORS = (*PORT_ERRORS, TypeError, AttributeError)
_CANCEL_INTERVAL_S = 0.02
_MAX_CANCELS = 50


class ThreadSerialTransport(ThreadedTransport):
    """A port of pyserial."""

    def __init__(self, settings: SerialSettings, port: serial.Serial) -> None:
        super().__init__(settings.port, line_rate(settings))
        self._port = port
        self._can_cancel = hasattr(port, "cancel_read")
        self._port_lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="serial reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="serial writer", daemon=True)

    def _begin(self) -> None:
        self._writer.start()
        self._reader.start()

    def _release(self) -> None:
        if self._reader.ident is None:  # never started
            close_port(self._port)
        elif self._can_cancel:
            self._join_reader()

    def _join_reader(self) -> None:
        # Repeated: a cancel between two reads of the thread has no effect on Windows.
        for _ in range(_MAX_CANCELS):
            if not self._reader.is_alive():
                return
            self._interrupt()
            self._reader.join(_CANCEL_INTERVAL_S)
        logger.warning("the driver of %s does not end a read; its port stays open", self._name)

    def _interrupt(self) -> None:
        # The lock: a cancel writes to a descriptor whose number may be another's after a close.
        with self._port_lock, contextlib.suppress(*_DRIVER_ERRORS):
            if self._port.is_open:
                self._port.cancel_read()
                self._port.cancel_write()

    def _read(self) -> None:
        try:
            while not self._is_ending.is_set():
                data = self._port.read(1)
                if data:
                    data += self._port.read(self._port.in_waiting)
                    self._post(self._deliver, data)
        except _DRIVER_ERRORS as error:
            self._post(self._lose, loss_reason(self._name, error))
        finally:
            self._end_port()

    def _end_port(self) -> None:
        self._end()
        while self._can_cancel and self._writer.is_alive():
            self._interrupt()
            self._writer.join(_CANCEL_INTERVAL_S)
        with self._port_lock:
            close_port(self._port)

    def _write(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None and not self._is_ending.is_set():
                self._write_all(data)
                self._post(self._sent, len(data))
        except _DRIVER_ERRORS as error:
            self._post(self._lose, loss_reason(self._name, error))

    def _write_all(self, data: bytes) -> None:
        while data and not self._is_ending.is_set():
            data = data[self._port.write(data) or 0 :]


async def open_thread_serial(settings: SerialSettings) -> ThreadSerialTransport:
    """Open a port or URL in a worker thread. Cancelling is safe.

    Raises:
        LinkOpenError: with the reason and what to do about it.
    """
    port = await open_in_worker(lambda: open_port(settings, blocking=True), close_port)
    return ThreadSerialTransport(settings, port)

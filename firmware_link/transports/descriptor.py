"""Octet stream over a file descriptor that the event loop watches: POSIX serial ports, TCP."""

from __future__ import annotations

from collections.abc import Callable

from .base import MAX_UNSENT_OCTETS, TransportBase, stalled_reason

_READ_SIZE = 65536

# A device behind a fast link may have answered the request that was sent while its last octets were
# dealt with. Looking for them at once instead of in the loop's next turn brings a tenth more
# requests over a pty; then the loop has to serve the others too.
_READS_PER_TURN = 8


class DescriptorTransport(TransportBase):
    """Reads and writes in the loop's own callbacks, without streams, futures or threads."""

    def __init__(
        self,
        name: str,
        fd: int,
        receive: Callable[[int], bytes],
        send: Callable[[bytes | bytearray], int],
        bits_per_second: int | None = None,
    ) -> None:
        """Take a non-blocking descriptor.

        Args:
            name: Of the line, for texts.
            fd: What the loop watches.
            receive: As ``socket.recv``; b"" means that the line is gone.
            send: As ``socket.send``; returns how many octets were taken.
            bits_per_second: See ``Transport``.
        """
        super().__init__(name, bits_per_second)
        self._fd = fd
        self._receive = receive
        self._send = send
        self._unsent = bytearray()

    def write(self, data: bytes) -> None:
        if not self._is_open:
            return
        if self._unsent:
            self._keep(data)
            return
        sent = self._try_send(data)
        if sent < len(data) and self._is_open:
            self._loop.add_writer(self._fd, self._on_writable)
            self._keep(data[sent:])

    def _begin(self) -> None:
        self._loop.add_reader(self._fd, self._on_readable)

    def _end(self) -> None:
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._unsent.clear()

    def _loss_reason(self, error: OSError | None) -> str:
        """Text for a loss; ``error`` is None when the other end just closed."""
        return f"{self._name}: {error.strerror if error else 'closed by the other end'}"

    def _on_readable(self) -> None:
        for _ in range(_READS_PER_TURN):
            if not self._is_open or not self._read():
                return

    def _read(self) -> bool:
        """Pass on what is there; return whether there was something."""
        # A hang-up makes a descriptor readable too, so it is noticed while idle.
        try:
            data = self._receive(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._lose(self._loss_reason(error))
            return False
        if not data:
            self._lose(self._loss_reason(None))
            return False
        self._on_bytes(data)
        return True

    def _on_writable(self) -> None:
        del self._unsent[: self._try_send(self._unsent)]
        if not self._unsent and self._is_open:
            self._loop.remove_writer(self._fd)

    def _try_send(self, data: bytes | bytearray) -> int:
        try:
            return self._send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._lose(self._loss_reason(error))
            return 0

    def _keep(self, data: bytes) -> None:
        if len(self._unsent) + len(data) > MAX_UNSENT_OCTETS:
            self._lose(stalled_reason(self._name))
        else:
            self._unsent += data

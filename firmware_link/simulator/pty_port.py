"""A pseudo terminal under a stable name, as a serial port of a simulated device. POSIX only."""

from __future__ import annotations

import contextlib
import os
import pty
import tty
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path
from typing import Final

# Nobody reads: a serial line would lose octets too.
MAX_UNSENT_OCTETS: Final = 1 << 20
_READ_SIZE: Final = 1 << 16


class PtyPort:
    """The device's end of a pseudo terminal.

    Attributes:
        path: Symbolic link for the other end; removed by `close`.
        terminal: What it points to.
    """

    def __init__(self, path: Path) -> None:
        """Open the terminal and put the link in place, atomically.

        Raises:
            OSError: no terminal is left, or something else than a link has the name.
        """
        if path.exists() and not path.is_symlink():
            raise FileExistsError(f"{path} is not a symbolic link, it stays as it is")
        self.path = path
        # The terminal's end stays open here: otherwise reading fails while nobody uses it.
        self._fd, self._terminal_fd = pty.openpty()
        try:
            tty.setraw(self._terminal_fd)
            os.set_blocking(self._fd, False)
            self.terminal = os.ttyname(self._terminal_fd)
            self._link()
        except BaseException:
            self._close_terminal()
            raise
        self._unsent = bytearray()
        self._loop: AbstractEventLoop | None = None
        self._on_bytes: Callable[[bytes], None] | None = None

    @property
    def description(self) -> str:
        return f"pty {self.path} -> {self.terminal}"

    def start(self, loop: AbstractEventLoop, on_bytes: Callable[[bytes], None]) -> None:
        """Begin to receive."""
        self._loop = loop
        self._on_bytes = on_bytes
        loop.add_reader(self._fd, self._on_readable)

    def send(self, data: bytes) -> None:
        """Send without blocking; octets are lost when nobody takes them for long."""
        if len(self._unsent) + len(data) > MAX_UNSENT_OCTETS:
            return
        self._unsent += data
        self._on_writable()

    def close(self) -> None:
        """Remove the link and hang up."""
        if self._loop is not None:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._loop = None
        with contextlib.suppress(OSError):
            if self.path.readlink() == Path(self.terminal):  # somebody else's is left alone
                self.path.unlink()
        self._close_terminal()

    def _link(self) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.symlink_to(self.terminal)
        try:
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink()
            raise

    def _close_terminal(self) -> None:
        os.close(self._terminal_fd)
        os.close(self._fd)

    def _on_readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        if self._on_bytes is not None:
            self._on_bytes(data)

    def _on_writable(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            del self._unsent[: os.write(self._fd, self._unsent)]
        if self._loop is None:
            return
        if self._unsent:
            self._loop.add_writer(self._fd, self._on_writable)
        else:
            self._loop.remove_writer(self._fd)

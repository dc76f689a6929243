"""A process on a terminal of its own: what people see, with colours and lines that change.

POSIX only, to be imported anywhere.
"""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from .processes import DEADLINE_S

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

_SIZE_VARIABLES: Final = ("LINES", "COLUMNS")  # test workers have them; a terminal tells its size
_ESCAPE_SEQUENCE: Final = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


class TerminalProcess:
    """Start a process on a pseudo terminal, which is its standard input, output and error.

    The signal of Ctrl-C comes from `interrupt`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
    ) -> None:
        self._master, slave = pty.openpty()
        try:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            self._process = subprocess.Popen(
                command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env={n: v for n, v in environment.items() if n not in _SIZE_VARIABLES},
                start_new_session=True,
            )
        finally:
            os.close(slave)
        self._octets = b""

    @property
    def shown(self) -> str:
        """All that was written so far, without colours and other escape sequences."""
        text = self._octets.decode(errors="replace")
        return _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")

    @property
    def raw(self) -> str:
        """All that was written so far."""
        return self._octets.decode(errors="replace")

    def wait_for(self, pattern: str, timeout_s: float = DEADLINE_S) -> None:
        """Read until something matches in `shown`.

        Raises:
            AssertionError: it did not come.
        """
        deadline_s = time.monotonic() + timeout_s
        while not re.search(pattern, self.shown):
            if not self._read(deadline_s):
                raise AssertionError(f"{pattern!r} was not shown, only:\n{self.shown}")

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def finish(self, timeout_s: float = DEADLINE_S) -> int:
        """Wait until it ends by itself, and return the exit code.

        Raises:
            AssertionError: it did not.
        """
        deadline_s = time.monotonic() + timeout_s
        while self._read(deadline_s):
            pass
        try:
            return self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.shown}") from None

    def close(self) -> None:
        """End it, if it has not ended, and give the terminal back."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _read(self, deadline_s: float) -> bool:
        """Take what comes next; False when nothing does, or nothing will."""
        timeout_s = max(0.0, deadline_s - time.monotonic())
        if not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            octets = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self._octets += octets
        return bool(octets)

"""How often the machine itself holds up the octets of a pseudo terminal. Linux and macOS.

The kernel hands them over in a worker of its own, which gets its turn late on a busy machine: 0.3 s
have been seen, where a socket took less than 10 ms.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from types import TracebackType
from typing import Final

INTERVAL_S: Final = 0.005
STALL_S: Final = 0.040


class TerminalStalls:
    """Sends an octet through a terminal that nobody else uses, again and again, in a thread.

    Attributes:
        longest_s: that one took.
        count: how often one took more than `STALL_S`.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.count = 0
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> TerminalStalls:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_ending.set()
        self._thread.join()

    def _run(self) -> None:
        master_fd, terminal_fd = os.openpty()
        tty.setraw(terminal_fd)
        while not self._is_ending.wait(INTERVAL_S):
            begin_s = time.monotonic()
            os.write(terminal_fd, b"x")
            select.select([master_fd], [], [])
            os.read(master_fd, 1)
            took_s = time.monotonic() - begin_s
            self.longest_s = max(self.longest_s, took_s)
            self.count += took_s > STALL_S
        os.close(master_fd)
        os.close(terminal_fd)

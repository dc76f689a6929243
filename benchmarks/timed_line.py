"""A serial cable that notes when something passed, as a process of its own. Linux and macOS.

    python benchmarks/timed_line.py PORT BOARD NOTES

The server's end is a pseudo terminal under the name PORT, the board's end is the terminal BOARD.
On SIGTERM the notes are written: per chunk of octets a line with the time in nanoseconds of
`time.monotonic_ns`, ``>`` to the board or ``<`` from it, its size, and its first two octets.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import sys
import time
import tty
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

_READ_SIZE = 1 << 16


@dataclass(frozen=True, slots=True)
class Passage:
    """One chunk of octets: a whole request or answer on an idle machine, else a part of one."""

    time_ns: int
    is_request: bool
    size: int
    head: bytes


def read_notes(file: Path) -> list[Passage]:
    """Return what a line has noted."""
    passages: list[Passage] = []
    for line in file.read_text().splitlines():
        time_ns, direction, size, head = line.split()
        passages.append(Passage(int(time_ns), direction == ">", int(size), bytes.fromhex(head)))
    return passages


def main() -> int:
    """Carry octets until SIGTERM."""
    port, board, notes = (Path(argument) for argument in sys.argv[1:4])
    server_fd, terminal_fd = os.openpty()
    tty.setraw(terminal_fd)
    port.unlink(missing_ok=True)
    port.symlink_to(os.ttyname(terminal_fd))
    board_fd = os.open(board, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(board_fd)

    passages: list[tuple[int, str, int, bytes]] = []

    def stop(number: int, frame: object) -> NoReturn:
        lines = (f"{at} {way} {size} {head.hex()}\n" for at, way, size, head in passages)
        notes.write_text("".join(lines))
        sys.exit(0)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    gc.disable()  # a collection would look like a gap
    selector = selectors.DefaultSelector()
    selector.register(server_fd, selectors.EVENT_READ, (board_fd, ">"))
    selector.register(board_fd, selectors.EVENT_READ, (server_fd, "<"))
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            target, way = key.data
            data = os.read(key.fd, _READ_SIZE)
            passages.append((time.monotonic_ns(), way, len(data), data[:2]))
            os.write(target, data)


if __name__ == "__main__":
    sys.exit(main())

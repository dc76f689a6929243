"""A serial cable that has a pace and notes the requests, as a process of its own. Linux and macOS.

    python benchmarks/paced_line.py PORT BOARD BAUD NOTES

The server's end is a pseudo terminal under the name PORT, the board's end is the terminal or the
socket BOARD. On SIGTERM the notes are written: a line per request, with the time in nanoseconds of
`time.monotonic_ns` and the octets.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.firmware_link.simulator.faults import Direction  # noqa: E402
from tests.support.noisy_line import NoisyLine  # noqa: E402


@dataclass(frozen=True, slots=True)
class Passage:
    """Octets that came in at once: a whole request, on their way to the board."""

    time_ns: int
    octets: bytes


def read_notes(file: Path) -> list[Passage]:
    """Return what a line has noted."""
    lines = (line.split() for line in file.read_text().splitlines())
    return [Passage(int(time_ns), bytes.fromhex(octets)) for time_ns, octets in lines]


def main() -> int:
    """Carry octets until SIGTERM."""
    port, board, notes = (Path(sys.argv[index]) for index in (1, 2, 4))
    passages: list[tuple[int, bytes]] = []

    def note(direction: Direction, data: bytes) -> None:
        if direction is Direction.TO_DEVICE:
            passages.append((time.monotonic_ns(), data))

    gc.disable()  # a collection would look like a gap
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    with NoisyLine(port, board, baud=int(sys.argv[3])) as line:
        line.on_octets = note
        print("ready", flush=True)
        signal.sigwait((signal.SIGTERM,))
    notes.write_text("".join(f"{at} {octets.hex()}\n" for at, octets in passages))
    return 0


if __name__ == "__main__":
    sys.exit(main())

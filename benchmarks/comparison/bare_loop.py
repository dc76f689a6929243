"""The bare loop in C: what a port gives to somebody who does nothing but ask. POSIX only."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.raw_port import RawPort

from .exchanges import Exchange

SOURCE: Final = Path(__file__).with_name("bare_loop.c")


@dataclass(frozen=True, slots=True)
class LoopRate:
    """What the loop has reached.

    Attributes:
        requests_per_s: exchanges.
        cycles_per_s: rounds of all of them.
    """

    requests_per_s: float
    cycles_per_s: float


class BareLoop:
    """The program, built once; run on a port of which nobody else makes use."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "bare_loop"
        warnings = ("-Wall", "-Wextra", "-Werror")
        command = ("cc", "-O2", *warnings, "-o", str(self._program), str(SOURCE))
        subprocess.run(command, check=True)

    def run(self, port_name: Path, exchanges: Sequence[Exchange], seconds: float) -> LoopRate:
        """Ask for a while, below the 5 s after which a device ends a session without heartbeat."""
        port = RawPort(port_name)
        try:
            result = subprocess.run(
                [self._program, f"{port.fd}", f"{seconds}"],
                input="".join(f"{one.frame.hex()} {one.answer_size}\n" for one in exchanges),
                pass_fds=[port.fd],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        finally:
            port.close()
        requests, cycles, spent_ns = map(int, result.stdout.split())
        return LoopRate(requests * 1e9 / spent_ns, cycles * 1e9 / spent_ns)

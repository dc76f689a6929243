"""An emulated AVR that runs a program in real time, with its UART on a socket. POSIX only.

The emulator is a program of its own, in `tests/firmware/avr_board`, on top of simavr.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from .example_board import ROOT, CannotBuild
from .processes import LoggedProcess

CLOCK_HZ: Final = 16_000_000

_SOURCES: Final = ROOT / "tests" / "firmware" / "avr_board"
_HEADER: Final = Path("/usr/include/simavr/sim_avr.h")
_WARNINGS: Final = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
_DEADLINE_S: Final = 20.0  # generous: machines that run tests are often busy


def build_avr_emulator(folder: Path) -> Path:
    """Build the emulator, and return the program.

    Raises:
        CannotBuild: a compiler or simavr is missing on this machine.
        AssertionError: it does not compile.
    """
    if shutil.which("gcc") is None or not _HEADER.exists():
        raise CannotBuild("gcc or simavr not found (Debian: gcc libsimavr-dev libelf-dev)")
    program = folder / "avr-board"
    command = [
        *("gcc", "-std=c99", "-D_XOPEN_SOURCE=700", "-O2", *_WARNINGS),
        *map(str, sorted(_SOURCES.glob("*.c"))),
        *("-lsimavr", "-lelf", "-o", str(program)),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return program


@dataclass(frozen=True, slots=True)
class Cycles:
    """How long a piece of the firmware took, in cycles; see `cycle_marks.h`."""

    count: int
    most: int
    total: int


class AvrBoard(LoggedProcess):
    """One run of a program on an emulated AVR.

    Attributes:
        port: the socket with the octets of its UART; one client at a time, as often as wanted.
    """

    def __init__(
        self, emulator: Path, program: Path, folder: Path, mcu: str, *, strict: bool = False
    ) -> None:
        """Start it, and return when it runs.

        Args:
            emulator: as `build_avr_emulator` made it.
            program: an ELF file.
            folder: where its sockets go; one board per folder, and a short name.
            mcu: as the compiler calls it.
            strict: an octet that the program does not read in time is lost.
        """
        self.port = folder / "uart"
        self._control: socket.socket | None = None
        control = folder / "control"
        super().__init__(
            [
                *(str(emulator), "--mcu", mcu, "--unix", str(self.port)),
                *("--control", str(control), *(["--strict"] if strict else []), str(program)),
            ]
        )
        try:
            self.wait_for_line("^ready$")
            self._control = connect(control)
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> AvrBoard:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Cut its power."""
        super().kill()
        if self._control is not None:
            self._control.close()

    def reset(self) -> None:
        """Press the reset button."""
        assert self._ask("reset") == "ok"

    @property
    def time_s(self) -> float:
        """Its own time since it was started, in seconds."""
        return int(self._ask("cycles")) / CLOCK_HZ

    @property
    def overruns(self) -> int:
        """Octets that were lost because the program did not read them in time."""
        return int(self._ask("overruns"))

    def cycles(self, mark: int) -> Cycles:
        """Return how long the piece of this number took, 1 to 127."""
        return Cycles(*map(int, self._ask(f"mark {mark}").split()))

    def cycles_of_interrupt(self, vector: int) -> Cycles:
        """Return how long an interrupt took, from its vector to its return; 1 to 127."""
        return Cycles(*map(int, self._ask(f"interrupt {vector}").split()))

    def read_memory(self, address: int, size: int) -> bytes:
        """Read up to 512 octets past the program, as a debugger does."""
        return bytes.fromhex(self._ask(f"read {address:#x} {size}"))

    def _ask(self, command: str) -> str:
        assert self._control is not None
        self._control.sendall(f"{command}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            octets = self._control.recv(4096)
            assert octets, "the emulator has ended"
            answer += octets
        return answer.decode().strip()


def connect(path: Path) -> socket.socket:
    """Return a connection to a socket of a board."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_DEADLINE_S)
    try:
        connection.connect(str(path))
    except BaseException:
        connection.close()
        raise
    return connection

"""The device behind the test vectors, made of the C library, as a process."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from .missing_tools import cannot_run
from .reference_device import Command, ReferenceDevice, Target

_FOLDER: Final = Path(__file__).resolve().parents[1] / "firmware"

_FOREIGN: Final = ("hppa-linux-gnu-gcc", "qemu-hppa")

# What lies in the two pipes at once must not fill them: they hold 64 KiB each.
_COMMANDS_AT_ONCE: Final = 64


class _Process:
    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._stdin = stdin
        self._stdout = stdout

    def execute(self, commands: Sequence[Command]) -> list[bytes]:
        replies: list[bytes] = []
        for start in range(0, len(commands), _COMMANDS_AT_ONCE):
            part = commands[start : start + _COMMANDS_AT_ONCE]
            self._stdin.write(
                b"".join([letter + struct.pack("<H", len(data)) + data for letter, data in part])
            )
            self._stdin.flush()
            replies += [self._reply() for _ in part]
        return replies

    def _reply(self) -> bytes:
        head = self._stdout.read(4)
        assert len(head) == 4, "the device has ended; its last words are above"
        return self._stdout.read(int.from_bytes(head, "little"))


@contextmanager
def running(command: Sequence[str | Path]) -> Generator[ReferenceDevice]:
    """Run a program; at its end nothing may have gone wrong."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield ReferenceDevice(_Process(process.stdin, process.stdout).execute)
            process.stdin.close()
            assert process.wait(timeout=10) == 0, "a sanitizer complained, see stderr"
        finally:
            process.kill()


def build(folder: Path, programs: Sequence[str]) -> None:
    """Build test programs of `tests/firmware/Makefile` into a folder, for this machine."""
    _make(folder, programs, f"CC={_own_compiler()}")


def build_for(target: Target, folder: Path) -> list[str | Path]:
    """Build the reference device for a target, and return the command that runs it.

    The other byte order is that of a PA-RISC Linux, emulated: of those of the distribution the
    compiler and library that take the least room.
    """
    program = "reference_device_a4"
    options = f"OPTIONS=-DSCRUTINY_ENABLE_64BIT={int(target.supports_64bits)}"
    if target.byte_order == sys.byteorder:
        _make(folder, [program], f"CC={_own_compiler()}", options)
        return [folder / program]
    if missing := [tool for tool in (*_FOREIGN, "make") if shutil.which(tool) is None]:
        cannot_run(f"needs {' and '.join(missing)}: tools/install_system_packages.sh test")
    compiler, emulator = _FOREIGN
    _make(folder, [program], f"CC={compiler}", "SANITIZERS=-static", options)
    return [emulator, folder / program]


def _own_compiler() -> str:
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    if compiler is None:
        cannot_run("needs a C compiler")
    return compiler


def _make(folder: Path, programs: Sequence[str], *variables: str) -> None:
    if shutil.which("make") is None:
        cannot_run("needs make")
    make = ["make", "-s", "-j4", "-C", str(_FOLDER), f"BUILD={folder}", *variables]
    subprocess.run([*make, *(str(folder / program) for program in programs)], check=True)

"""The device behind the test vectors, made of the C library, as a process."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from .missing_tools import cannot_run
from .reference_device import Command, ReferenceDevice

_FOLDER: Final = Path(__file__).resolve().parents[1] / "firmware"

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


def build(folder: Path, programs: Sequence[str], **variables: str) -> None:
    """Build test programs of `tests/firmware/Makefile` into a folder, for this machine."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    if compiler is None or shutil.which("make") is None:
        cannot_run("needs a C compiler and make")
    build_with(compiler, folder, programs, **variables)


def build_with(compiler: str, folder: Path, programs: Sequence[str], **variables: str) -> None:
    """Build them with a certain compiler, which is there."""
    make = ["make", "-s", "-j4", "-C", str(_FOLDER), f"BUILD={folder}", f"CC={compiler}"]
    make += [f"{name}={value}" for name, value in variables.items()]
    subprocess.run([*make, *(str(folder / program) for program in programs)], check=True)

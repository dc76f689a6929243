"""Which processes have a port open, where the system tells it: in ``/proc``, on Linux."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class PortHolder:
    """A process that has a port open."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.program} (process {self.pid})"


def port_holders(port: str, proc: Path = PROC) -> list[PortHolder]:
    """Return the other processes that have a port open, as far as this account may know.

    Args:
        port: its name; links are followed.
        proc: where the system tells of processes.
    """
    try:
        device = Path(port).stat().st_rdev
        candidates = [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    except OSError:
        return []
    return [
        PortHolder(pid, _program(proc / f"{pid}"))
        for pid in sorted(candidates)
        if pid != os.getpid() and device and _holds(proc / f"{pid}" / "fd", device)
    ]


def _holds(folder: Path, device: int) -> bool:
    # Of another account's processes only root may know; and they end meanwhile.
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            with contextlib.suppress(OSError):
                if entry.stat().st_rdev == device:
                    return True
    return False


def _program(process: Path) -> str:
    """Return what a process was called, without folders, and with one argument of a script."""
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "a program"
    program, *rest = [word for word in words if word] or ["a program"]
    name = Path(program).name
    if not name.startswith("python") or not rest:
        return name
    script, *more = rest
    if script == "-c":
        return f"{name} -c"
    if script.startswith("-"):
        return " ".join([name, *rest[:2]])
    return " ".join([Path(script).name, *more[:1]])  # says more than the name of the interpreter

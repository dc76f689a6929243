"""The board of the demo: the example firmware compiled for this computer, or a simulated device."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import scrutiny

from .child import Child

_EXAMPLE: Final = Path(scrutiny.__file__).resolve().parents[1] / "firmware_example"
_PROGRAM_NAME: Final = "scrutiny-example-host"
_PORT_NAME: Final = "tty-board"
_READY: Final = r"^(pty|tcp) (\S+)"


class Board:
    """A board that can be plugged in and pulled out, under the same name each time.

    Args:
        description: what it is, for the user.
        command: program and arguments, without those that name the port.
        port_name: where its serial port appears; None: it listens on TCP.

        symbols: the description file of its firmware; None: it has none.

    Attributes:
        link: URL of the link, once it was plugged in.
    """

    def __init__(
        self,
        description: str,
        command: Sequence[str],
        port_name: Path | None,
        symbols: Path | None = None,
    ) -> None:
        self.description = description
        self.symbols = symbols
        self.link = ""
        self._command = command
        self._port_name = port_name
        self._tcp_port = "0"  # any free one, and then always the same
        self._child: Child | None = None

    def plug_in(self) -> None:
        """Start it, and return when it can be reached.

        Raises:
            ChildFailed: it did not start.
        """
        if self._port_name is not None:
            self._child = Child([*self._command, "--pty", str(self._port_name)], _READY)
            self.link = f"serial:{self._port_name}"
            return
        self._child = Child([*self._command, "--tcp", self._tcp_port], _READY)
        address = str(self._child.ready_match.group(2))
        self._tcp_port = address.rpartition(":")[2]
        self.link = f"tcp://{address}"

    def pull_out(self) -> None:
        """Take it away, without any warning to the server. May be called again."""
        if self._child is not None:
            self._child.stop()
            self._child = None


def build_board(folder: Path) -> Board:
    """Compile the example firmware if that is possible here; simulate it otherwise."""
    reason = _why_no_build()
    if reason is None:
        reason = _compile(folder)
    if reason is not None:
        return simulated_board(folder, reason)
    symbols = folder / f"{_PROGRAM_NAME}.sfd"
    return Board(
        "the example firmware (C), compiled for this computer",
        (str(folder / _PROGRAM_NAME),),
        folder / _PORT_NAME,
        symbols if symbols.exists() else None,
    )


def simulated_board(folder: Path, reason: str) -> Board:
    """Return the device that is written in Python, with the reason why it is used."""
    return Board(
        f"a simulated device: {reason}",
        (sys.executable, "-m", "scrutiny.firmware_link.simulator"),
        None if sys.platform == "win32" else folder / _PORT_NAME,
    )


def _why_no_build() -> str | None:
    if sys.platform == "win32":
        return "the example firmware needs the serial ports of Linux or macOS"
    if not (_EXAMPLE / "Makefile").exists():
        return "the sources of the example firmware are not installed; they are in the repository"
    if _compiler() is None:
        return "there is no C compiler here; install gcc or clang for the real firmware"
    if shutil.which("make") is None:
        return "there is no make here; install it for the real firmware"
    return None


def _compiler() -> str | None:
    asked_for = os.environ.get("CC")
    candidates = [asked_for] if asked_for else ["cc", "gcc", "clang"]
    return next((name for name in candidates if shutil.which(name)), None)


def _compile(folder: Path) -> str | None:
    """Build the program; return why that failed, None if it did not."""
    # The command is not on the path of an environment that was not activated.
    packager = f"SCRUTINY={shlex.quote(sys.executable)} -m scrutiny.cli.main"
    import_path = [str(_EXAMPLE.parent), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        ["make", "-C", str(_EXAMPLE), f"BUILD={folder}", f"CC={_compiler()}", packager],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, import_path))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode == 0:
        return None
    last_lines = "\n    ".join(result.stdout.splitlines()[-10:])
    return f"compiling the example firmware failed:\n    {last_lines}\n "

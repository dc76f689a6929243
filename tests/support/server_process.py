"""The server as users start it: ``python -m scrutiny.server``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar, Final

from .example_board import ROOT
from .processes import LoggedProcess
from .token_folder import share_tokens

# With this variable, all servers of a run read ports by threads, as on Windows.
_LINKS: Final = (
    ("--options", "device.portable_links=true")
    if os.environ.get("SCRUTINY_TEST_PORTABLE_LINKS")
    else ()
)


class ServerProcess(LoggedProcess):
    """One run of the server.

    Attributes:
        tcp_port: where clients connect.
        listening_s: when it began to accept them, `time.monotonic`.
        PROGRAM: what Python runs.
    """

    PROGRAM: ClassVar[tuple[str, ...]] = ("-m", "scrutiny.server")

    def __init__(self, home: Path, *arguments: str, python: str | Path = sys.executable) -> None:
        """Start it, and return when clients can connect.

        Args:
            home: folder for all that it keeps; those with the same one share their memory.
            arguments: of the command line, besides the port.
            python: what runs it.
        """
        share_tokens()
        command = [str(python), *self.PROGRAM, "--port", "0", *_LINKS, *arguments]
        super().__init__(command, environment=home_environment(home))
        try:
            match, self.listening_s = self.wait_for_line(r"listening on wss?://127\.0\.0\.1:(\d+)")
        except BaseException:
            self.kill()
            raise
        self.tcp_port = int(match[1])

    @property
    def complaints(self) -> list[str]:
        """What its log says about bugs of its own, and all that follows."""
        lines = self.lines
        for index, line in enumerate(lines):
            if "Traceback" in line or " ERROR " in line or " CRITICAL " in line:
                return lines[max(0, index - 1) :]
        return []


def home_environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's is read or written."""
    folders = {
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_RUNTIME_DIR": home / "run",
        "XDG_STATE_HOME": home / "state",
        "PYTHONPATH": ROOT,  # of a checkout that is not installed
    }
    return os.environ | {name: str(folder) for name, folder in folders.items()}

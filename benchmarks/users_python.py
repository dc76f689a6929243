"""The Python that users have: what the package depends on, and nothing that only tests need.

More packages make a program start later: each interpreter reads what was put into its environment,
and libraries import others that they can do without.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Final, cast

from tests.support.example_board import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = ROOT / ".venv-users"
_MADE_FOR: Final = FOLDER / "made-for.txt"


def users_python() -> Path:
    """Return the interpreter of that environment, which is made when it is not there.

    Raises:
        subprocess.CalledProcessError: it cannot be made; pip has told why.
    """
    python = FOLDER / "bin" / "python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies = cast("list[str]", project["dependencies"])
    made_for = "\n".join([sys.version, *dependencies])
    if not _MADE_FOR.exists() or _MADE_FOR.read_text(encoding="utf-8") != made_for:
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *dependencies], check=True)
        _MADE_FOR.write_text(made_for, encoding="utf-8")
    return python

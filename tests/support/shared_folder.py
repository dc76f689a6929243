"""Folders that a run of tests has in common: made by the first process, found by all it starts."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def shared_folder(variable: str, prefix: str) -> Path:
    """Return the folder of this run, which is removed when its first process ends.

    Args:
        variable: of the environment, in which others find it.
        prefix: of its name.
    """
    if variable not in os.environ:
        folder = os.environ[variable] = tempfile.mkdtemp(prefix=prefix)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(os.environ[variable])

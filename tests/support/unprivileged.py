"""Permissions that count: for root, none does."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

_NOBODY: Final = 65534


@contextlib.contextmanager
def folder_of_nobody() -> Generator[Path]:
    """Give a new folder to an account for which permissions count; the block runs as this one.

    Without being root, it is one's own.
    """
    folder = Path(tempfile.mkdtemp(prefix="scrutiny-test-"))
    try:
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, 0)  # root is kept, to come back to
        try:
            yield folder
        finally:
            os.setresuid(0, 0, 0)
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(folder)

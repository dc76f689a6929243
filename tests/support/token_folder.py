"""Where servers under test leave their tokens, apart from those of the user's own servers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from scrutiny.api.token_files import FOLDER_VARIABLE


def share_tokens() -> None:
    """Let this process and all that it starts find the tokens of each other's servers."""
    if FOLDER_VARIABLE in os.environ:
        return
    folder = os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="scrutiny-tokens-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

"""Where servers under test leave their tokens, apart from those of the user's own servers."""

from __future__ import annotations

from scrutiny.api.token_files import FOLDER_VARIABLE

from .shared_folder import shared_folder


def share_tokens() -> None:
    """Let this process and all that it starts find the tokens of each other's servers."""
    shared_folder(FOLDER_VARIABLE, "scrutiny-tokens-")

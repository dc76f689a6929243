"""Where a server leaves the token of its own account, for clients of that account to find.

A server makes a new token at each start. It keeps it in a file that only its account can read,
named after its port, and removes the file when it stops. Whoever is run by the same account needs
no configuration; a program of another account that takes the port of a server that is gone learns
a token that opens nothing any more.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "SCRUTINY_TOKEN_FOLDER"
TOKEN_VARIABLE: Final = "SCRUTINY_TOKEN"

_TOKEN_OCTETS: Final = 32
_LONGEST_TOKEN: Final = 200  # characters


def new_token() -> str:
    """Return a token that nobody can guess: 256 bits, 43 characters that fit into a header."""
    return secrets.token_urlsafe(_TOKEN_OCTETS)


def is_token(text: str) -> bool:
    """Tell whether a text can be a token: of the alphabet of base64url, and not too long."""
    return (
        0 < len(text) <= _LONGEST_TOKEN
        and text.isascii()
        and text.replace("-", "").replace("_", "").isalnum()
    )


def token_file(port: int) -> Path:
    """Return where the token of the server on a port of this machine is kept."""
    return _folder() / f"{port}.token"


def read_token(port: int) -> str | None:
    """Return the token of a server on this machine; None: this account has none."""
    try:
        text = token_file(port).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if is_token(text) else None


def write_token(port: int, token: str) -> None:
    """Keep a token so that only this account can read it; nobody sees half a file.

    Raises:
        OSError: it cannot be written.
    """
    file = token_file(port)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    # Nobody has opened it before it was private: it is made private, and not made so afterwards.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(token)
    fresh.replace(file)


def remove_token(port: int, token: str) -> None:
    """Take a token away again, unless another server has put its own there."""
    if read_token(port) == token:
        with contextlib.suppress(OSError):
            token_file(port).unlink()


def _folder() -> Path:
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    import platformdirs  # here: a tenth of the import time of the SDK

    # Not the user's runtime folder, which cannot be relied on: containers and services have none.
    return platformdirs.user_state_path("scrutiny") / "tokens"

"""Why a command is refused, and why the server cannot listen.

ScrutinyError
├── CommandRefused    the command is understood, but cannot be done; the text goes to the client
└── ListenError       the address for clients cannot be opened
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError

_LONGEST_QUOTE = 200


class CommandRefused(ScrutinyError):
    """A command cannot be done as asked; its sender gets the text, and nothing has happened."""


class ListenError(ScrutinyError):
    """The server cannot accept clients at the configured address."""


def printable(text: str) -> str:
    """Return text of a client as it may appear in a line of the log."""
    return "".join([character if character.isprintable() else "?" for character in text])


def quoted(text: str) -> str:
    """Return text of a client as it may appear in a message: escaped, and not too long."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")

"""What can be wrong with a message.

ScrutinyError
└── MalformedMessage    not JSON, not a known message, or a field of the wrong type
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError


class MalformedMessage(ScrutinyError):
    """A message could not be understood.

    Attributes:
        reqid: the number the sender gave it, if that much could be read.
        command: the name in its ``cmd`` field, ``<empty>`` if there was none.
    """

    def __init__(self, reason: str, *, reqid: int | None = None, command: str = "<empty>") -> None:
        super().__init__(reason)
        self.reqid = reqid
        self.command = command

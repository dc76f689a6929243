"""Base of all exceptions of this project.

ScrutinyError
├── PathError              a path names nothing: an index is missing, superfluous or out of range
├── ExpressionError        a text is no expression, or has no finite value
├── ValueCodecError        a value cannot be encoded into, or decoded from, its data type
└── (each component adds its own tree below ScrutinyError)
"""

from __future__ import annotations


class ScrutinyError(Exception):
    """Something went wrong that a caller may want to react to."""


class ValueCodecError(ScrutinyError, ValueError):
    """A value does not fit its data type, or octets do not hold a value of it."""


class PathError(ScrutinyError, ValueError):
    """A path cannot be followed; the text names the segment and what it takes."""


class ExpressionError(ScrutinyError, ValueError):
    """A text cannot be evaluated; the message says where, and what is expected there.

    Attributes:
        position: of the character where it goes wrong; the first one is 1.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

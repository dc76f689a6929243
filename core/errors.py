"""Base of all exceptions of this project.

ScrutinyError
├── ValueCodecError        a value cannot be encoded into, or decoded from, its data type
└── (each component adds its own tree below ScrutinyError)
"""

from __future__ import annotations


class ScrutinyError(Exception):
    """Something went wrong that a caller may want to react to."""


class ValueCodecError(ScrutinyError, ValueError):
    """A value does not fit its data type, or octets do not hold a value of it."""

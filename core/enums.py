"""Named values of an integer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enumeration of the firmware, or one that an alias brings along.

    Attributes:
        name: for display; may be empty.
        values: by name; several names may stand for one value, values may be negative.
    """

    name: str
    values: Mapping[str, int] = field(hash=False)  # so that what has an enumeration can be a key

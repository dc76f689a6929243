"""Named values of an integer in the firmware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EmbeddedEnum:
    """An enumeration of the firmware; several names may stand for one value."""

    def __init__(self, name: str, vals: Mapping[str, int] | None = None) -> None:
        self.name = name
        self.vals: dict[str, int] = dict(vals or {})

    def add_value(self, name: str, value: int) -> None:
        """Add a name.

        Raises:
            IndexError: the name exists already, with another value.
        """
        if self.vals.setdefault(name, value) != value:
            raise IndexError(f"{name} of {self.name} is {self.vals[name]} already, not {value}")

    def get_name(self) -> str:
        """Return the name of the enumeration."""
        return self.name

    def get_value(self, name: str) -> int:
        """Return the value of a name.

        Raises:
            ValueError: there is no such name.
        """
        if name not in self.vals:
            raise ValueError(f"{self.name} has no value {name!r}; it has {', '.join(self.vals)}")
        return self.vals[name]

    def has_value(self, name: str) -> bool:
        """Tell whether a name exists."""
        return name in self.vals

    def get_first_value_name_match(self, value: int) -> str | None:
        """Return the alphabetically first name of a value, None if it has none."""
        return min((name for name, number in self.vals.items() if number == value), default=None)

    def has_signed_value(self) -> bool:
        """Tell whether a value is negative."""
        return any(value < 0 for value in self.vals.values())

    def get_def(self) -> dict[str, Any]:
        """Return the definition as a dictionary that :meth:`from_def` takes."""
        return {"name": self.name, "values": dict(self.vals)}

    @classmethod
    def from_def(cls, definition: Mapping[str, Any]) -> EmbeddedEnum:
        """Return the enumeration that :meth:`get_def` described."""
        return cls(definition["name"], definition["values"])

    def copy(self) -> EmbeddedEnum:
        """Return an independent copy."""
        return EmbeddedEnum(self.name, self.vals)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        if not isinstance(other, EmbeddedEnum):
            return NotImplemented
        return self.name == other.name and self.vals == other.vals

    def __hash__(self) -> int:
        """Hash by content, which should not change while the object is in a set."""
        return hash((self.name, frozenset(self.vals.items())))

    def __repr__(self) -> str:
        return f"EmbeddedEnum({self.name!r}, {self.vals!r})"

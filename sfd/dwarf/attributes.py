"""Attributes of entries with the type they should have; what has another one counts as absent."""

from __future__ import annotations

from . import constants as c
from .entries import Entry
from .reader import DebugInfo

# A definition refers to its declaration, a concrete function to the abstract one. Real programs
# take two steps at most; a damaged one may go in circles.
_ORIGINS_MAX = 8


def integer(entry: Entry, attribute: int) -> int | None:
    """Return a number, or a reference; None if there is none."""
    value = entry.values.get(attribute)
    return value if isinstance(value, int) else None


def text(entry: Entry, attribute: int) -> str:
    """Return a string, empty if there is none."""
    value = entry.values.get(attribute)
    return value if isinstance(value, str) else ""


def flag(entry: Entry, attribute: int) -> bool:
    """Return whether a flag is set."""
    return entry.values.get(attribute) is not None and bool(entry.values[attribute])


def origin(debug: DebugInfo, entry: Entry) -> Entry | None:
    """Return the declaration or the abstract instance that an entry completes."""
    values = entry.values
    reference = values.get(c.DW_AT_specification) or values.get(c.DW_AT_abstract_origin)
    return debug.entry_at(reference) if isinstance(reference, int) else None


def with_origins(debug: DebugInfo, entry: Entry) -> list[Entry]:
    """Return an entry and what it completes, in the order in which attributes are looked up."""
    chain = [entry]
    while len(chain) < _ORIGINS_MAX:
        previous = origin(debug, chain[-1])
        if previous is None:
            break
        chain.append(previous)
    return chain


def first_text(chain: list[Entry], attribute: int) -> str:
    """Return the first string that is not empty."""
    for entry in chain:
        found = text(entry, attribute)
        if found:
            return found
    return ""

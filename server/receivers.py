"""Who takes the values of an entry: a client takes them in one of three ways."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .broadcast import ValueFeed
    from .entries import Entry


class Receiver(Protocol):
    """One way in which one client takes values: the newest, changes, or every sample."""

    @property
    def feed(self) -> ValueFeed:
        """What sends to the client."""
        ...

    def mark(self, entries: Collection[Entry]) -> None:
        """Note that these entries have just got a value, or have lost it."""

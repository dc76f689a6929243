"""The ring of recorded entries, each over the oldest one once it is full."""

from __future__ import annotations


class EntryRing:
    """Entries of one size, in octets.

    Attributes:
        capacity: How many entries it holds at most.
        entry_count: How many it holds.
    """

    def __init__(self, entry_size: int, capacity: int) -> None:
        self.capacity = capacity
        self.entry_count = 0
        self._entry_size = entry_size
        self._octets = bytearray(entry_size * capacity)
        self._next = 0  # where the next entry begins, in octets

    def append(self, entry: bytes) -> None:
        """Record an entry."""
        end = self._next + self._entry_size
        self._octets[self._next : end] = entry
        self._next = end if end < len(self._octets) else 0
        if self.entry_count < self.capacity:
            self.entry_count += 1

    def octets(self) -> bytes:
        """Return a copy of all entries, oldest first."""
        if self.entry_count < self.capacity:
            return bytes(self._octets[: self._next])
        return bytes(self._octets[self._next :] + self._octets[: self._next])

"""The single copy of every value, with one writer: the device driver."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from scrutiny.core.paths import normalize_path
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue

from .entries import Entry


class ValueStore:
    """Entries of the connected device, found by path or by id."""

    def __init__(self) -> None:
        self._ids = itertools.count()
        self._by_path: dict[str, Entry] = {}
        self._by_id: dict[str, Entry] = {}

    @property
    def published(self) -> Sequence[Entry]:
        """All published values, in the order of the firmware's table."""
        return list(self._by_path.values())

    def find(self, path: str) -> Entry | None:
        """Return the entry at a path in any spelling, None if there is none."""
        return self._by_path.get(path) or self._by_path.get(normalize_path(path))

    def by_id(self, entry_id: str) -> Entry | None:
        """Return the entry that has been given this id, None if it is gone or never was."""
        return self._by_id.get(entry_id)

    def load_published(self, values: Iterable[PublishedValue]) -> None:
        """Add the values that a device publishes."""
        for value in values:
            entry = Entry(f"{next(self._ids):x}", value)
            self._by_path[entry.path] = entry
            self._by_id[entry.id] = entry

    def clear(self) -> None:
        """Forget everything: the device is gone."""
        self._by_path.clear()
        self._by_id.clear()

    def update(self, entries: Sequence[Entry], values: Sequence[Value], time_ns: int) -> None:
        """Take the values that one answer of the device held."""
        for entry, value in zip(entries, values, strict=True):
            entry.value = value
            entry.time_ns = time_ns

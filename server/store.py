"""The single copy of every value, with one writer: the device driver."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from scrutiny.core.errors import PathError
from scrutiny.core.paths import normalize_path
from scrutiny.core.values import Value
from scrutiny.core.watchables import Alias, PublishedValue, Variable

from .entries import Entry, Source, SourceKey, source_key

# Entries that nobody watches are kept for clients that have their id, more than one command can ask
# for; beyond these many the one that was not asked for longest goes. As many objects that come and
# go quickly are what Python looks through for garbage, again and again: 10 ms each time with these.
MOST_IDLE: Final = 5_000


class Description(Protocol):
    """What the store needs from the description of a firmware."""

    @property
    def variable_count(self) -> int:
        """Leaves that are no arrays."""
        ...

    @property
    def factory_count(self) -> int:
        """Leaves inside arrays."""
        ...

    @property
    def alias_count(self) -> int:
        """Aliases; those of published values that the device lacks are counted."""
        ...

    def find_variable(self, path: str) -> Variable | None:
        """Return the variable or array element at a canonical path; PathError for a bad index."""
        ...

    def find_alias(self, path: str) -> Alias | None:
        """Return the alias at a canonical path."""
        ...


class ValueStore:
    """Entries of the connected device, found by path or by id.

    Published values exist from the start. Variables, elements of arrays and aliases come into being
    when somebody asks for them, for a description may have a million.

    Attributes:
        description: of the firmware that runs in the device; None while there is none.
        revision: counts the changes of values.
    """

    def __init__(self) -> None:
        self.description: Description | None = None
        self.revision = 0
        self._ids = itertools.count()
        self._published: dict[str, Entry] = {}
        self._described: dict[str, Entry] = {}  # variables and aliases, by path
        self._by_id: dict[str, Entry] = {}
        self._by_source: dict[SourceKey, list[Entry]] = {}
        # Described entries that nobody seems to need, the one not asked for longest first. Some of
        # them may be in use again: that is found out when it is their turn to go.
        self._idle: OrderedDict[Entry, None] = OrderedDict()

    @property
    def published(self) -> Sequence[Entry]:
        """All published values, in the order of the firmware's table."""
        return list(self._published.values())

    def find(self, path: str) -> Entry | None:
        """Return the entry at a path in any spelling, None if there is none.

        Variables come first, then published values, then aliases.

        Raises:
            PathError: the path goes through an array, with indices that are missing or too large.
        """
        entry = self._described.get(path)
        if entry is None:
            path = normalize_path(path)
            entry = self._described.get(path)
        if entry is None:
            return self._find_new(path)
        self._touch(entry)
        return entry

    def by_id(self, entry_id: str) -> Entry | None:
        """Return the entry that has been given this id, None if it is gone or never was."""
        entry = self._by_id.get(entry_id)
        if entry is not None:
            self._touch(entry)
        return entry

    def has_all(self, entries: Iterable[Entry]) -> bool:
        """Return whether none of these entries is gone."""
        by_id = self._by_id
        return all(by_id.get(entry.id) is entry for entry in entries)

    def same_source(self, source: Source) -> Sequence[Entry]:
        """Return the existing entries that show one value: a variable and its aliases."""
        return self._by_source.get(source_key(source), ())

    def load_published(self, values: Iterable[PublishedValue]) -> None:
        """Add the values that a device publishes."""
        for value in values:
            entry = self._add(value)
            self._published[entry.path] = entry

    def load_description(self, description: Description) -> None:
        """Offer the variables and aliases of a firmware, instead of those before."""
        self.unload_description()
        self.description = description

    def unload_description(self) -> list[Entry]:
        """Forget variables and aliases; return the entries that existed, for their watchers."""
        self.description = None
        entries = list(self._described.values())
        self._described.clear()
        self._idle.clear()
        published = self._published.values()
        self._by_id = {entry.id: entry for entry in published}
        self._by_source = {source_key(entry.source): [entry] for entry in published}
        return entries

    def clear(self) -> None:
        """Forget everything: the device is gone."""
        self.description = None
        self._published.clear()
        self._described.clear()
        self._by_id.clear()
        self._by_source.clear()
        self._idle.clear()

    def update(
        self,
        entries: Sequence[Entry],
        values: Sequence[Value],
        time_ns: int,
        octets: Sequence[bytes | None] | None = None,
    ) -> None:
        """Take the values that one answer of the device held, in the units of the device.

        Args:
            entries: whose values they are.
            values: of the source of each entry.
            time_ns: when the answer came.
            octets: the storage of each source; None: published values, which have none.
        """
        self.revision += 1
        if octets is None:
            octets = (None,) * len(entries)
        for entry, value, data in zip(entries, values, octets, strict=True):
            alias = entry.alias
            entry.value = value if alias is None else alias.to_user(value)
            entry.octets = data
            entry.time_ns = time_ns
            if entry.reason:
                entry.reason = ""
                entry.informed = ()

    def invalidate(self, entries: Iterable[Entry], reason: str, time_ns: int) -> None:
        """Note that these entries have no value; those that have none for this reason stay."""
        self.revision += 1
        for entry in entries:
            if entry.reason == reason:
                continue
            entry.value = None
            entry.octets = None
            entry.reason = reason
            entry.time_ns = time_ns
            entry.informed = ()

    def keep_idle(self, entry: Entry) -> None:
        """Learn that an entry is not needed any more; it stays until room is wanted."""
        if entry.is_idle and self._described.get(entry.path) is entry:
            self._idle[entry] = None
            self._idle.move_to_end(entry)
            self._make_room()

    def _find_new(self, path: str) -> Entry | None:
        """Return the published value, or make the entry of a variable or an alias."""
        description = self.description
        if description is None:
            return self._published.get(path)
        wrong_index: PathError | None = None
        variable = None
        try:
            variable = description.find_variable(path)
        except PathError as error:
            wrong_index = error
        if variable is not None:
            return self._describe(variable)
        if (published := self._published.get(path)) is not None:
            return published
        alias = description.find_alias(path)
        target = None if alias is None else self._target(description, alias)
        if target is not None:
            return self._describe(target, alias)
        if wrong_index is not None:
            raise wrong_index
        return None

    def _target(self, description: Description, alias: Alias) -> Source | None:
        path = normalize_path(alias.target)
        if alias.target_type != "rpv":
            try:
                variable = description.find_variable(path)
            except PathError:
                return None
            if variable is not None:
                return variable
        published = self._published.get(path) if alias.target_type != "var" else None
        return None if published is None else published.source

    def _describe(self, source: Source, alias: Alias | None = None) -> Entry:
        known = self._described.get(source.path if alias is None else alias.path)
        if known is not None:  # the description knows more spellings of a path
            self._touch(known)
            return known
        entry = self._add(source, alias)
        self._described[entry.path] = entry
        self._idle[entry] = None
        self._make_room()
        return entry

    def _add(self, source: Source, alias: Alias | None = None) -> Entry:
        entry = Entry(f"{next(self._ids):x}", source, alias)
        self._by_id[entry.id] = entry
        self._by_source.setdefault(source_key(source), []).append(entry)
        return entry

    def _touch(self, entry: Entry) -> None:
        if entry in self._idle:
            self._idle.move_to_end(entry)

    def _make_room(self) -> None:
        while len(self._idle) > MOST_IDLE:
            oldest, _ = self._idle.popitem(last=False)
            if oldest.is_idle:
                self._forget(oldest)

    def _forget(self, entry: Entry) -> None:
        del self._described[entry.path]
        del self._by_id[entry.id]
        key = source_key(entry.source)
        others = [other for other in self._by_source[key] if other is not entry]
        if others:
            self._by_source[key] = others
        else:
            del self._by_source[key]


class Holds:
    """Keeps entries from being forgotten while a command needs them.

    Args:
        store: that they are in.
    """

    def __init__(self, store: ValueStore) -> None:
        self._store = store
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Keep an entry."""
        entry.holds += 1
        self._entries.append(entry)

    def release(self) -> None:
        """Let all of them go; they stay until room is wanted."""
        entries, self._entries = self._entries, []
        for entry in entries:
            entry.holds -= 1
            self._store.keep_idle(entry)

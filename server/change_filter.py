"""Lets only those values pass to a client that differ from what it was told last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from scrutiny.core.values import Value

from .entries import Entry

if TYPE_CHECKING:
    from .broadcast import ValueFeed


class ChangeFilter:
    """Compares with what the client was told, not with what was read last.

    So a value that creeps is told each time when it has crept far enough, and one that is back
    before the client could be told is not told at all. That there is a value, that there is none,
    and why, is news whatever the dead band says; so is a float that becomes finite, infinite or no
    number.

    Args:
        feed: of the client.
        announce: takes entries to tell about.
        withdraw: takes entries of which there is nothing to tell any more.
    """

    def __init__(
        self,
        feed: ValueFeed,
        announce: Callable[[Collection[Entry]], None],
        withdraw: Callable[[Iterable[Entry]], None],
    ) -> None:
        self.feed = feed
        self._announce = announce
        self._withdraw = withdraw
        self._bands: dict[Entry, float] = {}
        self._told: dict[Entry, tuple[Value | None, str]] = {}

    def watch(self, entry: Entry, dead_band: float) -> None:
        """Compare an entry from now on; its next value is news.

        Args:
            entry: to compare.
            dead_band: how far a value may be from the one that was told, in the user's units.
        """
        self._bands[entry] = dead_band
        self._told.pop(entry, None)

    def mark(self, entries: Collection[Entry]) -> None:
        """Announce those that differ from what was told."""
        news: list[Entry] = []
        old: list[Entry] = []
        for entry in entries:
            (news if self._is_news(entry) else old).append(entry)
        if old:
            self._withdraw(old)
        if news:
            self._announce(news)

    def told(self, entries: Iterable[Entry]) -> None:
        """Note what the client is told now."""
        for entry in entries:
            if entry in self._bands:
                self._told[entry] = entry.value, entry.reason

    def forget(self, entries: Iterable[Entry]) -> None:
        """Compare these no more."""
        for entry in entries:
            self._bands.pop(entry, None)
            self._told.pop(entry, None)

    def _is_news(self, entry: Entry) -> bool:
        told = self._told.get(entry)
        if told is None:
            return True
        value, reason = told
        if value is None or entry.value is None:
            return (value, reason) != (entry.value, entry.reason)
        return differs(value, entry.value, self._bands.get(entry, 0.0))


def differs(told: Value, value: Value, dead_band: float) -> bool:
    """Tell whether two values are more than a dead band apart; integers are compared exactly."""
    if told == value:
        return False
    distance = abs(value - told)
    if distance != distance:
        return (told != told) != (value != value)
    return distance > dead_band

"""Who watches what, at which rate; tells when what has to be read changes."""

from __future__ import annotations

from collections.abc import Callable

from .broadcast import ValueFeed
from .entries import Entry


class Subscriptions:
    """The union of what all clients watch.

    Attributes:
        watched: entries with at least one watcher, in the order of their first subscription.
        on_change: called after `watched` or a rate has changed; the plan has to be made anew.
    """

    def __init__(self) -> None:
        self.watched: dict[Entry, None] = {}
        self.on_change: Callable[[], None] = lambda: None

    def watch(self, feed: ValueFeed, entry: Entry, rate: float | None) -> None:
        """Let a client watch an entry; a second call replaces the rate.

        Args:
            feed: of the client.
            entry: what to watch.
            rate: updates per second, above 0; None: as fast as possible.
        """
        if entry.watchers.get(feed, 0) == rate:
            return
        entry.watchers[feed] = rate
        self.watched[entry] = None
        self.on_change()

    def unwatch(self, feed: ValueFeed, entry: Entry) -> None:
        """End the subscription of a client, if there is one."""
        if feed not in entry.watchers:
            return
        del entry.watchers[feed]
        if not entry.watchers:
            self.watched.pop(entry, None)
        self.on_change()

    def drop(self, feed: ValueFeed) -> None:
        """End all subscriptions of a client that left."""
        mine = [entry for entry in self.watched if feed in entry.watchers]
        for entry in mine:
            del entry.watchers[feed]
            if not entry.watchers:
                del self.watched[entry]
        if mine:
            self.on_change()

    def clear(self) -> None:
        """Forget all: the entries are gone."""
        for entry in self.watched:
            entry.watchers.clear()
        self.watched.clear()
        self.on_change()


def effective_rate(entry: Entry) -> float | None:
    """Return the rate at which an entry is read: the highest asked for; None: unlimited."""
    fastest = 0.0
    for rate in entry.watchers.values():
        if rate is None:
            return None
        fastest = max(fastest, rate)
    return fastest

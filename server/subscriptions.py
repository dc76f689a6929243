"""Who watches what, at which rate; tells when what has to be read changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from .broadcast import ValueFeed
from .entries import Entry
from .receivers import Receiver
from .turns import NO_PAUSE, Steps


class Subscriptions:
    """The union of what all clients watch.

    Attributes:
        watched: entries with at least one watcher, in the order of their first subscription.
        on_change: called after `watched` or a rate has changed; the plan has to be made anew.
        on_idle: called with an entry that has lost its last watcher.
    """

    def __init__(self) -> None:
        self.watched: dict[Entry, None] = {}
        self._counts: Counter[ValueFeed] = Counter()
        self.on_change: Callable[[], None] = lambda: None
        self.on_idle: Callable[[Entry], None] = lambda entry: None

    def count(self, feed: ValueFeed) -> int:
        """Return how many entries a client watches."""
        return self._counts[feed]

    def watch(self, receiver: Receiver, entry: Entry, rate: float | None) -> None:
        """Let a client watch an entry; a second call replaces the rate, and how it is taken.

        Args:
            receiver: one of those of the client.
            entry: what to watch.
            rate: updates per second, above 0; None: as fast as possible.
        """
        if entry.watchers.get(receiver, 0) == rate:
            return
        former = receiver.feed.receiver_of(entry)
        if former is None:
            self._counts[receiver.feed] += 1
        elif former is not receiver:
            self._detach(former, entry)
        entry.watchers[receiver] = rate
        self.watched[entry] = None
        self.on_change()

    def unwatch(self, feed: ValueFeed, entry: Entry) -> None:
        """End the subscription of a client, if there is one."""
        receiver = feed.receiver_of(entry)
        if receiver is None:
            return
        self._remove(receiver, entry)
        self.on_change()

    def drop(self, feed: ValueFeed) -> Steps:
        """End all subscriptions of a client that left, in small steps: it may have thousands."""
        had_any = self._counts[feed] > 0
        for entry in list(self.watched):
            receiver = feed.receiver_of(entry)
            if receiver is not None:  # the entry may have gone meanwhile
                self._remove(receiver, entry)
            yield NO_PAUSE
        del self._counts[feed]
        if had_any:
            self.on_change()

    def end(self, entries: Iterable[Entry]) -> None:
        """End all subscriptions to entries that are gone; what waits to be sent of them is not."""
        by_feed: defaultdict[ValueFeed, list[Entry]] = defaultdict(list)
        for entry in entries:
            for receiver in entry.watchers:
                by_feed[receiver.feed].append(entry)
            entry.watchers.clear()
            self.watched.pop(entry, None)
        for feed, ended in by_feed.items():
            self._counts[feed] -= len(ended)
            feed.forget(ended)
        if by_feed:
            self.on_change()

    def clear(self) -> None:
        """Forget all: the entries are gone."""
        feeds = {receiver.feed for entry in self.watched for receiver in entry.watchers}
        for feed in feeds:
            feed.forget(self.watched)
        for entry in self.watched:
            entry.watchers.clear()
        self.watched.clear()
        self._counts.clear()
        self.on_change()

    def _remove(self, receiver: Receiver, entry: Entry) -> None:
        self._detach(receiver, entry)
        self._counts[receiver.feed] -= 1
        if not entry.watchers:
            self.watched.pop(entry, None)
            self.on_idle(entry)

    def _detach(self, receiver: Receiver, entry: Entry) -> None:
        del entry.watchers[receiver]
        if receiver in entry.informed:
            entry.informed = tuple(other for other in entry.informed if other is not receiver)


def effective_rate(entry: Entry) -> float | None:
    """Return the rate at which an entry is read: the highest asked for; None: unlimited."""
    fastest = 0.0
    for rate in entry.watchers.values():
        if rate is None:
            return None
        fastest = max(fastest, rate)
    return fastest

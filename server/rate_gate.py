"""Keeping rates: due times that advance by the period, not by what arrives when."""

from __future__ import annotations

from collections.abc import Sequence

from .entries import Entry
from .receivers import Receiver


def next_due_ns(due_ns: int, period_ns: int, now_ns: int) -> int:
    """Return when something that was due, and happens now, is due again.

    Due times are multiples of the period: being late does not shift them, so that the average is
    exact, what was missed is not made up for in a burst, and everything with one period is due at
    the same times, whenever it began.
    """
    return (max(due_ns, now_ns) // period_ns + 1) * period_ns


class RateGate:
    """Lets through as many updates per second as one client wants of some entries.

    Attributes:
        feed: of the client.
        entries: read by one request.
        period_ns: time between two updates.
        due_ns: when the next one is due.
        successor: has taken its place while a read was under way that may still pass here.
        has_awaited: it is such a successor, and has not passed anything yet.
    """

    __slots__ = (
        "_slack_ns",
        "due_ns",
        "entries",
        "feed",
        "has_awaited",
        "period_ns",
        "successor",
    )

    def __init__(
        self, feed: Receiver, entries: Sequence[Entry], period_ns: int, read_period_ns: int
    ) -> None:
        self.feed = feed
        self.entries = tuple(entries)
        self.period_ns = period_ns
        self.due_ns = 0
        self.successor: RateGate | None = None
        self.has_awaited = False
        # Of reads with a rhythm of their own the nearest one counts, not the first one behind:
        # else one that comes a little early would be lost.
        self._slack_ns = min(period_ns, read_period_ns) // 2

    def offer(self, now_ns: int) -> None:
        """Pass values that were just read on to the client, if it is time."""
        if now_ns + self._slack_ns >= self.due_ns:
            self.due_ns = next_due_ns(self.due_ns, self.period_ns, now_ns)
            self.has_awaited = False
            self.feed.mark(self.entries)
            gate = self.successor
            while gate is not None:
                gate.due_ns = self.due_ns
                gate = gate.successor

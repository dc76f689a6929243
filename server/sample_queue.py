"""Keeps every value for a client that wants them all, in order, as long as there is room.

What is read as fast as possible is read no faster than the client takes it: see `holds_reads`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from scrutiny.core.values import Value

from .entries import Entry

if TYPE_CHECKING:
    from .broadcast import ValueFeed

# Values that wait for one client; at 100,000 per second it may look away for half a second.
MOST_SAMPLES: Final = 50_000

# A client that has taken nothing for so long is not worth waiting for: it loses samples, and what
# others watch is read as fast as before.
PATIENCE_S: Final = 0.2

_value_of: Callable[[Entry], Value | None] = attrgetter("value")
_octets_of: Callable[[Entry], bytes | None] = attrgetter("octets")
_reason_of: Callable[[Entry], str] = attrgetter("reason")


class SampleBlock(NamedTuple):
    """Values that were known at one time, and how many were lost before them.

    Attributes:
        time_ns: `time.monotonic_ns`.
        entries: whose values they are.
        values: one per entry; None: it has none.
        octets: in memory, one per entry.
        reasons: why there is no value, one per entry.
        lost: values of this client that there was no room for, since the block before.
    """

    time_ns: int
    entries: tuple[Entry, ...]
    values: tuple[Value | None, ...]
    octets: tuple[bytes | None, ...]
    reasons: tuple[str, ...]
    lost: int


class SampleQueue:
    """Values in the order in which they were known.

    When it is full, what comes is counted and thrown away until there is room again: so there is
    one gap, of a known size, at a known place.

    Args:
        loop: tells when the client has taken nothing for too long.
        feed: of the client.
        announce: called when there is something to send.

    Attributes:
        holds_reads: more than half of the room is taken, by a client that goes on taking: what is
            read as fast as possible has to wait until half of that is gone.
        on_room: called when it has ceased to do so.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, feed: ValueFeed, announce: Callable[[], None]
    ) -> None:
        self.feed = feed
        self.holds_reads = False
        self.on_room: Callable[[], None] = lambda: None
        self._loop = loop
        self._announce = announce
        self._blocks: deque[SampleBlock] = deque()
        self._count = 0
        self._lost = 0
        self._has_taken = False  # since the client was looked at
        self._is_stuck = False
        self._look: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many values wait."""
        return self._count

    def __bool__(self) -> bool:
        """Whether any wait; not whether it exists."""
        return self._count > 0

    def mark(self, entries: Collection[Entry]) -> None:
        """Keep the values that these entries have now."""
        # For a moment after a change, an answer may come that was asked for before it.
        kept = [entry for entry in entries if self in entry.watchers]
        if self._count + len(kept) > MOST_SAMPLES:
            self._lost += len(kept)
            return
        for alike in by_time(kept):
            self._blocks.append(block_of(alike, self._lost))
            self._lost = 0
        self._count += len(kept)
        if self._count > MOST_SAMPLES // 2 and not (self.holds_reads or self._is_stuck):
            self.holds_reads = True
            self._look_again()
        self._announce()

    def take(self, most: int) -> list[SampleBlock]:
        """Take the oldest values out: whole blocks, at least one, up to about so many values."""
        taken: list[SampleBlock] = []
        count = 0
        while self._blocks and (not taken or count + len(self._blocks[0].entries) <= most):
            block = self._blocks.popleft()
            count += len(block.entries)
            taken.append(block)
        self._count -= count
        self._has_taken = True
        self._is_stuck = False
        if self.holds_reads and self._count <= MOST_SAMPLES // 4:
            self._let_go()
        return taken

    def clear(self) -> None:
        """Throw all away: the client has left."""
        self._blocks.clear()
        self._count = self._lost = 0
        if self.holds_reads:
            self._let_go()

    def _look_again(self) -> None:
        self._has_taken = False
        self._look = self._loop.call_later(PATIENCE_S, self._judge)

    def _judge(self) -> None:
        if self._has_taken:
            self._look_again()
        else:
            self._is_stuck = True
            self._let_go()

    def _let_go(self) -> None:
        self.holds_reads = False
        if self._look is not None:
            self._look.cancel()
            self._look = None
        self.on_room()


def by_time(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """Put those together that were known at one time: nearly always all, from one answer."""
    times_ns = {entry.time_ns for entry in entries}
    if entries and times_ns == {entries[0].time_ns}:
        return [entries]
    found: dict[int, list[Entry]] = {time_ns: [] for time_ns in times_ns}
    for entry in entries:
        found[entry.time_ns].append(entry)
    return [found[time_ns] for time_ns in sorted(found)]


def block_of(entries: Sequence[Entry], lost: int = 0) -> SampleBlock:
    """Return the values that entries have now, which were all known at one time."""
    return SampleBlock(
        entries[0].time_ns,
        tuple(entries),
        tuple(map(_value_of, entries)),
        tuple(map(_octets_of, entries)),
        tuple(map(_reason_of, entries)),
        lost,
    )

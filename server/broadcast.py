"""From the value store to one client: dirty entries, flushed together, newest value wins.

What a client wants every sample of waits in a queue instead, and what it wants changes of passes a
filter first; see `SampleQueue` and `ChangeFilter`. Where many clients leave the server too little
of the processor, they are told less often; see `FrameBudget`.
"""

from __future__ import annotations

import asyncio
import binascii
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from scrutiny.api.messages import ValueUpdate, WatchableUpdate
from scrutiny.core.values import Value

from .change_filter import ChangeFilter
from .clock import ServerClock
from .entries import Entry
from .frame_budget import FrameBudget
from .metrics import ClientStatistics
from .receivers import Receiver
from .sample_queue import SampleBlock, SampleQueue

# While values stream, a client gets a message at most this often. Encoding and sending one takes
# about 60 µs whatever it holds, so that reading the device keeps nearly all of the processor.
MIN_INTERVAL_S: Final = 0.001

# A client for which more octets wait is left alone until it has read: newest value wins.
MAX_BACKLOG: Final = 1 << 12

# Keeps a message below `MAX_MESSAGE_SIZE`: an update has up to about 130 octets.
LARGEST_UPDATE: Final = 5000

# More wait for the next turn of the loop: so many take 1.5 ms. For a client that had a backlog, or
# that is throttled, everything it watches may be waiting.
LARGEST_FLUSH: Final = 2000


class ValueFeed:
    """What one client has to be told. Marking is cheap; one flush sends all that is marked.

    Args:
        send: encodes and sends a message to the client.
        backlog: how many octets the client has not taken yet.
        clock: of the server.
        budget: that all clients share.
        statistics: of all clients.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[WatchableUpdate], None],
        backlog: Callable[[], int],
        clock: ServerClock,
        *,
        budget: FrameBudget | None = None,
        statistics: ClientStatistics | None = None,
    ) -> None:
        self._loop = loop
        self._send = send
        self._backlog = backlog
        self._clock = clock
        self._budget = budget or FrameBudget()
        self._statistics = statistics or ClientStatistics()
        self.changes = ChangeFilter(self, self.mark, self.withdraw)
        self.samples = SampleQueue(loop, self, self._wake)
        self.receivers: tuple[Receiver, ...] = (self, self.changes, self.samples)
        self._dirty: set[Entry] = set()
        self._scheduled: asyncio.Handle | None = None
        self._waits_for_room = False
        self._has_slot = False  # it has been told when to send, which is next
        self._is_closed = False
        self._last_flush_s = -math.inf  # loop time
        self._last_count = 0  # of updates in that flush
        self._max_updates_per_s = math.inf
        # Instead of `send`, for a client that takes binary frames.
        self.send_entries: Callable[[list[Entry]], None] | None = None
        self.send_blocks: Callable[[list[SampleBlock]], None] | None = None

    @property
    def feed(self) -> ValueFeed:
        """Itself: it is the receiver of those entries of which the newest value is wanted."""
        return self

    def receiver_of(self, entry: Entry) -> Receiver | None:
        """Return how the client takes an entry; None: it does not."""
        watchers = entry.watchers
        return next((one for one in self.receivers if one in watchers), None)

    def set_throttling(self, updates_per_s: float | None) -> None:
        """Limit the value updates per second, all entries together; None lifts the limit."""
        self._max_updates_per_s = math.inf if updates_per_s is None else updates_per_s
        # What waits, waited for the limit before.
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._schedule()

    def mark(self, entries: Collection[Entry]) -> None:
        """Note that these entries have a new value."""
        dirty = self._dirty
        count = len(dirty) + len(entries)
        dirty.update(entries)
        self._statistics.values_replaced += count - len(dirty)
        self._wake()

    def room_made(self) -> None:
        """Go on, if values wait: the client has taken what was sent to it."""
        if self._waits_for_room and not self._is_closed:
            self._waits_for_room = False
            self._schedule()

    def forget(self, entries: Iterable[Entry]) -> None:
        """Do not send these any more."""
        forgotten = tuple(entries)
        self._dirty.difference_update(forgotten)
        self.changes.forget(forgotten)

    def withdraw(self, entries: Iterable[Entry]) -> None:
        """Do not send what was marked of these."""
        self._dirty.difference_update(entries)

    def flush(self) -> None:
        """Send what is marked now, so that a message that follows cannot overtake it."""
        if self._is_closed:
            return
        self._last_count = 0
        if self._dirty:
            self._send_dirty()
        while self.samples:
            self._send_samples()

    def flush_only(self, entries: Sequence[Entry]) -> None:
        """Do as `flush` does for these entries; others may wait for their time."""
        if self._is_closed:
            return
        marked = [entry for entry in dict.fromkeys(entries) if entry in self._dirty]
        if marked:
            self._dirty.difference_update(marked)
            self._send_entries(marked)
        if self.samples and any(self.samples in entry.watchers for entry in entries):
            while self.samples:
                self._send_samples()

    def close(self) -> None:
        """Send nothing more."""
        self._is_closed = True
        self._dirty.clear()
        self.samples.clear()
        if self._scheduled is not None:
            self._scheduled.cancel()

    def _schedule(self) -> None:
        interval_s = max(MIN_INTERVAL_S, self._last_count / self._max_updates_per_s)
        delay = self._last_flush_s + interval_s - self._loop.time()
        if delay <= 0:
            self._scheduled = self._loop.call_soon(self._flush)
        else:
            self._scheduled = self._loop.call_later(delay, self._flush)

    def _wake(self) -> None:
        if self._scheduled is None and not self._waits_for_room and not self._is_closed:
            self._schedule()

    def _flush(self) -> None:
        self._scheduled = None
        if self._is_closed or not (self._dirty or self.samples):
            return
        if self._backlog() > MAX_BACKLOG:
            self._waits_for_room = True
            return
        has_slot, self._has_slot = self._has_slot, False
        if not has_slot and not self.samples:
            now_s = self._loop.time()
            slot_s = self._budget.slot_s(id(self), now_s)
            if slot_s > now_s:
                self._has_slot = True
                self._scheduled = self._loop.call_at(slot_s, self._flush)
                return
        rest: set[Entry] = set()
        if len(self._dirty) > LARGEST_FLUSH:
            rest = self._dirty
            self._dirty = {rest.pop() for _ in range(LARGEST_FLUSH)}
        self._last_count = 0
        self._send_dirty()
        if self.samples:
            self._send_samples()
        self._dirty = rest
        if rest or self.samples:
            self._schedule()

    def _send_dirty(self) -> None:
        marked = list(self._dirty)
        self._dirty.clear()
        self._last_flush_s = self._loop.time()
        self._send_entries(marked)

    def _send_entries(self, marked: Iterable[Entry]) -> None:
        # An answer that was under way when a subscription ended may have marked its entry.
        entries = [
            entry for entry in marked if self in entry.watchers or self.changes in entry.watchers
        ]
        self._last_count += len(entries)
        self.changes.told(entries)
        for start in range(0, len(entries), LARGEST_UPDATE):
            part = entries[start : start + LARGEST_UPDATE]
            if self.send_entries is not None:
                self.send_entries(part)
            else:
                self._send(WatchableUpdate(updates=[self._update_of(entry) for entry in part]))

    def _send_samples(self) -> None:
        blocks = self.samples.take(LARGEST_FLUSH)
        self._last_flush_s = self._loop.time()
        self._last_count += sum(len(block.entries) for block in blocks)
        part: list[SampleBlock] = []
        for block in blocks:
            if block.lost:
                self._send_blocks(part)
                part = []
                self._send(WatchableUpdate(updates=[], lost=block.lost))
            part.append(block)
        self._send_blocks(part)

    def _send_blocks(self, blocks: list[SampleBlock]) -> None:
        if not blocks:
            return
        if self.send_blocks is not None:
            self.send_blocks(blocks)
            return
        updates = [
            self._update(entry, time_ns, value, octets, reason)
            for time_ns, entries, values, all_octets, reasons, _ in blocks
            for entry, value, octets, reason in zip(
                entries, values, all_octets, reasons, strict=True
            )
        ]
        for start in range(0, len(updates), LARGEST_UPDATE):
            self._send(WatchableUpdate(updates=updates[start : start + LARGEST_UPDATE]))

    def _update_of(self, entry: Entry) -> ValueUpdate:
        return self._update(entry, entry.time_ns, entry.value, entry.octets, entry.reason)

    def _update(
        self, entry: Entry, time_ns: int, value: Value | None, octets: bytes | None, reason: str
    ) -> ValueUpdate:
        update = ValueUpdate(entry.id, self._clock.to_us(time_ns), value)
        if value is None:
            if reason:
                update.r = reason
            return update
        if isinstance(value, float) and not math.isfinite(value):
            update.v = None
            update.r = str(value)
        if octets is not None:
            update.d = binascii.b2a_base64(octets, newline=False).decode("ascii")
        return update

"""Which chunk of an acquisition has come, told from its rolling counter; no I/O.

A device sends the chunks of an acquisition one per request, in passes: 0, 1, 2, ... up to the one
that it calls finished, then 0 again. The counter is modulo 256. As long as a pass is no longer, it
is the index. In a longer one the index follows from where the device can be: it has sent one chunk
per request, or none if the request got lost. So the next chunk lies at most as many chunks ahead as
there were requests without an answer, or, if it is a late or doubled answer, a few chunks behind.

Where that leaves several indexes, as around the end of a pass, all are kept in mind, and chunks
are not used, until those that follow have ruled out all but one. The end of the pass, whose place
is known by itself, does so at once. A wrong index would show in the CRC of the pass.

Source: device protocol, section 11.8.
"""

from __future__ import annotations

from typing import Final

COUNTER_RANGE: Final = 256

# The counter has to tell apart what may have been skipped and what may come late.
MAX_LOST: Final = 200
MAX_LATE: Final = 8

# Indexes to keep in mind; each costs some time with every chunk. In a pass beyond 16384 chunks, one
# whose position is unknown waits for the end.
MAX_CANDIDATES: Final = 64


class PassPosition:
    """Where in a pass the device is, as far as this side can know."""

    __slots__ = ("_full_count", "_lost", "_next", "_others", "_seen")

    def __init__(self) -> None:
        self._full_count = 0
        self._next = 0  # index if nothing gets lost
        self._others: list[int] | None = []  # that it may be as well; None: any
        self._lost = 0  # requests that may have taken the device ahead of that
        self._seen = 0  # chunks that have come, of which the last ones may come again

    def lay_out(self, full_count: int) -> None:
        """Take note of how many full chunks there are; one with the rest may follow."""
        self._full_count = full_count

    def index_of(self, counter: int) -> int | None:
        """Take note of a full chunk and return its index, None if it cannot be told yet.

        The index may be beyond the end if the counter makes no sense.
        """
        self._seen += 1
        if self._full_count <= COUNTER_RANGE:
            return counter
        index = self._next
        if self._others == [] and counter == index & 0xFF and index < self._full_count:
            self._advance(0)  # in order, whatever else may fit
            self._next = index + 1
            return index
        return self._search(counter)

    def end_pass(self) -> None:
        """Take note of the last chunk."""
        self._seen += 1
        if self._others == [] and self._next < self._may_be_late():
            self.lost()  # it comes late, or once more
        else:
            self.expect(0)

    def expect(self, index: int) -> None:
        """Take note of what the device sends next, for sure; but what was lost may come before."""
        self._next = index
        self._others = []
        self._lost = min(self._lost, MAX_LATE)

    def lost(self) -> None:
        """Take note of a request without an answer; the device may have sent one."""
        self._lost += 1
        if self._lost > MAX_LOST:
            self._lost = 0
            self._others = None

    def _search(self, counter: int) -> int | None:
        """Find all indexes that lead on from where the device may be."""
        if self._others is None:
            self._keep(self._all_behind(counter))
            return None
        indexes: set[int] = set()
        following: set[int] = set()
        fewest_steps = MAX_LOST
        for origin in (self._next, *self._others):
            for index, steps in self._leading_on(origin, counter):
                indexes.add(index)
                following.add(index + 1 if steps >= 0 else origin)
                fewest_steps = min(fewest_steps, steps)
        if not indexes:
            return self._begin_anew(counter)
        if fewest_steps >= 0:
            self._advance(fewest_steps)
        else:
            self.lost()  # the answer that belongs here may be one that never comes
        self._keep(following)
        return indexes.pop() if len(indexes) == 1 else None

    def _leading_on(self, origin: int, counter: int) -> list[tuple[int, int]]:
        """Return where a chunk can be: its index, and how many steps that is ahead of the origin.

        A pass has one or two chunks more than the full ones, so the steps into the next one are
        told too few. That rules out nothing.
        """
        full_count = self._full_count
        found: list[tuple[int, int]] = []
        ahead = (counter - origin) & 0xFF
        behind = COUNTER_RANGE - ahead
        if ahead <= self._lost and origin + ahead < full_count:
            found.append((origin + ahead, ahead))
        elif behind <= self._may_be_late() and origin >= behind:
            found.append((origin - behind, -behind))
        if full_count - origin + counter <= self._lost:
            found.append((counter, full_count - origin + counter))
        end = full_count - 1
        behind = origin + 1 + ((end - counter) & 0xFF)  # from there, via the end of the last pass
        if behind <= self._may_be_late():
            found.append((full_count + origin - behind, -behind))
        return found

    def _begin_anew(self, counter: int) -> int | None:
        """Go on with a chunk that should not have come."""
        if counter == 0:
            self.expect(1)  # the device has begun a pass anew, as it may in a new session
            return 0
        self._lost = 0
        self._keep(self._all_behind(counter))
        return None

    def _all_behind(self, counter: int) -> range:
        """Return all indexes that may follow a chunk with this counter."""
        return range(counter + 1, self._full_count + 1, COUNTER_RANGE)

    def _keep(self, nexts: range | set[int]) -> None:
        if len(nexts) > MAX_CANDIDATES:
            self._others = None
        else:
            self._next, *self._others = nexts

    def _may_be_late(self) -> int:
        return min(self._seen - 1, MAX_LATE)

    def _advance(self, steps: int) -> None:
        """Move on. Requests that got lost, but for the ``steps``, may still be answered.

        If there were many, one less with every chunk: a device that goes on regularly has not got
        them.
        """
        lost = self._lost
        if lost:
            self._lost = max(lost - steps - 1, min(lost, MAX_LATE))

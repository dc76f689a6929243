"""Which chunk of an acquisition has come, told from its rolling counter; no I/O.

A device sends the chunks of an acquisition one per request, in passes: 0, 1, 2, ... up to the one
that it calls finished, then 0 again. The counter is modulo 256. As long as a pass is no longer, it
is the index. In a longer one the index follows from where the device can be: it has sent one chunk
per request, or none if the request got lost. So the next chunk lies at most as many chunks ahead as
there were requests without an answer, or, if it is a late or doubled answer, a few chunks behind.
If that does not lead to exactly one index, the position is unknown until the end of the pass, whose
place is known by itself. A wrong index would show in the CRC of the pass.

Source: device protocol, section 11.8.
"""

from __future__ import annotations

from typing import Final

COUNTER_RANGE: Final = 256

# The counter has to tell apart what may have been skipped and what may come late.
MAX_LOST: Final = 200
MAX_LATE: Final = 8


class PassPosition:
    """Where in a pass the device is, as far as this side can know."""

    __slots__ = ("_full_count", "_lost", "_next", "_seen")

    def __init__(self) -> None:
        self._full_count = 0
        self._next: int | None = 0  # index if nothing gets lost; None: unknown
        self._lost = 0  # requests that may have taken the device ahead of that
        self._seen = 0  # chunks that have come, of which the last ones may come again

    def lay_out(self, full_count: int) -> None:
        """Take note of how many full chunks there are; one with the rest may follow."""
        self._full_count = full_count

    def index_of(self, counter: int) -> int | None:
        """Take note of a full chunk and return its index, None if it cannot be told.

        The index may be beyond the end if the counter makes no sense.
        """
        self._seen += 1
        if self._full_count <= COUNTER_RANGE:
            return counter
        index = self._next
        if index is None:
            return None
        if counter == index & 0xFF and index < self._full_count:
            self._advance(0, index + 1)  # in order, whatever else may fit
            return index
        return self._search(counter, index)

    def end_pass(self) -> None:
        """Take note of the last chunk."""
        self._seen += 1
        if self._next is not None and self._next < self._may_be_late():
            self.lost()  # it comes late, or once more
        else:
            self.expect(0)

    def expect(self, index: int) -> None:
        """Take note of what the device sends next, for sure; but what was lost may come before."""
        self._next = index
        self._lost = min(self._lost, MAX_LATE)

    def lost(self) -> None:
        """Take note of a request without an answer; the device may have sent one."""
        self._lost += 1
        if self._lost > MAX_LOST:
            self._forget()

    def _forget(self) -> None:
        """Do not rely on the counter until the end of the pass has come."""
        self._next = None
        self._lost = 0

    def _search(self, counter: int, origin: int) -> int | None:
        found: dict[int, int] = {}
        for step in range(-self._may_be_late(), self._lost + 1):
            index = (origin + step) % self._full_count  # one or two more may be in a pass
            if index & 0xFF == counter:
                found[index] = step
        if len(found) == 1:
            ((index, step),) = found.items()
            if step >= 0:
                self._advance(step, index + 1)
            else:
                self.lost()  # the answer that belongs here may be one that never comes
            return index
        if not found and counter == 0:
            self.expect(1)  # the device has begun a pass anew, as it may in a new session
            return 0
        self._forget()
        return None

    def _may_be_late(self) -> int:
        return min(self._seen - 1, MAX_LATE)

    def _advance(self, steps: int, following: int) -> None:
        """Move on. Requests that got lost, but for the ``steps``, may still be answered.

        If there were many, one less with every chunk: a device that goes on regularly has not got
        them.
        """
        self._next = following
        lost = self._lost
        if lost:
            self._lost = max(lost - steps - 1, min(lost, MAX_LATE))

"""Requests that are sent before the last one is answered, and when; no I/O, no clock.

Between the end of an answer and the next request the line is idle: for as long as the answer takes
from the adapter through the system to us, and the request back. A device that announces
`FeatureBits.REQUEST_AHEAD` keeps what arrives while it answers, so that the next request may be
there already, as a whole. A read is sent as late as that is possible: a write that comes next waits
for it, and what the device has read for it grows old. A write is sent as early as its order allows.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .exchange import Transaction

# Time of our own, from octets to octets.
MARGIN_NS: Final = 50_000

# What came together tells how much comes together, up to here: no answer is awaited for longer.
LONGEST_LUMP_NS: Final = 2_000_000

# Where we are too busy to see the end of an answer coming, the next request is sent so much earlier
# each time, up to the longest, and for so long, or so many answers, if they are long: the line is
# worth more than the age of values only where it is idle often.
EARLIER_NS: Final = 50_000
EARLIEST_NS: Final = 2_000_000
EARLIER_FOR_NS: Final = 100_000_000
EARLIER_FOR_ANSWERS: Final = 16
_MOST_PASSED_NS: Final = EARLIER_FOR_NS // EARLIER_FOR_ANSWERS  # with an answer

# How late answers are is learnt from requests that had the line for themselves: so many at first,
# and one after each so many that had not.
FIRST_ALONE: Final = 12
OVERLAPPED_BETWEEN: Final = 64

# After a loss requests are sent one by one for a while: noise, or a device that does not keep what
# arrives. It is twice as long each time, until so many in a row went well.
FIRST_REST_NS: Final = 100_000_000
LONGEST_REST_NS: Final = 20_000_000_000
GOOD_IN_A_ROW: Final = 256

# Losses in a row, with not one request in between that went well, after which it is given up: one
# pair of wires carries one direction at a time (RS-485), and some drivers hear nothing while they
# send.
MOST_IN_VAIN: Final = 3

# In flight beside the first; they are small if there are so many.
MOST_AHEAD: Final = 4


class Overlap:
    """What is in flight at one device beside the first request.

    Attributes:
        room: octets of requests that the device keeps while it answers; 0: it does not.
        octets: of the requests that were sent ahead.
        answers_ns: time of their answers on the line.
        next: the one that is answered next, after the first.
        holds_write: one that was sent ahead does not only read; it is the last one.
        was_due: so was another one, since the last answer.
    """

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.octets = 0
        self.answers_ns = 0
        self.next: Transaction | None = None
        self.holds_write = False
        self.was_due = False
        self._sent: deque[Transaction] = deque()
        self._lump_ns = 0  # time on the line of what comes together, at most
        self._early_ns = 0  # how long we may be busy with something else
        self._counted_ns = 0  # when one that was sent ahead was answered
        self._late_ns = 0  # how much later than on an ideal line answers come; 0: not known
        self._alone_left = FIRST_ALONE
        self._rest_ns = FIRST_REST_NS
        self._resting_until_ns = 0
        self._good = 0  # since a loss
        self._in_vain = 0  # losses with nothing good in between

    @property
    def room_left(self) -> int:
        """How many octets another request may have, if the device has taken in the first one."""
        return self.room - self.octets

    def takes_write(self, now_ns: int) -> bool:
        """Whether one that writes may be sent ahead, behind all others."""
        return (
            not self.holds_write
            and len(self._sent) < MOST_AHEAD
            and now_ns >= self._resting_until_ns
        )

    def note_lump(self, lump_ns: int) -> None:
        """Take time on the line of octets that came together: larger ones are kept in mind."""
        lump_ns = min(lump_ns, LONGEST_LUMP_NS)
        difference_ns = lump_ns - self._lump_ns
        self._lump_ns += difference_ns if difference_ns > 0 else difference_ns >> 5

    def is_due(self, left_ns: int, request_ns: int, now_ns: int) -> bool:
        """Whether another request has to leave now.

        Args:
            left_ns: time on the line of what is missing of the first answer.
            request_ns: time that another request may take on the line.
            now_ns: the time.
        """
        # Not the sum of the longest lump and the request: some values would be read half a lump
        # earlier than need be, so that a few requests come no later than the end of an answer.
        ahead_ns = max(self._lump_ns, request_ns) + self._late_ns + self._early_ns + MARGIN_NS
        if (
            left_ns + self.answers_ns > ahead_ns
            or self._alone_left
            or len(self._sent) >= MOST_AHEAD
            or now_ns < self._resting_until_ns
        ):
            return False
        self.was_due = True
        return True

    def ended_alone(self, now_ns: int) -> None:
        """Learn from an answer that ended with no other request sent, unless one was due before."""
        was_due, self.was_due = self.was_due, False
        if not was_due and not self._alone_left and now_ns >= self._resting_until_ns:
            self._early_ns = min(self._early_ns + EARLIER_NS, EARLIEST_NS)

    def sent(self, transaction: Transaction, answer_ns: int) -> None:
        """Note a request that was sent ahead, and the time of its answer on the line."""
        self._sent.append(transaction)
        self.holds_write = not transaction.only_reads
        self.next = self._sent[0]
        self.octets += len(transaction.frame)
        self.answers_ns += answer_ns

    def learn(self, late_ns: int) -> None:
        """Take how late an answer was whose request had the line for itself."""
        if self._alone_left:
            self._alone_left -= 1
        if self._late_ns == 0:
            self._late_ns = late_ns
        # One that was held up tells little of the others: what counts is how late they are at best.
        difference_ns = min(late_ns, 2 * self._late_ns + MARGIN_NS) - self._late_ns
        self._late_ns += difference_ns >> (4 if difference_ns > 0 else 2)

    def take_next(self, answer_ns: int) -> None:
        """Take out the next one: its answer is waited for."""
        self.was_due = False
        self.octets -= len(self._sent.popleft().frame)
        self.next = self._sent[0] if self._sent else None
        if self.next is None:
            self.holds_write = False
        self.answers_ns -= answer_ns

    def went_well(self, now_ns: int) -> None:
        """Count one that was answered."""
        self._good += 1
        passed_ns = min(now_ns - self._counted_ns, _MOST_PASSED_NS)
        self._early_ns -= self._early_ns * passed_ns // EARLIER_FOR_NS
        self._counted_ns = now_ns
        if self._good % OVERLAPPED_BETWEEN == 0:
            self._alone_left = 1
        if self._good == GOOD_IN_A_ROW:
            self._rest_ns = FIRST_REST_NS

    def went_wrong(self, now_ns: int) -> None:
        """Forget all, and send one by one for a while: a request, or its answer, was lost."""
        self.clear()
        self._in_vain = 0 if self._good else self._in_vain + 1
        if self._in_vain == MOST_IN_VAIN:
            self.room = 0
        self._good = 0
        self._resting_until_ns = now_ns + self._rest_ns
        self._rest_ns = min(2 * self._rest_ns, LONGEST_REST_NS)

    def clear(self) -> None:
        """Forget all that was sent ahead."""
        self._sent.clear()
        self.next = None
        self.holds_write = False
        self.octets = 0
        self.answers_ns = 0

"""Requests in flight: deadlines, retries, and what an answer has to look like; no I/O, no clock.

The device has no sequence numbers (device protocol, section 3), so there is one at a time:

- A request has a deadline made from the speed of the line, the size of both frames, and the answer
  times seen so far (RFC 6298, with the silence time-out of the device as the floor: a device whose
  receiver is out of step needs that much silence before it understands a new frame).
- A bad or missing answer is followed by silence where the device may need it, then by a retry if
  the request is idempotent. A device whose answer arrived damaged is in step: it is asked again
  a moment after all of that answer must have come.
- A response that answers something else (a late answer to an earlier request) is dropped, and the
  wait goes on.
- After a retry the answer to the first attempt may still be on its way; nothing is sent until the
  line was quiet for a moment, so that it cannot be taken for the answer to the next request.

A device that keeps what arrives while it answers may have more. Reads are sent when the answers to
those before near their end; one request that writes follows when the first answer has begun, which
tells that the request was carried out. See `overlap`. When anything goes wrong, all but the first
are forgotten, and their owner has to send them again.

States: IDLE --start--> WAITING --answer--> IDLE, or SETTLING after a retry
        WAITING --answer, with a request sent ahead--> WAITING, for that one
        WAITING --bad, or deadline--> PAUSING --wake--> WAITING (retry)
        WAITING --last deadline--> IDLE, with a failure;  SETTLING --wake--> IDLE
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec

from .codes import RESPONSE_OVERHEAD, ResponseCode
from .errors import FrameError
from .frames import Response, ResponseParser
from .overlap import Overlap

BITS_PER_OCTET: Final = 10  # a UART adds a start and a stop bit

# How long an incomplete answer may pause. USB serial adapters hand over every 16 ms by default.
GAP_TIMEOUT_NS: Final = 40_000_000

# Pause before a retry when the device is known to be in step, and after an answer to a retry.
SETTLE_NS: Final = 5_000_000

# Before any answer was timed: generous, because a board may just be starting.
FIRST_TIMEOUT_NS: Final = 200_000_000


class ExchangeSettings(msgspec.Struct, frozen=True):
    """How patient an exchange is. Times in nanoseconds."""

    silence_ns: int = 50_000_000  # as the device announced; half as much again is waited
    response_timeout_ns: int = 1_000_000_000  # longest wait for one answer, line time not counted
    retries: int = 2
    bits_per_second: int | None = None  # of the line; None: fast enough not to matter

    @property
    def quiet_ns(self) -> int:
        """Silence after which the device surely listens for a new frame."""
        return self.silence_ns + self.silence_ns // 4 + 2_000_000

    def line_ns(self, octets: int) -> int:
        """Time that octets take on the line."""
        if self.bits_per_second is None:
            return 0
        return octets * BITS_PER_OCTET * 1_000_000_000 // self.bits_per_second


class Failure(Enum):
    """Why a request has no answer."""

    SILENT = "the device did not answer"
    GARBLED = "only damaged answers came; check the baud rate and the wiring"


class Transaction:
    """A request as the exchange needs it, made once and used any number of times.

    Attributes:
        frame: the octets to send.
        command, subfunction: what the response must carry.
        prefix: what the payload of a good answer begins with: the echo of ids or addresses.
        size: octets of payload of a good answer; None when only the device knows.
        max_size: the most it may be, in octets of payload; 0: as much as the device can send.
        idempotent: whether it may be sent again after a lost answer.
        retries: how often, if idempotent; None: as the settings of the exchange say.
        patience_ns: time the device may take beyond the usual.
        only_reads: that it may be lost, or carried out twice, and nobody notices; so another one
            like it may be sent before it is answered.
    """

    __slots__ = (
        "command",
        "frame",
        "idempotent",
        "max_size",
        "only_reads",
        "patience_ns",
        "prefix",
        "retries",
        "size",
        "subfunction",
    )

    def __init__(
        self,
        frame: bytes,
        *,
        prefix: bytes = b"",
        size: int | None = None,
        max_size: int = 0,
        idempotent: bool = True,
        retries: int | None = None,
        patience_ns: int = 0,
        only_reads: bool = False,
    ) -> None:
        self.frame = frame
        self.command = frame[0]
        self.subfunction = frame[1]
        self.prefix = prefix
        self.size = size
        self.max_size = max_size if size is None else size
        self.idempotent = idempotent
        self.retries = retries
        self.patience_ns = patience_ns
        self.only_reads = only_reads

    def is_answered_by(self, response: Response) -> bool:
        """Whether a response belongs to this request. A refusal carries nothing to compare."""
        if response.command != self.command or response.subfunction != self.subfunction:
            return False
        if response.code != ResponseCode.OK:
            return True
        payload = response.payload
        return (self.size is None or len(payload) == self.size) and payload.startswith(self.prefix)


class ExchangeStatistics(msgspec.Struct):
    """Counters since the link was opened."""

    requests: int = 0  # frames sent, retries included
    answers: int = 0
    retries: int = 0
    failures: int = 0  # requests given up
    damaged: int = 0  # answers with a wrong CRC, length or first octet
    mismatched: int = 0  # good responses that answered something else
    octets_sent: int = 0
    octets_received: int = 0


class _State(Enum):
    IDLE = auto()  # ends with start()
    WAITING = auto()  # ends with the answer, with damage, or at the deadline
    PAUSING = auto()  # silence before a retry
    SETTLING = auto()  # silence after an answer that may come twice


class Exchange:
    """The requests in flight. The owner writes what it is given and calls back at `wake_ns`.

    Attributes:
        settings: how patient it is.
        statistics: counters.
        overlap: knows of the requests that were sent ahead, and when that may be done.
        wake_ns: when `tick` has something to do.
    """

    def __init__(self, settings: ExchangeSettings, max_payload: int) -> None:
        self.settings = settings
        self.overlap = Overlap()
        self.statistics = ExchangeStatistics()
        self.wake_ns: int | None = None
        self._max_payload = max_payload
        self._parser = ResponseParser(max_payload)
        self._state = _State.IDLE
        self._transaction: Transaction | None = None
        self._was_ahead = False  # the one in flight was sent before the last answer was complete
        self._attempt = 0
        self._gave_up = False  # on the last request; its answer may still come
        self._sent_ns = 0
        self._written_ns = 0  # when anything was sent
        self._line_ns = 0  # time of request and answer on the line
        self._deadline_ns = 0
        self._quiet_limit_ns = 0  # a line that never gets quiet is not waited for any longer
        self._heard_anything = False
        self._heard_before = 0  # octets that had been received when the request was sent
        self._smoothed_ns = 0  # answer time beyond the line time; 0: none measured yet
        self._deviation_ns = 0

    @property
    def is_idle(self) -> bool:
        """Whether start() may be called."""
        return self._state is _State.IDLE

    @property
    def is_waiting(self) -> bool:
        """Whether a request is in flight, or will be again."""
        return self._transaction is not None

    @property
    def holds_octets(self) -> bool:
        """Whether octets behind the last answer wait: feed() may find another answer in them."""
        return self._parser.pending_size > 0

    def set_limits(self, settings: ExchangeSettings, max_payload: int) -> None:
        """Go on with what the device announced; the measured answer times are kept."""
        self.settings = settings
        self._max_payload = max_payload

    def start(self, transaction: Transaction, now_ns: int) -> bytes:
        """Begin an exchange; the result has to be written to the link at once."""
        assert self._state is _State.IDLE
        self._transaction = transaction
        self._attempt = 0
        self._gave_up = False
        self._heard_anything = False
        self._parser.max_payload = self._largest_answer(transaction)
        return self._send(transaction, now_ns)

    def ahead_room(self, now_ns: int, arrived: int) -> int:
        """Return how many octets a request may have that is sent before the answer has come.

        Args:
            now_ns: the time.
            arrived: octets that came just now; as many may come together the next time.

        Returns:
            0 if it is too early, or not to be done at all.
        """
        transaction = self._transaction
        overlap = self.overlap
        if (
            not overlap.room
            or transaction is None
            or not transaction.only_reads
            or overlap.holds_write
            or self._attempt
            or self._state is not _State.WAITING
        ):
            return 0
        overlap.note_lump(self.settings.line_ns(arrived))
        # Another request has about as many octets as this one.
        request_ns = self.settings.line_ns(len(transaction.frame))
        if not overlap.is_due(self._missing_ns(), request_ns, now_ns):
            return 0
        # A device that answers has taken the request out of where the next one arrives.
        is_heard = self.statistics.octets_received > self._heard_before
        return overlap.room_left - (0 if is_heard else len(transaction.frame))

    def write_room(self, now_ns: int) -> int:
        """Return how many octets a request may have that writes, and is sent before the answer.

        The device has carried out the request in flight: its answer has begun. Should that be
        damaged, it is carried out once more after the writes, so they must have nothing to do with
        each other.

        Returns:
            0 if it is too early, or not to be done at all.
        """
        overlap = self.overlap
        if (
            not overlap.room
            or self._transaction is None
            or self._attempt
            or self._state is not _State.WAITING
            or not overlap.takes_write(now_ns)
            or not self._parser.has_begun_well
        ):
            return 0
        return overlap.room_left

    def start_ahead(self, transaction: Transaction, now_ns: int) -> bytes:
        """Begin one more exchange; the result has to be written to the link at once."""
        self.overlap.sent(transaction, self._answer_on_line_ns(transaction))
        self._note_sent(transaction, now_ns)
        return transaction.frame

    def feed(self, data: bytes, now_ns: int) -> Response | None:
        """Take octets from the link; return the answer to the request in flight once complete.

        After an answer there may be more in the octets, see `holds_octets`.
        """
        self.statistics.octets_received += len(data)
        transaction = self._transaction
        if transaction is None:
            if self._state is _State.SETTLING:
                self.wake_ns = min(now_ns + SETTLE_NS, self._quiet_limit_ns)
            elif self._gave_up:
                self._expect_later_answers(now_ns)
            return None
        self._heard_anything = True
        ahead = self.overlap.next
        try:
            parser = self._parser
            response = parser.feed_one(data) if ahead is None else parser.feed_next(data)
        except FrameError:
            self.statistics.damaged += 1
            self._pause(now_ns, self._missing_ns() + self._forget_ahead(now_ns) + SETTLE_NS)
            return None
        if response is None:
            self._wait_for_the_rest(now_ns)
            return None
        if not transaction.is_answered_by(response):
            self.statistics.mismatched += 1
            if ahead is not None and ahead.is_answered_by(response):
                self._forget_ahead(now_ns)
                self._pause(now_ns, SETTLE_NS)
                return None
            self._wait_behind_a_late_answer(transaction, now_ns)
            return None
        self._finish_answered(now_ns)
        return response

    def tick(self, now_ns: int) -> bytes | Failure | None:
        """Do what is due: octets to write again, the failure of the request, or nothing."""
        if self.wake_ns is None or now_ns < self.wake_ns:
            return None
        if self._state is _State.SETTLING:
            self._to_idle()
            return None
        transaction = self._transaction
        assert transaction is not None
        self._forget_ahead(now_ns)
        if self._state is _State.WAITING and self._must_stay_silent(now_ns):
            return None
        if self._attempt < self._allowed_retries(transaction):
            self._attempt += 1
            self.statistics.retries += 1
            return self._send(transaction, now_ns)
        self.statistics.failures += 1
        self._to_idle()
        self._gave_up = True
        return Failure.GARBLED if self._heard_anything else Failure.SILENT

    def abort(self) -> None:
        """Forget the request in flight."""
        self._to_idle()

    def retry_budget_ns(self, transaction: Transaction) -> int:
        """Longest time from the first octet sent until the request is given up, on a quiet line."""
        attempts = range(self._allowed_retries(transaction) + 1)
        line_ns = self._time_on_line_ns(transaction)
        return sum(line_ns + self._patience_ns(transaction, attempt) for attempt in attempts)

    def _allowed_retries(self, transaction: Transaction) -> int:
        if not transaction.idempotent:
            return 0
        return self.settings.retries if transaction.retries is None else transaction.retries

    def _send(self, transaction: Transaction, now_ns: int) -> bytes:
        self._parser.reset()
        self._was_ahead = False
        self._wait_for(transaction, now_ns)
        self._note_sent(transaction, now_ns)
        return transaction.frame

    def _wait_for(self, transaction: Transaction, now_ns: int) -> None:
        self._state = _State.WAITING
        self._sent_ns = now_ns
        octets = len(transaction.frame) + self._parser.max_payload + RESPONSE_OVERHEAD
        self._line_ns = self.settings.line_ns(octets)
        patience_ns = self._patience_ns(transaction, self._attempt)
        self._deadline_ns = now_ns + self._line_ns + patience_ns
        self.wake_ns = self._deadline_ns
        self._heard_before = self.statistics.octets_received - self._parser.pending_size

    def _note_sent(self, transaction: Transaction, now_ns: int) -> None:
        self._written_ns = now_ns
        self.statistics.requests += 1
        self.statistics.octets_sent += len(transaction.frame)

    def _forget_ahead(self, now_ns: int) -> int:
        """Give up what was sent ahead; return how long it may still take on the line."""
        overlap = self.overlap
        if overlap.next is None and not self._was_ahead:
            return 0
        left_ns = overlap.answers_ns + self.settings.line_ns(overlap.octets)
        self._was_ahead = False
        overlap.went_wrong(now_ns)
        return left_ns

    def _go_on_with(self, ahead: Transaction, now_ns: int) -> None:
        """Wait for the answer to a request that was sent ahead, now that it is the first."""
        self.overlap.take_next(self._answer_on_line_ns(ahead))
        self._transaction = ahead
        self._was_ahead = True
        self._heard_anything = False
        self._parser.max_payload = self._largest_answer(ahead)
        self._wait_for(ahead, now_ns)

    def _time_on_line_ns(self, transaction: Transaction) -> int:
        """Time that the request and the largest answer to it take on the line."""
        answer_size = self._largest_answer(transaction) + RESPONSE_OVERHEAD
        return self.settings.line_ns(len(transaction.frame) + answer_size)

    def _answer_on_line_ns(self, transaction: Transaction) -> int:
        return self.settings.line_ns(self._largest_answer(transaction) + RESPONSE_OVERHEAD)

    def _patience_ns(self, transaction: Transaction, attempt: int) -> int:
        """How long to wait for the answer to an attempt, beyond the time on the line."""
        settings = self.settings
        if not transaction.idempotent:
            return settings.response_timeout_ns + transaction.patience_ns
        if self._smoothed_ns == 0:
            usual_ns = FIRST_TIMEOUT_NS
        else:
            usual_ns = self._smoothed_ns + 4 * self._deviation_ns
        usual_ns = max(usual_ns, settings.quiet_ns) << attempt
        return min(usual_ns, settings.response_timeout_ns) + transaction.patience_ns

    def _largest_answer(self, transaction: Transaction) -> int:
        if transaction.size is None and transaction.max_size == 0:
            return self._max_payload
        return transaction.max_size

    def _missing_ns(self) -> int:
        """Line time of what has not come yet, should the answer be as large as it can be."""
        heard = self.statistics.octets_received - self._heard_before
        expected = self._parser.max_payload + RESPONSE_OVERHEAD
        return self.settings.line_ns(max(0, expected - heard))

    def _wait_for_the_rest(self, now_ns: int) -> None:
        """Give up early on an answer that began and does not go on, and on one that does, late.

        A request that is sent into an answer destroys both, so a deadline does not cut it short: on
        a busy machine, whoever sends may have been held up as long as a device takes to answer.
        """
        if self._state is _State.PAUSING:  # the rest of a damaged answer: the device still sends
            assert self.wake_ns is not None
            self.wake_ns = min(max(self.wake_ns, now_ns + SETTLE_NS), self._quiet_limit_ns)
        else:
            latest_ns = self._sent_ns + self._line_ns + self.settings.response_timeout_ns
            gap_ns = GAP_TIMEOUT_NS + self._missing_ns()
            self.wake_ns = min(max(self._deadline_ns, latest_ns), now_ns + gap_ns)

    def _expect_later_answers(self, now_ns: int) -> None:
        """Learn from an answer that came when nobody waited for it any more."""
        longest_ns = self.settings.response_timeout_ns
        answer_ns = max(2 * self._smoothed_ns, now_ns - self._sent_ns)
        self._smoothed_ns = min(answer_ns, longest_ns)
        self._gave_up = False

    def _wait_behind_a_late_answer(self, transaction: Transaction, now_ns: int) -> None:
        """Give the device more time: it was still busy with an earlier request."""
        self._expect_later_answers(now_ns)
        patience_ns = self._patience_ns(transaction, self._attempt)
        latest_ns = self._sent_ns + self._line_ns + self.settings.response_timeout_ns
        self._deadline_ns = min(max(self._deadline_ns, now_ns + patience_ns), latest_ns)
        if self._state is _State.WAITING:
            self.wake_ns = self._deadline_ns

    def _must_stay_silent(self, now_ns: int) -> bool:
        """Begin a pause if the device may still need silence to find the start of a frame."""
        if self._parser.pending_size:  # the device did answer, so its receiver is in step
            self.statistics.damaged += 1
            return False
        silent_until_ns = self._written_ns + self.settings.quiet_ns
        if now_ns >= silent_until_ns:
            return False
        self._pause(now_ns, silent_until_ns - now_ns)
        return True

    def _pause(self, now_ns: int, pause_ns: int) -> None:
        self._parser.reset()
        if self._state is not _State.PAUSING:
            self._state = _State.PAUSING
            self._quiet_limit_ns = now_ns + pause_ns + self.settings.quiet_ns
        self.wake_ns = min(now_ns + pause_ns, self._quiet_limit_ns)

    def _finish_answered(self, now_ns: int) -> None:
        self.statistics.answers += 1
        overlap, transaction = self.overlap, self._transaction
        assert transaction is not None
        if self._was_ahead:
            overlap.went_well(now_ns)
        if (ahead := overlap.next) is not None:
            self._go_on_with(ahead, now_ns)
            return
        if overlap.room and transaction.only_reads:
            overlap.ended_alone(now_ns)
        self._transaction = None
        if self._attempt:
            self._state = _State.SETTLING
            self.wake_ns = now_ns + SETTLE_NS
            self._quiet_limit_ns = now_ns + self.settings.quiet_ns
            return
        # Karn's rule: an answer after a retry may belong to either attempt and is not timed. Nor is
        # one to a request that waited in the device.
        if not self._was_ahead:
            self._measure(now_ns)
        self._state = _State.IDLE
        self.wake_ns = None

    def _measure(self, now_ns: int) -> None:
        answer_ns = max(1, now_ns - self._sent_ns - self._line_ns)
        if self.overlap.room:
            self.overlap.learn(answer_ns)
        if self._smoothed_ns == 0:
            self._smoothed_ns = answer_ns
            self._deviation_ns = answer_ns // 2
            return
        error_ns = answer_ns - self._smoothed_ns
        self._smoothed_ns += error_ns >> 3
        self._deviation_ns += (abs(error_ns) - self._deviation_ns) >> 2

    def _to_idle(self) -> None:
        self._state = _State.IDLE
        self._transaction = None
        self.overlap.clear()
        self._parser.reset()
        self.wake_ns = None

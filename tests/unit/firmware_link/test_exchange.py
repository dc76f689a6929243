"""One request in flight: deadlines, retries, and which answers count."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.exchange import (
    GAP_TIMEOUT_NS,
    SETTLE_NS,
    Exchange,
    ExchangeSettings,
    Failure,
    Transaction,
)
from scrutiny.firmware_link.frames import Request, Response

MS = 1_000_000
OCTET_NS_AT_9600 = 10 * 1_000_000_000 // 9600
QUESTION = Request(3, 4, b"\x10\x00")
ANSWER = Response(3, 4, 0, b"\x10\x00\x2a").encode()
OTHER_ANSWER = Response(3, 4, 0, b"\x10\x01\x2a").encode()
REFUSAL = Response(3, 4, 5, b"").encode()


def make_exchange(**settings: int) -> Exchange:
    return Exchange(ExchangeSettings(**settings), max_payload=1024)


def question(*, idempotent: bool = True, retries: int | None = None) -> Transaction:
    return Transaction(
        QUESTION.encode(), prefix=b"\x10\x00", size=3, idempotent=idempotent, retries=retries
    )


def run_until_failure(exchange: Exchange, now_ns: int = 0) -> tuple[list[int], Failure, int]:
    """Answer nothing; return when retries were sent, the failure, and its time."""
    sent: list[int] = []
    while True:
        assert exchange.wake_ns is not None
        now_ns = exchange.wake_ns
        due = exchange.tick(now_ns)
        if isinstance(due, bytes):
            sent.append(now_ns)
        elif due is not None:
            return sent, due, now_ns


def test_the_answer_ends_the_exchange() -> None:
    exchange = make_exchange()

    octets = exchange.start(question(), 0)
    answer = exchange.feed(ANSWER, 1 * MS)

    assert octets == QUESTION.encode()
    assert answer == Response(3, 4, 0, b"\x10\x00\x2a")
    assert exchange.is_idle
    assert exchange.wake_ns is None


def test_an_answer_in_pieces_is_put_together() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)

    answers = [exchange.feed(ANSWER[i : i + 1], MS) for i in range(len(ANSWER))]

    assert answers[:-1] == [None] * (len(ANSWER) - 1)
    assert answers[-1] is not None


def test_a_refusal_is_an_answer() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)

    answer = exchange.feed(REFUSAL, MS)

    assert answer is not None
    assert answer.code == 5


def test_silence_is_met_with_retries_and_then_reported() -> None:
    exchange = make_exchange(retries=2)
    exchange.start(question(), 0)

    retries, failure, end_ns = run_until_failure(exchange)

    assert len(retries) == 2
    assert failure is Failure.SILENT
    assert end_ns == exchange.retry_budget_ns(question())
    assert exchange.is_idle
    assert exchange.statistics.retries == 2
    assert exchange.statistics.failures == 1


def test_a_request_that_must_not_be_repeated_waits_longer_and_is_sent_once() -> None:
    exchange = make_exchange(response_timeout_ns=700 * MS)
    exchange.start(question(idempotent=False), 0)

    retries, failure, end_ns = run_until_failure(exchange)

    assert retries == []
    assert failure is Failure.SILENT
    assert end_ns == 700 * MS


def test_retries_leave_the_silence_that_resynchronises_the_device() -> None:
    exchange = make_exchange(silence_ns=50 * MS)
    exchange.start(question(), 0)
    exchange.feed(ANSWER, 1 * MS)  # a fast device: time-outs are as short as they get
    exchange.start(question(), 10 * MS)

    retries, _, _ = run_until_failure(exchange)

    assert retries[0] - 10 * MS > 50 * MS


def test_a_damaged_answer_is_asked_for_again_soon() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)
    damaged = bytearray(ANSWER)
    damaged[5] ^= 1

    assert exchange.feed(bytes(damaged), MS) is None
    wake_ns = exchange.wake_ns
    retry = exchange.tick(MS + SETTLE_NS)

    assert wake_ns == MS + SETTLE_NS
    assert retry == QUESTION.encode()
    assert exchange.feed(ANSWER, 10 * MS) is not None


def test_a_device_that_still_sends_a_damaged_answer_is_not_asked_again_yet() -> None:
    exchange = make_exchange(bits_per_second=9600)
    answer = Response(3, 4, 0, b"\x10\x00" + bytes(300)).encode()
    exchange.start(Transaction(QUESTION.encode(), prefix=b"\x10\x00", size=302), 0)

    for begin in range(1, len(answer), 16):  # without the first octet, in the chunks of an adapter
        chunk = answer[begin : begin + 16]
        now_ns = (begin + len(chunk)) * OCTET_NS_AT_9600
        assert exchange.wake_ns is not None
        assert exchange.wake_ns > now_ns
        assert exchange.feed(chunk, now_ns) is None
    assert exchange.wake_ns is not None

    assert exchange.tick(exchange.wake_ns) == QUESTION.encode()
    assert exchange.statistics.retries == 1


def test_only_damaged_answers_are_not_silence() -> None:
    exchange = make_exchange(retries=1)
    exchange.start(question(), 0)
    exchange.feed(b"\x00\x00", MS)
    exchange.tick(MS + SETTLE_NS)
    exchange.feed(b"\x00\x00", 20 * MS)

    assert exchange.tick(20 * MS + SETTLE_NS) is Failure.GARBLED


def test_a_late_answer_to_something_else_is_dropped_and_the_wait_goes_on() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)

    assert exchange.feed(OTHER_ANSWER, MS) is None
    assert exchange.feed(ANSWER, 2 * MS) is not None
    assert exchange.statistics.mismatched == 1
    assert exchange.statistics.retries == 0


@pytest.mark.parametrize(
    "response",
    [
        Response(3, 5, 0, b"\x10\x00\x2a"),
        Response(2, 4, 0, b"\x10\x00\x2a"),
        Response(3, 4, 0, b"\x10\x00"),
    ],
    ids=["other subfunction", "other command", "other size"],
)
def test_responses_to_other_requests_do_not_count(response: Response) -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)

    assert exchange.feed(response.encode(), MS) is None
    assert not exchange.is_idle


def test_after_a_retry_the_line_has_to_settle() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)
    assert exchange.wake_ns is not None
    now_ns = exchange.wake_ns
    assert exchange.tick(now_ns) is not None

    assert exchange.feed(ANSWER, now_ns + MS) is not None
    assert not exchange.is_idle
    assert exchange.feed(ANSWER, now_ns + 2 * MS) is None  # the answer to the other attempt
    assert exchange.tick(now_ns + MS + SETTLE_NS) is None
    assert not exchange.is_idle  # the second answer has prolonged the pause
    assert exchange.tick(now_ns + 2 * MS + SETTLE_NS) is None
    assert exchange.is_idle


def test_an_answer_that_stops_half_way_is_given_up_early() -> None:
    exchange = make_exchange(response_timeout_ns=1000 * MS)
    exchange.start(question(), 0)

    exchange.feed(ANSWER[:6], 1 * MS)

    assert exchange.wake_ns is not None
    assert exchange.wake_ns < 50 * MS
    assert exchange.tick(exchange.wake_ns) == QUESTION.encode()


def test_the_wait_for_the_rest_of_an_answer_counts_only_what_is_missing() -> None:
    exchange = make_exchange(bits_per_second=9600)
    exchange.start(question(), 0)

    exchange.feed(ANSWER[:-1], 20 * MS)

    assert exchange.wake_ns == 20 * MS + GAP_TIMEOUT_NS + OCTET_NS_AT_9600


def test_an_answer_that_goes_on_is_not_cut_short_by_the_deadline() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)
    deadline_ns = exchange.wake_ns
    assert deadline_ns is not None

    now_ns = deadline_ns - 10 * MS
    for octet in ANSWER[:-1]:
        assert exchange.tick(now_ns) is None
        assert exchange.feed(bytes((octet,)), now_ns) is None
        now_ns += 30 * MS

    assert exchange.feed(ANSWER[-1:], now_ns) == Response(3, 4, 0, b"\x10\x00\x2a")
    assert now_ns > deadline_ns
    assert exchange.statistics.retries == 0


def test_an_answer_that_goes_on_for_ever_is_given_up() -> None:
    exchange = make_exchange(response_timeout_ns=300 * MS)
    exchange.start(Transaction(QUESTION.encode(), retries=0), 0)
    now_ns = 0
    endless = Response(3, 4, 0, bytes(1000)).encode()

    while (ended := exchange.tick(now_ns)) is None:
        exchange.feed(endless[:1], now_ns)
        endless = endless[1:]
        now_ns += 10 * MS

    assert ended is Failure.GARBLED
    assert 300 * MS <= now_ns <= 310 * MS


def test_the_deadline_counts_the_time_on_the_line() -> None:
    fast = make_exchange()
    slow = make_exchange(bits_per_second=9600)
    fast.start(question(), 0)
    slow.start(question(), 0)

    assert fast.wake_ns is not None
    assert slow.wake_ns is not None
    octets = len(QUESTION.encode()) + len(ANSWER)
    assert slow.wake_ns - fast.wake_ns == octets * 10 * 1_000_000_000 // 9600


def test_the_wait_follows_the_answer_times_of_the_device() -> None:
    exchange = make_exchange(silence_ns=1 * MS)
    for number in range(50):
        exchange.start(question(), number * 1000 * MS)
        exchange.feed(ANSWER, number * 1000 * MS + 300 * MS)

    exchange.start(question(), 0)

    assert exchange.wake_ns is not None
    assert 300 * MS < exchange.wake_ns < 400 * MS


def test_large_answers_on_a_slow_line_do_not_make_it_patient_with_small_ones() -> None:
    exchange = make_exchange(bits_per_second=9600, silence_ns=1 * MS)
    large = Response(3, 4, 0, b"\x10\x00" + bytes(300)).encode()
    ask_large = Transaction(QUESTION.encode(), prefix=b"\x10\x00", size=302)
    for number in range(50):
        begin_ns = number * 1000 * MS
        line_ns = (len(QUESTION.encode()) + len(large)) * OCTET_NS_AT_9600
        exchange.start(ask_large, begin_ns)
        exchange.feed(large, begin_ns + line_ns + 2 * MS)

    exchange.start(question(), 0)

    assert exchange.wake_ns is not None
    assert exchange.wake_ns < 30 * MS


def test_octets_without_a_request_are_dropped() -> None:
    exchange = make_exchange()

    assert exchange.feed(ANSWER, 0) is None
    assert exchange.is_idle
    assert exchange.statistics.octets_received == len(ANSWER)


def test_a_longer_answer_than_possible_is_damage() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)

    exchange.feed(Response(3, 4, 0, bytes(500)).encode()[:20], MS)

    assert exchange.statistics.damaged == 1


@pytest.mark.parametrize("octets", [b"\x00", b"\x83"], ids=["no frame", "begin of a frame"])
def test_a_line_that_never_gets_quiet_does_not_hold_the_request_for_ever(octets: bytes) -> None:
    exchange = make_exchange(retries=2)
    exchange.start(question(), 0)
    outcome: bytes | Failure | None = None

    for now_ns in range(0, 5_000 * MS, 3 * MS):
        outcome = exchange.tick(now_ns)
        if isinstance(outcome, Failure):
            break
        exchange.feed(octets, now_ns)

    assert outcome is Failure.GARBLED
    assert exchange.is_idle


def test_octets_after_a_repeated_request_do_not_hold_the_next_one_for_ever() -> None:
    exchange = make_exchange()
    exchange.start(question(), 0)
    assert exchange.wake_ns is not None
    now_ns = exchange.wake_ns
    exchange.tick(now_ns)
    exchange.feed(ANSWER, now_ns)

    for _ in range(1000):
        now_ns += 3 * MS
        exchange.tick(now_ns)
        exchange.feed(b"\x00", now_ns)

    assert exchange.is_idle


def test_an_answer_after_the_end_makes_the_next_wait_longer() -> None:
    exchange = make_exchange(retries=0)
    exchange.start(question(), 0)
    _, _, end_ns = run_until_failure(exchange)

    exchange.feed(ANSWER, end_ns + 100 * MS)
    exchange.start(question(), 1000 * MS)

    assert exchange.wake_ns is not None
    assert exchange.wake_ns - 1000 * MS >= end_ns + 100 * MS


def test_late_answers_to_others_prolong_the_wait_but_not_for_ever() -> None:
    exchange = make_exchange(retries=0, response_timeout_ns=500 * MS)
    exchange.start(question(), 0)
    assert exchange.wake_ns is not None
    at_first_ns = exchange.wake_ns
    outcome: bytes | Failure | None = None
    now_ns = 0

    while outcome is None:
        now_ns += 10 * MS
        exchange.feed(OTHER_ANSWER, now_ns)
        outcome = exchange.tick(now_ns)

    assert isinstance(outcome, Failure)
    assert at_first_ns < now_ns <= 510 * MS

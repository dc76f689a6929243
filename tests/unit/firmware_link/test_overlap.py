"""Requests that are sent before the last one is answered: when, and what becomes of them."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

import pytest

from scrutiny.firmware_link.exchange import (
    SETTLE_NS,
    Exchange,
    ExchangeSettings,
    Failure,
    Transaction,
)
from scrutiny.firmware_link.frames import Request, RequestParser, Response
from scrutiny.firmware_link.overlap import (
    EARLIER_NS,
    EARLIEST_NS,
    FIRST_ALONE,
    FIRST_REST_NS,
    GOOD_IN_A_ROW,
    MARGIN_NS,
    MOST_AHEAD,
    MOST_IN_VAIN,
    OVERLAPPED_BETWEEN,
    Overlap,
)

US: Final = 1_000
MS: Final = 1_000_000
BAUD: Final = 1_000_000  # an octet takes 10 us
LATE_NS: Final = 100 * US
ROOM: Final = 64
DATA_SIZE: Final = 40
ANSWER_SIZE: Final = 2 + DATA_SIZE + 9


def read(index: int, size: int = DATA_SIZE) -> Transaction:
    address = index.to_bytes(2, "big")
    frame = Request(3, 1, address).encode()
    return Transaction(frame, prefix=address, size=2 + size, only_reads=True)


def write(index: int) -> Transaction:
    address = index.to_bytes(2, "big")
    return Transaction(Request(3, 2, address).encode(), prefix=address, size=2)


def answer_to(frame: bytes) -> bytes:
    request = Request.decode(frame)
    return Response(3, 1, 0, request.payload + bytes(DATA_SIZE)).encode()


def make_exchange(room: int = ROOM) -> Exchange:
    """Return one that knows how late answers are."""
    exchange = Exchange(ExchangeSettings(bits_per_second=BAUD), max_payload=1024)
    exchange.overlap = Overlap(room)
    for _ in range(FIRST_ALONE):
        sent_ns = 0
        frame = exchange.start(read(0), sent_ns)
        line_ns = exchange.settings.line_ns(len(frame) + ANSWER_SIZE)
        assert exchange.feed(answer_to(frame), sent_ns + line_ns + LATE_NS) is not None
    return exchange


def in_flight(exchange: Exchange, *indices: int) -> list[bytes]:
    """Send some reads, the first as usual and the others ahead; return their answers."""
    frames = [exchange.start(read(indices[0]), 0)]
    frames += [exchange.start_ahead(read(index), 0) for index in indices[1:]]
    return [answer_to(frame) for frame in frames]


def data_of(answer: Response | None) -> int:
    assert answer is not None
    return int.from_bytes(answer.payload[:2], "big")


def test_the_next_request_leaves_when_the_answer_nears_its_end() -> None:
    exchange = make_exchange()
    answer = answer_to(exchange.start(read(1, 400), 0))
    whole = Response(3, 1, 0, b"\0\1" + bytes(400)).encode()
    assert len(answer) < len(whole)
    rooms: list[int] = []

    for begin in range(0, len(whole) - 20, 20):
        assert exchange.feed(whole[begin : begin + 20], 0) is None
        rooms.append(exchange.ahead_room(0, 20))

    # 411 octets: 151 us before the end, and what comes next will be 200 us of it.
    assert [bool(room) for room in rooms] == [False] * 18 + [True] * 2


def test_a_long_request_leaves_so_early_that_it_is_complete_when_the_answer_ends() -> None:
    exchange = make_exchange(room=1000)
    frame = Request(3, 1, b"\0\1" + bytes(200)).encode()
    whole = Response(3, 1, 0, b"\0\1" + bytes(400)).encode()
    exchange.start(Transaction(frame, prefix=b"\0\1", size=402, only_reads=True), 0)
    rooms: list[int] = []

    for begin in range(0, len(whole) - 20, 20):
        assert exchange.feed(whole[begin : begin + 20], 0) is None
        rooms.append(exchange.ahead_room(0, 20))

    assert [bool(room) for room in rooms] == [False] * 9 + [True] * 11


def test_an_answer_that_comes_in_one_piece_is_not_waited_for() -> None:
    exchange = make_exchange()
    exchange.start(read(1), 0)

    assert exchange.ahead_room(0, 8) == 0
    assert exchange.ahead_room(0, ANSWER_SIZE) > 0


def test_small_pieces_do_not_tell_that_no_large_one_will_come() -> None:
    exchange = make_exchange()
    exchange.start(read(1), 0)
    exchange.ahead_room(0, ANSWER_SIZE)

    rooms = [exchange.ahead_room(0, 1) > 0 for _ in range(200)]

    assert rooms[:5] == [True] * 5
    assert not rooms[-1]  # in the end they do


def test_requests_fit_what_the_device_keeps() -> None:
    exchange = make_exchange()
    first = read(1)
    second = read(2)
    exchange.start(first, 0)

    room_before = exchange.ahead_room(0, ANSWER_SIZE)
    exchange.start_ahead(second, 0)
    exchange.feed(answer_to(first.frame)[:10], 0)
    room_heard = exchange.overlap.room_left

    assert room_before == ROOM - len(first.frame)  # it may not have been read yet
    assert room_heard == ROOM - len(second.frame)


def test_no_more_than_a_few_are_in_flight() -> None:
    exchange = make_exchange(room=10_000)
    for _ in range(200):
        exchange.overlap.learn(16 * MS)
    sent = 0
    exchange.start(read(0), 0)

    while exchange.ahead_room(0, ANSWER_SIZE) > 0 and sent < 100:
        sent += 1
        exchange.start_ahead(read(sent, size=0), 0)

    assert sent == MOST_AHEAD


def test_a_device_that_does_not_announce_it_gets_one_at_a_time() -> None:
    exchange = make_exchange(room=0)
    exchange.start(read(1), 0)

    assert exchange.ahead_room(0, ANSWER_SIZE) == 0


def test_nothing_is_sent_behind_a_write() -> None:
    exchange = make_exchange()
    exchange.start(write(1), 0)

    assert exchange.ahead_room(0, ANSWER_SIZE) == 0


def test_a_write_may_follow_what_the_device_has_begun_to_answer() -> None:
    exchange = make_exchange()
    answer = answer_to(exchange.start(read(1), 0))
    rooms: list[int] = []

    for octet in answer[:5]:
        rooms.append(exchange.write_room(0))
        assert exchange.feed(bytes([octet]), 0) is None
    rooms.append(exchange.write_room(0))

    assert rooms == [0, 0, 0, ROOM, ROOM, ROOM]  # the third octet tells of success


def test_a_write_does_not_follow_what_the_device_has_not_done() -> None:
    exchange = make_exchange()
    exchange.start(write(1), 0)

    assert exchange.feed(Response(3, 2, 4, bytes(20)).encode()[:8], 0) is None

    assert exchange.write_room(0) == 0


def test_there_is_one_write_ahead_and_nothing_behind_it() -> None:
    exchange = make_exchange()
    answer = answer_to(exchange.start(read(1), 0))
    exchange.start_ahead(read(2), 0)
    assert exchange.feed(answer[:10], 0) is None

    assert exchange.write_room(0) == ROOM - len(read(2).frame)
    exchange.start_ahead(write(3), 0)

    assert exchange.write_room(0) == 0
    assert exchange.ahead_room(0, ANSWER_SIZE) == 0
    assert data_of(exchange.feed(answer[10:], 0)) == 1
    assert data_of(exchange.feed(answer_to(read(2).frame), 0)) == 2
    assert exchange.ahead_room(0, ANSWER_SIZE) == 0  # now it is the first
    assert data_of(exchange.feed(Response(3, 2, 0, b"\0\3").encode(), 0)) == 3
    assert exchange.is_idle


def test_what_was_damaged_comes_again_before_a_write_that_followed_it() -> None:
    exchange = make_exchange()
    first = exchange.start(write(1), 0)
    answer = Response(3, 2, 0, b"\0\1").encode()
    assert exchange.feed(answer[:6], 0) is None
    exchange.start_ahead(write(2), 0)

    assert exchange.feed(bytes([answer[6] ^ 1]) + answer[7:], MS) is None

    assert exchange.overlap.next is None  # its owner has to send it again
    assert not exchange.overlap.holds_write
    assert exchange.wake_ns is not None
    assert exchange.tick(exchange.wake_ns) == first
    assert exchange.feed(answer[:6], 10 * MS) is None
    assert exchange.write_room(10 * MS) == 0  # not behind one that is sent again


def test_it_begins_when_it_is_known_how_late_answers_are() -> None:
    overlap = Overlap(ROOM)

    for _ in range(FIRST_ALONE):
        assert not overlap.is_due(0, 0, 0)
        overlap.learn(LATE_NS)

    assert overlap.is_due(LATE_NS, 0, 0)
    assert not overlap.is_due(2 * LATE_NS, 0, 0)


def test_an_answer_that_was_held_up_changes_little() -> None:
    overlap = Overlap(ROOM)
    for _ in range(FIRST_ALONE):
        overlap.learn(LATE_NS)

    overlap.learn(1000 * LATE_NS)

    assert not overlap.is_due(2 * LATE_NS, 0, 0)


def test_answers_that_are_late_now_and_then_change_little() -> None:
    overlap = Overlap(ROOM)
    for index in range(10 * FIRST_ALONE):
        overlap.learn(LATE_NS if index % 2 else 5 * LATE_NS)

    assert not overlap.is_due(2 * LATE_NS + MARGIN_NS, 0, 0)


def test_a_line_that_becomes_slower_is_noticed() -> None:
    overlap = Overlap(ROOM)
    for _ in range(FIRST_ALONE):
        overlap.learn(1)

    for _ in range(200):
        overlap.learn(16 * MS)

    assert overlap.is_due(15 * MS, 0, 0)


def end_late(exchange: Exchange) -> None:
    """Read once; nobody looks at the answer before it has ended."""
    frame = exchange.start(read(1), 0)
    line_ns = exchange.settings.line_ns(len(frame) + ANSWER_SIZE)
    assert exchange.feed(answer_to(frame), line_ns + LATE_NS) is not None


def test_who_misses_the_end_of_answers_sends_earlier() -> None:
    exchange = make_exchange()
    left_ns = LATE_NS + MARGIN_NS + 3 * EARLIER_NS

    seen: list[bool] = []
    for _ in range(5):
        seen.append(exchange.overlap.is_due(left_ns, 0, 0))
        exchange.overlap.was_due = False
        end_late(exchange)

    assert seen == [False] * 3 + [True] * 2


def test_there_is_a_limit_to_sending_earlier() -> None:
    exchange = make_exchange()

    for _ in range(1000):
        end_late(exchange)

    assert exchange.overlap.is_due(EARLIEST_NS, 0, 0)
    assert not exchange.overlap.is_due(2 * EARLIEST_NS, 0, 0)


def test_what_was_early_enough_for_long_becomes_later_again() -> None:
    exchange = make_exchange()
    overlap = exchange.overlap
    for _ in range(5):
        end_late(exchange)
    left_ns = LATE_NS + MARGIN_NS + 4 * EARLIER_NS
    assert overlap.is_due(left_ns, 0, 0)

    for index in range(1000):
        overlap.went_well(index * MS)
    overlap.learn(LATE_NS)  # one has the line for itself again

    assert not overlap.is_due(left_ns, 0, 0)
    assert overlap.is_due(LATE_NS, 0, 0)


def test_the_longer_the_answers_the_later_again() -> None:
    """What a missed end costs is the more the shorter the answers are."""
    left_ns = LATE_NS + MARGIN_NS + 3 * EARLIER_NS

    seen: list[bool] = []
    for answer_ns in (MS, 20 * MS):
        exchange = make_exchange()
        for _ in range(5):
            end_late(exchange)
        for index in range(1, 20):
            exchange.overlap.went_well(index * answer_ns)
        seen.append(exchange.overlap.is_due(left_ns, 0, 0))

    assert seen == [True, False]


def test_however_long_answers_are_it_is_for_a_number_of_them() -> None:
    """Otherwise every other end is missed where answers take as long as that lasts."""
    exchange = make_exchange()
    left_ns = LATE_NS + MARGIN_NS + 2 * EARLIER_NS
    for _ in range(5):
        end_late(exchange)

    for index in range(1, 9):
        exchange.overlap.went_well(index * 1000 * MS)

    assert exchange.overlap.is_due(left_ns, 0, 0)


def test_an_end_that_nobody_could_miss_changes_nothing() -> None:
    exchange = make_exchange()
    left_ns = LATE_NS + MARGIN_NS + EARLIER_NS

    for index in range(10):
        line_ns = exchange.settings.line_ns(len(exchange.start(write(index), 0)) + 11)
        acknowledgement = Response(3, 2, 0, index.to_bytes(2, "big")).encode()
        assert exchange.feed(acknowledgement, line_ns + LATE_NS) is not None  # nothing is behind it
    for _ in range(10):
        frame = exchange.start(read(1), 0)
        line_ns = exchange.settings.line_ns(len(frame) + ANSWER_SIZE)
        assert exchange.feed(answer_to(frame)[:-1], line_ns) is None
        assert exchange.ahead_room(line_ns, 0) > 0  # there is nothing to be read
        assert exchange.feed(answer_to(frame)[-1:], line_ns + LATE_NS) is not None

    assert not exchange.overlap.is_due(left_ns, 0, 0)


def test_from_time_to_time_a_request_has_the_line_for_itself() -> None:
    overlap = make_exchange().overlap

    for _ in range(OVERLAPPED_BETWEEN):
        assert overlap.is_due(0, 0, 0)
        overlap.went_well(0)

    assert not overlap.is_due(0, 0, 0)
    overlap.learn(LATE_NS)
    assert overlap.is_due(0, 0, 0)


def test_answers_come_in_order_in_any_pieces() -> None:
    for size in (1, 7, ANSWER_SIZE, ANSWER_SIZE + 3, 3 * ANSWER_SIZE):
        exchange = make_exchange()
        octets = b"".join(in_flight(exchange, 1, 2, 3))
        heard: list[int] = []
        for begin in range(0, len(octets), size):
            answer = exchange.feed(octets[begin : begin + size], MS)
            while answer is not None:
                heard.append(data_of(answer))
                answer = exchange.feed(b"", MS) if exchange.holds_octets else None

        assert heard == [1, 2, 3]
        assert exchange.is_idle
        assert exchange.statistics.answers == FIRST_ALONE + 3


def test_the_next_one_has_its_whole_time() -> None:
    exchange = make_exchange()
    first, _ = in_flight(exchange, 1, 2)
    deadline_ns = exchange.wake_ns

    exchange.feed(first, 3 * MS)

    assert deadline_ns is not None
    assert exchange.wake_ns == deadline_ns + 3 * MS


def test_a_lost_request_is_sent_again_and_those_behind_it_are_given_back() -> None:
    exchange = make_exchange()
    _, second = in_flight(exchange, 1, 2)

    assert exchange.feed(second, MS) is None  # the device has not got the first one
    assert exchange.overlap.next is None
    assert exchange.wake_ns is not None
    again = exchange.tick(exchange.wake_ns)

    assert again == read(1).frame
    assert exchange.feed(answer_to(read(1).frame), 10 * MS) is not None


def test_a_damaged_answer_is_followed_by_those_behind_it() -> None:
    exchange = make_exchange()
    first, second = in_flight(exchange, 1, 2)
    damaged = first[:-1] + bytes([first[-1] ^ 1])

    assert exchange.feed(damaged, MS) is None
    wake_ns = exchange.wake_ns
    assert wake_ns is not None
    assert wake_ns >= MS + exchange.settings.line_ns(len(second)) + SETTLE_NS
    assert exchange.feed(second, MS + 500 * US) is None
    assert exchange.tick(wake_ns) == read(1).frame


def test_silence_is_counted_from_the_last_request() -> None:
    exchange = make_exchange()
    frame = exchange.start(read(1), 0)
    exchange.start_ahead(read(2), 40 * MS)

    sent_again: list[int] = []
    while not sent_again:
        assert exchange.wake_ns is not None
        now_ns = exchange.wake_ns
        if exchange.tick(now_ns) == frame:
            sent_again.append(now_ns)

    assert sent_again[0] >= 40 * MS + exchange.settings.quiet_ns


def test_after_a_loss_requests_go_one_by_one_and_longer_each_time() -> None:
    overlap = make_exchange().overlap
    rests: list[int] = []
    now_ns = 0

    for _ in range(3):
        overlap.went_well(0)
        overlap.went_wrong(now_ns)
        begin_ns = now_ns
        while not overlap.is_due(0, 0, now_ns):
            now_ns += MS
        rests.append(now_ns - begin_ns)

    assert rests == [FIRST_REST_NS, 2 * FIRST_REST_NS, 4 * FIRST_REST_NS]


def test_many_that_went_well_make_up_for_a_loss() -> None:
    overlap = make_exchange().overlap
    overlap.went_well(0)
    overlap.went_wrong(0)
    overlap.went_wrong(0)

    for _ in range(GOOD_IN_A_ROW):
        overlap.went_well(0)
    overlap.learn(LATE_NS)
    overlap.went_wrong(0)

    assert overlap.is_due(0, 0, FIRST_REST_NS)


def run_through_losses(exchange: Exchange, *, is_deaf: bool) -> int:
    """Read 200 times; return how many requests were sent ahead, all of them in vain.

    With ``is_deaf`` a request that comes while the device answers is lost, else the answer is.
    """
    ahead_count = 0
    now_ns = 0
    for index in range(200):
        now_ns += MS
        frame = exchange.start(read(index), now_ns)
        collides = exchange.ahead_room(now_ns, ANSWER_SIZE) > 0
        if collides:
            ahead_count += 1
            exchange.start_ahead(read(1000 + index), now_ns)
        answer = b"" if collides and not is_deaf else answer_to(frame)
        while exchange.is_waiting:
            if exchange.feed(answer, now_ns) is None:
                assert exchange.wake_ns is not None
                now_ns = exchange.wake_ns
                again = exchange.tick(now_ns)
                answer = answer_to(again) if isinstance(again, bytes) else b""
            else:
                answer = b""
        while not exchange.is_idle:
            assert exchange.wake_ns is not None
            now_ns = exchange.wake_ns
            exchange.tick(now_ns)
        now_ns += 30 * FIRST_REST_NS
    return ahead_count


@pytest.mark.parametrize("is_deaf", [False, True])
def test_where_it_never_goes_well_it_is_given_up(is_deaf: bool) -> None:
    exchange = make_exchange()

    assert run_through_losses(exchange, is_deaf=is_deaf) == MOST_IN_VAIN
    assert exchange.overlap.room == 0


def test_where_it_goes_well_now_and_then_it_is_tried_again() -> None:
    overlap = make_exchange().overlap

    for _ in range(10 * MOST_IN_VAIN):
        overlap.went_well(0)
        overlap.went_wrong(0)

    assert overlap.room == ROOM


class RingDevice:
    """Answers what its ring held; octets may get lost and damaged both ways."""

    def __init__(self, chance: random.Random, loss: float) -> None:
        self._chance = chance
        self._loss = loss
        self._parser = RequestParser()

    def hear(self, frame: bytes) -> bytes:
        """Take a frame; return what arrives of the answer, if any comes."""
        if self._chance.random() < self._loss:
            return b""
        answer = bytearray(answer_to(frame))
        if self._chance.random() < self._loss:
            answer[self._chance.randrange(len(answer))] ^= 1 << self._chance.randrange(8)
        if self._chance.random() < self._loss:
            del answer[self._chance.randrange(len(answer))]
        return bytes(answer)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_gets_lost_each_answer_is_that_of_its_request(seed: int) -> None:
    chance = random.Random(seed)
    device = RingDevice(chance, loss=chance.choice([0.0, 0.02, 0.2]))
    exchange = make_exchange(room=1000)
    asked: deque[int] = deque()  # in flight, in order
    waiting = deque(range(1, 300))
    outcomes: dict[int, bool] = {}
    on_the_line = b""
    now_ns = 0

    while len(outcomes) < 299:
        now_ns += chance.choice([10 * US, MS, 20 * MS])
        if asked and exchange.is_waiting and exchange.overlap.next is None:
            while len(asked) > 1:  # they were given back
                waiting.appendleft(asked.pop())
        if exchange.is_idle and waiting:
            asked.append(waiting.popleft())
            on_the_line += device.hear(exchange.start(read(asked[-1]), now_ns))
        while waiting and exchange.ahead_room(now_ns, ANSWER_SIZE) > 11 and chance.random() < 0.8:
            asked.append(waiting.popleft())
            on_the_line += device.hear(exchange.start_ahead(read(asked[-1]), now_ns))
        size = chance.randrange(2 * ANSWER_SIZE)
        chunk, on_the_line = on_the_line[:size], on_the_line[size:]
        answer = exchange.feed(chunk, now_ns) if chunk else None
        while answer is not None:
            index = asked.popleft()
            assert data_of(answer) == index
            outcomes[index] = True
            answer = exchange.feed(b"", now_ns) if exchange.holds_octets else None
        due = exchange.tick(now_ns)
        if isinstance(due, bytes):
            while len(asked) > 1:
                waiting.appendleft(asked.pop())
            on_the_line += device.hear(due)
        elif isinstance(due, Failure):
            while len(asked) > 1:
                waiting.appendleft(asked.pop())
            outcomes[asked.popleft()] = False

    assert sum(outcomes.values()) >= 250

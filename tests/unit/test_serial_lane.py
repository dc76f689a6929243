"""The line that tests put in front of a board: its pace, and what a busy receiver loses."""

from __future__ import annotations

import pytest

from tests.support.serial_lane import LUMP_NS, BusyReceiver, MaskedInterrupts, SerialLane

MS = 1_000_000
OCTET_NS = 86_805  # at 115,200 baud


def test_without_a_speed_octets_are_through_at_once() -> None:
    lane = SerialLane()

    lane.push(b"abc", 5)

    assert lane.wake_ns == 5
    assert lane.take(5) == (5, b"abc")
    assert lane.wake_ns is None


def test_each_octet_takes_its_time() -> None:
    lane = SerialLane(115_200)
    lane.push(b"abcd", 0)

    early = lane.take(OCTET_NS - 1)[1]
    first = lane.take(OCTET_NS)
    more = lane.take(3 * OCTET_NS + 1)

    assert (early, first, more) == (b"", (OCTET_NS, b"a"), (2 * OCTET_NS, b"bc"))
    assert lane.wake_ns == 4 * OCTET_NS


def test_a_frame_follows_the_one_that_is_under_way() -> None:
    lane = SerialLane(115_200)
    lane.push(b"abcd", 0)
    assert lane.take(4 * OCTET_NS)[1] == b"abcd"

    lane.push(b"ef", 2 * OCTET_NS)  # late, as seen by a sender whose clock was read before

    assert lane.take(6 * OCTET_NS) == (5 * OCTET_NS, b"ef")


@pytest.mark.parametrize("baud", [9600, 115_200, 1_000_000])
def test_whoever_takes_when_told_to_gets_it_at_the_pace_of_the_line(baud: int) -> None:
    lane = SerialLane(baud)
    lane.push(bytes(1000), 0)
    wakes: list[int] = []

    while (wake_ns := lane.wake_ns) is not None:
        assert lane.take(wake_ns)[1]
        wakes.append(wake_ns)

    assert wakes[-1] == 1000 * lane.octet_ns
    assert len(wakes) <= 1 + wakes[-1] // LUMP_NS


def test_a_busy_receiver_keeps_what_its_uart_has_room_for() -> None:
    receiver = BusyReceiver(MaskedInterrupts(period_ns=20 * MS, masked_ns=1 * MS))

    # Ten octets come while interrupts are off, of which the first two wait in the UART.
    heard = receiver.hear(bytes(range(20)), 40 * MS, MS // 10)

    assert heard == bytes([0, 1, *range(10, 20)])
    assert receiver.lost == 8


def test_a_busy_receiver_has_room_again_the_next_time() -> None:
    receiver = BusyReceiver(MaskedInterrupts(period_ns=10 * MS, masked_ns=5 * MS, room=1))

    heard = [receiver.hear(b"a", at_ms * MS, 0) for at_ms in (0, 1, 4, 5, 9, 10, 11)]

    assert heard == [b"a", b"", b"", b"a", b"a", b"a", b""]
    assert receiver.lost == 3

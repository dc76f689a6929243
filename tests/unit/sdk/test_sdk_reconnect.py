"""The pauses between attempts to connect again."""

from __future__ import annotations

import pytest

from scrutiny.sdk._reconnect import JITTER, LONGEST_PAUSE_S, STEADY_S, Backoff


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def make_backoff(clock: Clock, random: float = 0.5) -> Backoff:
    return Backoff(clock, lambda: random)


def test_the_first_attempt_comes_at_once_and_the_pauses_grow_to_a_second() -> None:
    backoff = make_backoff(Clock())
    backoff.lost()

    pauses = [backoff.next_pause_s() for _ in range(8)]

    assert pauses == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1, 1, 1])


def test_after_a_good_connection_the_pauses_start_anew() -> None:
    clock = Clock()
    backoff = make_backoff(clock)
    for _ in range(5):
        backoff.next_pause_s()
    backoff.connected()
    clock.now_s += STEADY_S
    backoff.lost()

    assert backoff.next_pause_s() == 0


def test_a_server_that_hangs_up_at_once_is_not_asked_without_pauses() -> None:
    clock = Clock()
    backoff = make_backoff(clock)
    pauses: list[float] = []
    for _ in range(6):
        backoff.lost()
        pauses.append(backoff.next_pause_s())
        backoff.connected()
        clock.now_s += STEADY_S / 2

    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S)


@pytest.mark.parametrize(("random", "factor"), [(0.0, 1 - JITTER), (1.0, 1 + JITTER)])
def test_the_pauses_are_scattered(random: float, factor: float) -> None:
    backoff = make_backoff(Clock(), random)
    pauses = [backoff.next_pause_s() for _ in range(6)]

    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S * factor)

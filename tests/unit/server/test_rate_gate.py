"""Every client gets the rate that it asked for, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType
from scrutiny.server.rate_gate import RateGate, next_due_ns
from scrutiny.server.store import ValueStore

from .conftest import NotingFeed
from .rig import BASE, MS, SECOND, Rig, values_of, variable

MakeFeed = Callable[[], NotingFeed]
RATES = [1, 7, 20, 50, 100]
DURATION_S = 10

SPEED = variable("/speed", DataType.UINT16, BASE)
OTHER = variable("/other", DataType.UINT32, BASE + 0x100)


@pytest.mark.parametrize("rate", RATES)
def test_a_rate_is_kept_alone(make_feed: MakeFeed, rate: float) -> None:
    rig = Rig(make_feed, [SPEED])
    feed = rig.feed()
    entry = rig.watch(feed, "/speed", rate)

    rig.run_for(DURATION_S * SECOND)

    assert len(values_of(feed, entry)) == pytest.approx(rate * DURATION_S, abs=1)
    assert len(rig.asked) == pytest.approx(rate * DURATION_S, abs=1)  # and not read more often


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("exchange_ns", [MS, 3 * MS, 7 * MS])
def test_a_rate_is_kept_beside_a_client_that_wants_all(
    make_feed: MakeFeed, rate: float, exchange_ns: int
) -> None:
    rig = Rig(make_feed, [SPEED])
    rig.exchange_ns = exchange_ns
    slow, fast = rig.feed(), rig.feed()
    entry = rig.watch(slow, "/speed", rate)
    rig.watch(fast, "/speed", None)

    rig.run_for(DURATION_S * SECOND)

    assert len(values_of(slow, entry)) == pytest.approx(rate * DURATION_S, rel=0.01, abs=1)
    assert len(values_of(fast, entry)) == len(rig.asked)


@pytest.mark.parametrize("rate", RATES)
def test_a_rate_is_kept_while_another_value_is_read_as_fast_as_possible(
    make_feed: MakeFeed, rate: float
) -> None:
    rig = Rig(make_feed, [SPEED, OTHER])
    rig.exchange_ns = 3 * MS
    feed = rig.feed()
    entry = rig.watch(feed, "/speed", rate)
    rig.watch(feed, "/other", None)

    rig.run_for(DURATION_S * SECOND)

    assert len(values_of(feed, entry)) == pytest.approx(rate * DURATION_S, rel=0.01, abs=1)


def test_clients_with_all_rates_at_once_get_theirs(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [SPEED])
    feeds = {rate: rig.feed() for rate in RATES}
    for rate, feed in feeds.items():
        rig.watch(feed, "/speed", rate)

    rig.run_for(DURATION_S * SECOND)

    entry = rig.entry("/speed")
    for rate, feed in feeds.items():
        assert len(values_of(feed, entry)) == pytest.approx(rate * DURATION_S, rel=0.02, abs=1)


@pytest.mark.parametrize("rate", [50, 100])
def test_a_slow_link_gives_what_it_can(make_feed: MakeFeed, rate: float) -> None:
    rig = Rig(make_feed, [SPEED])
    rig.exchange_ns = 30 * MS
    feed = rig.feed()
    entry = rig.watch(feed, "/speed", rate)

    rig.run_for(3 * SECOND)

    assert len(values_of(feed, entry)) == pytest.approx(100, abs=2)


def test_a_stall_is_not_made_up_for(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [SPEED])
    slow, fast = rig.feed(), rig.feed()
    entry = rig.watch(slow, "/speed", 10)
    rig.watch(fast, "/speed", 100)
    rig.run_for(SECOND)
    before = [len(values_of(feed, entry)) for feed in (slow, fast)]

    rig.now_ns += 5 * SECOND
    rig.run_for(SECOND)

    after = [len(values_of(feed, entry)) for feed in (slow, fast)]
    assert after[0] - before[0] <= 11
    assert after[1] - before[1] <= 101


def test_new_subscriptions_of_others_do_not_disturb_a_rate(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + i) for i in range(100)]
    rig = Rig(make_feed, variables)
    feed, busy = rig.feed(), rig.feed()
    entry = rig.watch(feed, "/v0", 5)

    for number in range(1, 100):  # each makes a new plan, with other requests
        rig.watch(busy, f"/v{number}", 5 if number % 2 else None)
        rig.run_for(SECOND // 10)

    assert len(values_of(feed, entry)) == pytest.approx(50, abs=2)


def test_one_client_adding_values_one_by_one_keeps_its_rate(make_feed: MakeFeed) -> None:
    variables = [variable(f"/v{i}", DataType.UINT8, BASE + i) for i in range(100)]
    rig = Rig(make_feed, variables)
    feed = rig.feed()
    entry = rig.watch(feed, "/v0", 5)

    for number in range(1, 100):
        rig.watch(feed, f"/v{number}", 5)
        rig.run_for(SECOND // 10)

    assert len(values_of(feed, entry)) == pytest.approx(50, abs=3)


def test_a_client_that_wants_more_does_not_wait_for_its_slow_rhythm(make_feed: MakeFeed) -> None:
    rig = Rig(make_feed, [SPEED])
    feed = rig.feed()
    entry = rig.watch(feed, "/speed", 0.001)
    rig.run_for(SECOND)

    rig.watch(feed, "/speed", 20)
    rig.run_for(SECOND)

    assert len(values_of(feed, entry)) == pytest.approx(21, abs=1)


def test_being_late_does_not_shift_the_rhythm() -> None:
    assert next_due_ns(100, 50, 120) == 150
    assert next_due_ns(100, 50, 149) == 150


def test_what_was_missed_is_left_out() -> None:
    assert next_due_ns(100, 50, 150) == 200
    assert next_due_ns(100, 50, 1017) == 1050


def test_being_early_does_not_shift_the_rhythm_either() -> None:
    assert next_due_ns(100, 50, 80) == 150


def test_the_read_that_is_nearest_to_the_due_time_counts(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = make_feed()
    entries = store.published[:1]
    entries[0].watchers[feed] = 20
    gate = RateGate(feed, entries, 50 * MS, 50 * MS)

    for jitter_ms in (3, -3, 2, -2, 4, -4):
        now_ns = 1000 * MS + 50 * MS * len(feed.sent) + jitter_ms * MS
        gate.offer(now_ns)
        feed.flush()

    assert len(feed.sent) == 6

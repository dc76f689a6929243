"""Many clients are told less often when the server has to wait for a processor; one never is."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

import pytest

from scrutiny.api.messages import WatchableUpdate
from scrutiny.server.broadcast import ValueFeed
from scrutiny.server.clock import ServerClock
from scrutiny.server.frame_budget import (
    LONGEST_PAUSE_S,
    LOOK_INTERVAL_S,
    MOST_WAITING,
    SHORTEST_PAUSE_S,
    TICK_S,
    FrameBudget,
)
from scrutiny.server.metrics import ClientStatistics
from scrutiny.server.store import ValueStore

CLIENTS = ("first", "second", "third")


class Machine:
    """Time passes in steps, and the server waits for the processor for a share of it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited_ns = 5_000_000_000
        self.budget = FrameBudget(lambda: self.waited_ns)

    def run(self, seconds: float, share: float, clients: tuple[str, ...] = CLIENTS) -> list[float]:
        """Let each client ask once per tick; return how long they had to wait."""
        delays_s: list[float] = []
        slot_s = self.budget.slot_s
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            self.waited_ns += int(share * TICK_S * 1e9)
            delays_s += [slot_s(client, self.now_s) - self.now_s for client in clients]
        return delays_s


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_while_the_server_hardly_waits_nobody_is_held_back(machine: Machine) -> None:
    assert set(machine.run(2, MOST_WAITING / 2)) == {0}


def test_the_pause_grows_up_to_a_limit_while_the_server_waits_too_long(machine: Machine) -> None:
    machine.run(4 * LOOK_INTERVAL_S, 0.9)
    first_s = machine.budget.pause_s
    machine.run(2, 0.9)

    assert SHORTEST_PAUSE_S <= first_s < LONGEST_PAUSE_S
    assert machine.budget.pause_s == LONGEST_PAUSE_S


def test_it_ends_when_the_server_does_not_wait_any_more(machine: Machine) -> None:
    machine.run(2, 0.9)
    machine.run(4, 0)

    assert machine.budget.pause_s == 0
    assert set(machine.run(0.1, 0)) == {0}


def test_few_clients_get_all_while_it_is_many_that_are_held_back(machine: Machine) -> None:
    crowd = tuple(f"client {number}" for number in range(50))

    machine.run(2, 2 * MOST_WAITING)
    assert machine.budget.pause_s == 0

    machine.run(2, 2 * MOST_WAITING, crowd)
    assert machine.budget.pause_s == LONGEST_PAUSE_S


def test_one_client_never_waits(machine: Machine) -> None:
    machine.run(2, 0.9)
    assert machine.budget.pause_s

    assert set(machine.run(1, 0.9, ("first",))[1:]) == {0}


def test_what_happened_in_a_silence_does_not_count(machine: Machine) -> None:
    machine.run(1, 0)
    machine.now_s += 60
    machine.waited_ns += 50_000_000_000
    machine.run(2 * LOOK_INTERVAL_S, 0)

    assert machine.budget.pause_s == 0


def test_where_the_system_does_not_tell_nobody_is_held_back() -> None:
    budget = FrameBudget(lambda: 0)
    for step in range(1000):
        now_s = 100 + step * TICK_S
        assert budget.slot_s(CLIENTS[step % 3], now_s) == now_s


def test_clients_are_told_one_after_the_other(machine: Machine) -> None:
    machine.budget.pause_s = LONGEST_PAUSE_S
    clients = [f"client {number}" for number in range(20)]

    slots_s = [machine.budget.slot_s(client, machine.now_s) for client in clients]

    assert slots_s == sorted(slots_s)
    assert slots_s[0] - machine.now_s <= TICK_S
    assert abs(slots_s[-1] - slots_s[0] - 19 * LONGEST_PAUSE_S) <= 1.01 * TICK_S


class AlwaysPaused(FrameBudget):
    """Lets another client send a hundredth of a second later, whoever it is."""

    def slot_s(self, client: Hashable, now_s: float) -> float:
        return now_s + 0.01


class Sent(list[WatchableUpdate]):
    """What a client was sent.

    Attributes:
        any: set as soon as it is not empty.
    """

    def __init__(self) -> None:
        super().__init__()
        self.any = asyncio.Event()

    def send(self, message: WatchableUpdate) -> None:
        self.append(message)
        self.any.set()


@pytest.fixture
def held_feed(loop: asyncio.AbstractEventLoop) -> tuple[ValueFeed, Sent, ClientStatistics]:
    sent = Sent()
    statistics = ClientStatistics()
    feed = ValueFeed(
        loop, sent.send, lambda: 0, ServerClock(), budget=AlwaysPaused(), statistics=statistics
    )
    return feed, sent, statistics


def test_who_waits_gets_the_newest_values_and_the_others_are_counted(
    loop: asyncio.AbstractEventLoop,
    store: ValueStore,
    held_feed: tuple[ValueFeed, Sent, ClientStatistics],
) -> None:
    feed, sent, statistics = held_feed
    entries = store.published[:2]
    for entry in entries:
        entry.watchers[feed] = None
    for value in range(1, 6):
        store.update(entries, (value, value), value)
        feed.mark(entries)
        loop.run_until_complete(asyncio.sleep(0))
    assert sent == []

    loop.run_until_complete(asyncio.wait_for(sent.any.wait(), 10))

    assert [[update.v for update in message.updates] for message in sent] == [[5, 5]]
    assert statistics.values_replaced == 8


def test_every_sample_is_sent_at_once(
    loop: asyncio.AbstractEventLoop,
    store: ValueStore,
    held_feed: tuple[ValueFeed, Sent, ClientStatistics],
) -> None:
    feed, sent, statistics = held_feed
    entry = store.published[0]
    entry.watchers[feed.samples] = None
    for value in range(3):
        store.update((entry,), (value,), value)
        feed.samples.mark((entry,))

    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))

    assert [update.v for message in sent for update in message.updates] == [0, 1, 2]
    assert statistics.values_replaced == 0


def test_a_confirmation_does_not_wait(
    loop: asyncio.AbstractEventLoop,
    store: ValueStore,
    held_feed: tuple[ValueFeed, Sent, ClientStatistics],
) -> None:
    feed, sent, _ = held_feed
    entry = store.published[0]
    entry.watchers[feed] = None
    store.update((entry,), (7,), 1)
    feed.mark((entry,))
    loop.run_until_complete(asyncio.sleep(0))

    feed.flush_only((entry,))

    assert [update.v for message in sent for update in message.updates] == [7]

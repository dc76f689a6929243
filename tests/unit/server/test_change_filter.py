"""What is news to a client that wants changes only."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from scrutiny.core.values import Value
from scrutiny.server.change_filter import differs
from scrutiny.server.entries import Entry
from scrutiny.server.store import ValueStore

from .conftest import NotingFeed

MakeFeed = Callable[[], NotingFeed]
NAN = math.nan


@pytest.mark.parametrize(
    ("told", "value", "dead_band", "expected"),
    [
        (1, 1, 0.0, False),
        (1, 2, 0.0, True),
        (1, 2, 1.0, False),
        (1, 3, 1.0, True),
        (10, 8, 1.5, True),
        (1.0, 1.5, 0.5, False),
        (1.0, math.nextafter(1.5, 2), 0.5, True),
        (0.0, -0.0, 0.0, False),
        (False, True, 0.0, True),
        (True, True, 0.0, False),
        (2**64 - 1, 2**64 - 2, 0.0, True),
        (2**64 - 1, 2**64 - 3, 1.0, True),
        (2**53, 2**53 + 1, 0.5, True),
        (-(2**63), 2**63 - 1, 1e30, False),
        (NAN, NAN, 0.0, False),
        (NAN, 1.0, 1e9, True),
        (1.0, NAN, 1e9, True),
        (math.inf, math.inf, 0.0, False),
        (math.inf, -math.inf, 1e9, True),
        (1.0, math.inf, 1e300, True),
        (math.inf, 1.0, 1e300, True),
    ],
)
def test_how_far_is_far_enough(
    told: Value, value: Value, dead_band: float, *, expected: bool
) -> None:
    assert differs(told, value, dead_band) is expected


class Bench:
    """One entry, and a client that wants its changes."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, store: ValueStore, feed: NotingFeed
    ) -> None:
        self._loop = loop
        self._store = store
        self.feed = feed
        self.entry: Entry = store.published[0]

    def watch(self, dead_band: float = 0.0) -> None:
        self.entry.watchers[self.feed.changes] = None
        self.feed.changes.watch(self.entry, dead_band)

    def read(self, *values: Value) -> None:
        """Let the device answer so often, without a turn of the loop in between."""
        for value in values:
            self._store.update((self.entry,), (value,), 1)
            self.feed.changes.mark((self.entry,))

    def lose(self, reason: str) -> None:
        self._store.invalidate((self.entry,), reason, 1)
        self.feed.changes.mark((self.entry,))

    def told(self) -> list[object]:
        """Return what the client was told since the last call."""
        self._loop.run_until_complete(asyncio.sleep(0.005))
        updates = [update for message in self.feed.sent for update in message.updates]
        self.feed.sent.clear()
        return [update.r if update.v is None else update.v for update in updates]


@pytest.fixture
def bench(loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed) -> Bench:
    return Bench(loop, store, make_feed())


def test_the_first_value_is_news_and_the_same_again_is_not(bench: Bench) -> None:
    bench.watch()

    bench.read(5)
    assert bench.told() == [5]
    bench.read(5, 5)
    assert bench.told() == []
    bench.read(6)
    assert bench.told() == [6]


def test_a_value_that_creeps_is_told_when_it_has_crept_far_enough(bench: Bench) -> None:
    bench.watch(dead_band=2)
    told: list[object] = []
    for value in range(10):
        bench.read(value)
        told += bench.told()

    assert told == [0, 3, 6, 9]


def test_what_is_back_before_it_could_be_told_is_not_told(bench: Bench) -> None:
    bench.watch()
    bench.read(5)
    bench.told()

    bench.read(6, 5)

    assert bench.told() == []


def test_the_loss_of_a_value_is_news_once_whatever_the_dead_band(bench: Bench) -> None:
    bench.watch(dead_band=100)
    bench.read(5)
    bench.told()

    bench.lose("nullptr")
    assert bench.told() == ["nullptr"]
    bench.lose("nullptr")
    assert bench.told() == []
    bench.lose("forbidden")
    assert bench.told() == ["forbidden"]
    bench.read(5)
    assert bench.told() == [5]


def test_another_dead_band_begins_anew(bench: Bench) -> None:
    bench.watch(dead_band=100)
    bench.read(5)
    bench.told()

    bench.watch(dead_band=0)
    bench.read(5)

    assert bench.told() == [5]

"""Every value reaches a client that wants them all, in order; what does not is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from scrutiny.api.messages import WatchableUpdate
from scrutiny.server import sample_queue
from scrutiny.server.broadcast import LARGEST_FLUSH, MAX_BACKLOG
from scrutiny.server.store import ValueStore

from .conftest import NotingFeed

MakeFeed = Callable[[], NotingFeed]


def wanting_all(make_feed: MakeFeed, store: ValueStore) -> NotingFeed:
    feed = make_feed()
    for entry in store.published:
        entry.watchers[feed.samples] = None
    return feed


def values(messages: list[WatchableUpdate]) -> list[object]:
    return [update.v for message in messages for update in message.updates]


def run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0.03))


def test_values_between_two_messages_are_all_told_in_order(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed, entries = wanting_all(make_feed, store), store.published[:2]
    for number in range(100):
        store.update(entries, (number, -number), 1000 * number)
        feed.samples.mark(entries)

    run(loop)

    assert values(feed.sent) == [value for number in range(100) for value in (number, -number)]
    times = [update.t for message in feed.sent for update in message.updates]
    assert times == sorted(times)
    assert len(set(times)) == 100


def test_what_was_lost_of_a_value_and_why_is_told_in_its_place(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed, entry = wanting_all(make_feed, store), store.published[0]
    store.update((entry,), (1,), 1)
    feed.samples.mark((entry,))
    store.invalidate((entry,), "nullptr", 2)
    feed.samples.mark((entry,))
    store.update((entry,), (2,), 3)
    feed.samples.mark((entry,))

    run(loop)

    updates = [update for message in feed.sent for update in message.updates]
    assert [update.v for update in updates] == [1, None, 2]
    assert updates[1].r == "nullptr"


def test_a_slow_client_gets_them_later_and_learns_how_many_it_lost(
    loop: asyncio.AbstractEventLoop,
    store: ValueStore,
    make_feed: MakeFeed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_queue, "MOST_SAMPLES", 10)
    feed, entry = wanting_all(make_feed, store), store.published[0]
    feed.unread_octets = MAX_BACKLOG + 1
    for number in range(25):
        store.update((entry,), (number,), number + 1)
        feed.samples.mark((entry,))
    run(loop)
    assert feed.sent == []

    feed.unread_octets = 0
    feed.room_made()
    run(loop)
    store.update((entry,), (25,), 26)
    feed.samples.mark((entry,))
    run(loop)

    assert values(feed.sent) == [*range(10), 25]
    (gap,) = [index for index, message in enumerate(feed.sent) if isinstance(message.lost, int)]
    assert feed.sent[gap].lost == 15
    assert values(feed.sent[:gap]) == [*range(10)]


def test_many_take_several_turns_and_keep_their_order(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed, entry = wanting_all(make_feed, store), store.published[0]
    for number in range(3 * LARGEST_FLUSH):
        store.update((entry,), (number,), number + 1)
        feed.samples.mark((entry,))

    for _ in range(5):
        run(loop)

    assert values(feed.sent) == [*range(3 * LARGEST_FLUSH)]
    assert all(len(message.updates) <= LARGEST_FLUSH for message in feed.sent)


def test_an_answer_that_was_asked_for_before_the_mode_changed_adds_nothing(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed, entry = make_feed(), store.published[0]
    entry.watchers[feed] = None
    store.update((entry,), (1,), 1)

    feed.samples.mark((entry,))
    run(loop)

    assert feed.sent == []


def test_what_waits_is_sent_before_a_message_that_must_not_overtake_it(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed, entry = wanting_all(make_feed, store), store.published[0]
    for number in range(3):
        store.update((entry,), (number,), number + 1)
        feed.samples.mark((entry,))

    feed.flush()

    assert values(feed.sent) == [0, 1, 2]


class Waiting:
    """A client whose queue has room for so many samples, and who holds up the reads of a value."""

    def __init__(self, feed: NotingFeed, store: ValueStore) -> None:
        self.queue = feed.samples
        self.feed = feed
        self.resumed = asyncio.Event()
        self.queue.on_room = self.resumed.set
        feed.unread_octets = MAX_BACKLOG + 1
        self._store = store
        self._count = 0

    def read(self, count: int) -> None:
        """Take so many answers of the device."""
        entry = self._store.published[0]
        for _ in range(count):
            self._count += 1
            self._store.update((entry,), (self._count,), self._count)
            self.queue.mark((entry,))


@pytest.fixture
def waiting(
    store: ValueStore, make_feed: MakeFeed, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Waiting]:
    monkeypatch.setattr(sample_queue, "MOST_SAMPLES", 100)
    client = Waiting(wanting_all(make_feed, store), store)
    yield client
    client.feed.close()


def test_reads_are_held_from_half_of_the_room_until_a_quarter(waiting: Waiting) -> None:
    queue = waiting.queue
    waiting.read(50)
    assert not queue.holds_reads
    waiting.read(1)
    assert queue.holds_reads

    queue.take(25)
    assert queue.holds_reads
    assert not waiting.resumed.is_set()
    queue.take(1)

    assert not queue.holds_reads
    assert waiting.resumed.is_set()


def test_nobody_waits_for_a_client_that_takes_nothing(
    loop: asyncio.AbstractEventLoop, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_queue, "PATIENCE_S", 0.001)
    waiting.read(60)
    assert waiting.queue.holds_reads

    loop.run_until_complete(asyncio.wait_for(waiting.resumed.wait(), 10))
    waiting.read(60)

    assert not waiting.queue.holds_reads
    assert len(waiting.queue) == 100


def test_once_it_takes_something_it_is_waited_for_again(
    loop: asyncio.AbstractEventLoop, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_queue, "PATIENCE_S", 0.001)
    waiting.read(60)
    loop.run_until_complete(asyncio.wait_for(waiting.resumed.wait(), 10))
    waiting.read(1)
    assert not waiting.queue.holds_reads

    waiting.queue.take(5)
    waiting.read(1)

    assert waiting.queue.holds_reads


def test_the_reads_go_on_when_the_client_leaves(waiting: Waiting) -> None:
    waiting.read(60)

    waiting.feed.close()

    assert not waiting.queue.holds_reads
    assert waiting.resumed.is_set()

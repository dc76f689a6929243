"""What a client is told, how often, and what happens when it does not read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from scrutiny.api.codec import encode
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.types import DataType
from scrutiny.core.watchables import PublishedValue
from scrutiny.server.broadcast import LARGEST_FLUSH, LARGEST_UPDATE, MAX_BACKLOG
from scrutiny.server.store import ValueStore

from .conftest import NotingFeed

MakeFeed = Callable[[], NotingFeed]


def watching(make_feed: MakeFeed, store: ValueStore) -> NotingFeed:
    """Return the feed of a client that watches all there is."""
    feed = make_feed()
    for entry in store.published:
        entry.watchers[feed] = None
    return feed


def run_until_quiet(loop: asyncio.AbstractEventLoop, seconds: float = 0.01) -> None:
    loop.run_until_complete(asyncio.sleep(seconds))


def test_all_marks_of_a_turn_become_one_message_with_the_newest_values(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    entries = store.published[:3]
    for value in (1, 2, 3):
        store.update(entries, [value] * 3, 1000 * value)
        feed.mark(entries)

    run_until_quiet(loop)

    assert len(feed.sent) == 1
    assert [update.v for update in feed.sent[0].updates] == [3, 3, 3]
    assert {update.id for update in feed.sent[0].updates} == {entry.id for entry in entries}


def test_what_was_forgotten_is_not_sent(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    feed.mark(store.published[:2])
    feed.forget(store.published[:1])

    run_until_quiet(loop)

    assert [update.id for update in feed.sent[0].updates] == [store.published[1].id]


def test_a_client_that_does_not_read_gets_the_newest_values_once_it_does(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    entries = store.published[:1]
    feed.unread_octets = MAX_BACKLOG + 1
    for value in range(100):
        store.update(entries, [value], value)
        feed.mark(entries)
        run_until_quiet(loop, 0)
    assert feed.sent == []

    feed.unread_octets = 0
    feed.room_made()
    run_until_quiet(loop)

    assert [[update.v for update in message.updates] for message in feed.sent] == [[99]]


@pytest.mark.parametrize(("value", "text"), [(math.nan, "nan"), (-math.inf, "-inf")])
def test_floats_that_json_cannot_write_are_named(
    store: ValueStore, make_feed: MakeFeed, value: float, text: str
) -> None:
    feed = watching(make_feed, store)
    store.update(store.published[:1], [value], 0)
    feed.mark(store.published[:1])

    feed.flush()

    (update,) = feed.sent[0].updates
    assert update.v is None
    assert update.r == text


def test_nothing_is_sent_after_the_end(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    feed.mark(store.published)

    feed.close()
    feed.mark(store.published)
    run_until_quiet(loop)

    assert feed.sent == []


def test_throttling_limits_the_updates_per_second(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    feed.set_throttling(100)
    start = loop.time()

    while loop.time() - start < 0.3:
        feed.mark(store.published[:10])
        run_until_quiet(loop, 0)

    sent = sum(len(message.updates) for message in feed.sent)
    assert sent <= 100 * (loop.time() - start) + 10


@pytest.mark.parametrize("limit", [None, 1e6])
def test_a_new_limit_holds_for_what_waits_already(
    loop: asyncio.AbstractEventLoop,
    store: ValueStore,
    make_feed: MakeFeed,
    limit: float | None,
) -> None:
    feed = watching(make_feed, store)
    feed.set_throttling(0.001)
    feed.mark(store.published)
    run_until_quiet(loop)
    feed.mark(store.published)
    run_until_quiet(loop)
    assert len(feed.sent) == 1

    feed.set_throttling(limit)
    run_until_quiet(loop)
    feed.mark(store.published)
    run_until_quiet(loop)

    assert len(feed.sent) == 3


def test_what_has_piled_up_is_sent_over_several_turns(
    loop: asyncio.AbstractEventLoop, make_feed: MakeFeed
) -> None:
    store = ValueStore()
    count = 2 * LARGEST_FLUSH + 1
    store.load_published(PublishedValue(i, DataType.UINT8) for i in range(count))
    feed = watching(make_feed, store)
    feed.unread_octets = MAX_BACKLOG + 1
    feed.mark(store.published)
    run_until_quiet(loop)
    assert feed.sent == []

    feed.unread_octets = 0
    feed.room_made()
    while sum(len(message.updates) for message in feed.sent) < count:
        run_until_quiet(loop)

    assert [len(message.updates) for message in feed.sent] == [LARGEST_FLUSH, LARGEST_FLUSH, 1]
    assert len({update.id for message in feed.sent for update in message.updates}) == count


def test_no_update_is_larger_than_a_message_may_be(make_feed: MakeFeed) -> None:
    store = ValueStore()
    store.load_published(PublishedValue(i, DataType.FLOAT64) for i in range(LARGEST_UPDATE + 1))
    entries = store.published
    octets = [b"12345678"] * len(entries)
    store.update(entries, [-1.2345678901234567e-300] * len(entries), 2**62, octets)
    feed = watching(make_feed, store)
    feed.mark(entries)

    feed.flush()

    assert [len(message.updates) for message in feed.sent] == [LARGEST_UPDATE, 1]
    assert len(encode(feed.sent[0])) < MAX_MESSAGE_SIZE


def test_octets_of_memory_go_along_in_base64(store: ValueStore, make_feed: MakeFeed) -> None:
    feed = watching(make_feed, store)
    entries = store.published[:1]
    store.update(entries, [-12], 0, [b"\xf4\xff\xff\xff"])
    feed.mark(entries)

    feed.flush()

    assert b'"v":-12,"d":"9P///w=="' in encode(feed.sent[0])


def test_a_value_that_is_lost_has_a_reason_and_no_octets(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    entries = store.published[:1]
    store.update(entries, [1.0], 0, [b"1234"])
    store.invalidate(entries, "nullptr", 5)
    feed.mark(entries)

    feed.flush()

    assert b'"v":null,"r":"nullptr"' in encode(feed.sent[0])


def test_what_is_not_watched_any_more_is_not_sent(store: ValueStore, make_feed: MakeFeed) -> None:
    feed = watching(make_feed, store)
    entry = store.published[0]
    del entry.watchers[feed]
    feed.mark([entry, store.published[1]])

    feed.flush()

    assert [update.id for update in feed.sent[0].updates] == [store.published[1].id]


def test_what_is_sent_before_its_time_leaves_the_rest_to_theirs(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    first, second, third = store.published[:3]
    feed.mark((first, second))

    feed.flush_only((first, third))
    assert [update.id for update in feed.sent[0].updates] == [first.id]

    run_until_quiet(loop)
    assert [update.id for update in feed.sent[1].updates] == [second.id]
    assert len(feed.sent) == 2


@pytest.mark.parametrize("is_watched_so", [True, False])
def test_samples_are_sent_before_their_time_only_with_their_entry(
    store: ValueStore, make_feed: MakeFeed, is_watched_so: bool
) -> None:
    feed = make_feed()
    sampled, other = store.published[:2]
    sampled.watchers[feed.samples] = other.watchers[feed] = None
    feed.samples.mark((sampled,))

    feed.flush_only((sampled if is_watched_so else other,))

    assert len(feed.sent) == is_watched_so
    assert bool(feed.samples) is not is_watched_so


def test_room_is_of_no_interest_when_nothing_waits_for_it(
    loop: asyncio.AbstractEventLoop, store: ValueStore, make_feed: MakeFeed
) -> None:
    feed = watching(make_feed, store)
    feed.room_made()
    feed.mark(store.published)
    feed.room_made()
    run_until_quiet(loop)
    assert len(feed.sent) == 1

    feed.unread_octets = MAX_BACKLOG + 1
    feed.mark(store.published)
    run_until_quiet(loop)
    feed.close()
    feed.room_made()
    run_until_quiet(loop)
    assert len(feed.sent) == 1

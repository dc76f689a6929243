"""Who watches what, and who is told when nobody does any more."""

from __future__ import annotations

from collections.abc import Callable

from scrutiny.server.entries import Entry
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.turns import finish

from .conftest import NotingFeed

MakeFeed = Callable[[], NotingFeed]


def test_an_entry_is_idle_when_its_last_watcher_leaves(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    subscriptions = Subscriptions()
    idle: list[Entry] = []
    subscriptions.on_idle = idle.append
    one, other = make_feed(), make_feed()
    first, second = store.published[:2]
    for entry in (first, second):
        subscriptions.watch(one, entry, None)
    subscriptions.watch(other, first, 5)

    subscriptions.unwatch(one, first)
    assert idle == []
    subscriptions.unwatch(other, first)
    assert idle == [first]
    finish(subscriptions.drop(one))

    assert idle == [first, second]
    assert not subscriptions.watched


def test_subscriptions_to_what_is_gone_end_without_another_update(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    subscriptions = Subscriptions()
    changes: list[int] = []
    subscriptions.on_change = lambda: changes.append(1)
    feed = make_feed()
    gone, stays, unwatched = store.published[:3]
    for entry in (gone, stays):
        subscriptions.watch(feed, entry, None)
    feed.mark([gone, stays])

    subscriptions.end([gone, unwatched])
    feed.flush()

    assert list(subscriptions.watched) == [stays]
    assert [update.id for update in feed.sent[0].updates] == [stays.id]
    assert len(changes) == 3


def test_the_end_of_nothing_changes_nothing(store: ValueStore) -> None:
    subscriptions = Subscriptions()
    changes: list[int] = []
    subscriptions.on_change = lambda: changes.append(1)

    subscriptions.end(store.published)

    assert changes == []


def test_the_entries_that_a_client_watches_are_counted(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    subscriptions = Subscriptions()
    feed, other = make_feed(), make_feed()
    first, second, third = store.published[:3]
    for entry in (first, second, third):
        subscriptions.watch(feed, entry, None)
        subscriptions.watch(feed, entry, 5)
    subscriptions.watch(other, first, None)
    assert (subscriptions.count(feed), subscriptions.count(other)) == (3, 1)

    subscriptions.unwatch(feed, first)
    subscriptions.unwatch(feed, first)
    assert subscriptions.count(feed) == 2
    subscriptions.end([first, second])
    assert (subscriptions.count(feed), subscriptions.count(other)) == (1, 0)
    finish(subscriptions.drop(feed))
    assert subscriptions.count(feed) == 0
    subscriptions.watch(other, third, None)
    subscriptions.clear()

    assert subscriptions.count(other) == 0


def test_a_client_leaves_step_by_step_while_others_come_and_go(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    subscriptions = Subscriptions()
    leaving, staying = make_feed(), make_feed()
    entries = store.published[:4]
    for entry in entries:
        subscriptions.watch(leaving, entry, None)
    steps = subscriptions.drop(leaving)
    next(steps)

    subscriptions.watch(staying, entries[1], None)
    subscriptions.end([entries[2]])
    finish(steps)

    assert list(subscriptions.watched) == [entries[1]]
    assert (subscriptions.count(leaving), subscriptions.count(staying)) == (0, 1)

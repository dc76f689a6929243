"""From watches to requests, and from answers to values."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from scrutiny.core.types import DataType
from scrutiny.core.values import encode
from scrutiny.core.watchables import PublishedValue
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.server.entries import Entry
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.read_jobs import REFUSED_PAUSE_NS, ReadJob
from scrutiny.server.read_plan import ReadPlan
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions, effective_rate
from scrutiny.server.turns import finish

from .conftest import NotingFeed, make_plan, target_of

MakeFeed = Callable[[], NotingFeed]
ROOMY = PlanLimits(1024, 1024)


def watch_all(store: ValueStore, feed: NotingFeed, rate: float | None = None) -> Subscriptions:
    subscriptions = Subscriptions()
    for entry in store.published:
        subscriptions.watch(feed, entry, rate)
    return subscriptions


def rpv_id(entry: Entry) -> int:
    assert isinstance(entry.source, PublishedValue)
    return entry.source.id


def answer_to(job: ReadJob, values: dict[int, object]) -> Response:
    payload = b"".join(
        struct.pack(">H", rpv_id(entry))
        + encode(values.get(rpv_id(entry), 0), entry.data_type, "big")  # type: ignore[arg-type]
        for entry in job.entries
    )
    return Response(3, 4, 0, payload)


@pytest.mark.parametrize("limits", [PlanLimits(128, 128), PlanLimits(32, 1024), PlanLimits(9, 17)])
def test_requests_fill_the_buffers_and_never_overflow(
    store: ValueStore, make_feed: MakeFeed, limits: PlanLimits
) -> None:
    subscriptions = watch_all(store, make_feed())

    plan = make_plan(subscriptions.watched, limits, store)

    for job in plan.continuous:
        assert len(Request.decode(job.frame).payload) <= limits.max_request
        assert job.size is not None
        assert job.size <= limits.max_answer
    assert sorted(e.path for job in plan.continuous for e in job.entries) == sorted(
        entry.path for entry in store.published
    )


def test_values_reach_the_store_and_the_feeds_that_watch_them(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    everything, only_first = make_feed(), make_feed()
    subscriptions = watch_all(store, everything)
    first = store.published[0]
    subscriptions.watch(only_first, first, None)
    (job,) = make_plan(subscriptions.watched, ROOMY, store).continuous

    job.answered(answer_to(job, {0x1000: 1.5, 0x1002: -(2**63), 0x1003: True}), 77)
    everything.flush()
    only_first.flush()

    assert first.value == 1.5
    assert first.time_ns == 77
    assert store.published[2].value == -(2**63)
    assert store.published[3].value is True
    assert len(everything.sent[0].updates) == 60
    assert [update.id for update in only_first.sent[0].updates] == [first.id]


def test_an_answer_with_other_ids_changes_nothing(store: ValueStore, make_feed: MakeFeed) -> None:
    entries = store.published[:2]
    (job,) = make_plan(entries, ROOMY, store).continuous
    payload = struct.pack(">HfHB", 0x1000, 1.0, 0x1004, 1)

    job.answered(Response(3, 4, 0, payload), 0)

    assert entries[0].value is None


def test_a_refused_request_is_taken_apart_until_the_culprit_is_alone(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    subscriptions = watch_all(store, make_feed())
    plan = make_plan(subscriptions.watched, ROOMY, store)
    bad = store.published[13]
    refusal = Response(3, 4, 5, b"")

    for _ in range(20):
        for job in [job for job in plan.continuous if bad in job.entries]:
            job.answered(refusal, 5)
            plan.replace_refused(job)

    alone = [job for job in plan.periodic if bad in job.entries]
    assert [job.entries for job in alone] == [(bad,)]
    assert alone[0].due_ns == 5 + REFUSED_PAUSE_NS
    read: set[Entry] = {entry for job in plan.continuous for entry in job.entries}
    assert read == set(store.published) - {bad}


def test_rates_make_requests_of_their_own(store: ValueStore, make_feed: MakeFeed) -> None:
    feed = make_feed()
    subscriptions = Subscriptions()
    fast, slow, free = store.published[:3]
    subscriptions.watch(feed, fast, 100)
    subscriptions.watch(feed, slow, 0.5)
    subscriptions.watch(feed, free, None)

    plan = make_plan(subscriptions.watched, ROOMY, store)

    assert [job.entries for job in plan.continuous] == [(free,)]
    assert {job.entries: job.period_ns for job in plan.periodic} == {
        (fast,): 10_000_000,
        (slow,): 2_000_000_000,
    }


def test_the_fastest_client_decides_the_rate(store: ValueStore, make_feed: MakeFeed) -> None:
    one, other = make_feed(), make_feed()
    entry = store.published[0]
    subscriptions = Subscriptions()

    subscriptions.watch(one, entry, 2)
    subscriptions.watch(other, entry, 20)
    with_two = effective_rate(entry)
    subscriptions.watch(one, entry, None)
    unlimited = effective_rate(entry)
    finish(subscriptions.drop(one))

    assert (with_two, unlimited, effective_rate(entry)) == (20, None, 20)
    finish(subscriptions.drop(other))
    assert not subscriptions.watched


def test_types_that_cannot_be_read_are_no_part_of_the_protocol() -> None:
    assert not DataType.FLOAT16.is_readable


def test_a_plan_is_made_in_small_steps(store: ValueStore, make_feed: MakeFeed) -> None:
    subscriptions = watch_all(store, make_feed())
    watched = list(subscriptions.watched)

    steps = list(ReadPlan.made(watched, target_of(store, PlanLimits(32, 64))))

    assert len(steps) > 2 * len(watched)

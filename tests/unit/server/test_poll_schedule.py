"""Who comes next, and when."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest

from scrutiny.firmware_link.errors import LinkError, NoAnswer
from scrutiny.firmware_link.frames import Request, Response
from scrutiny.firmware_link.messages import AddressFormat, UserCommand
from scrutiny.server.datalog_lane import RepeatedJob
from scrutiny.server.entries import Entry
from scrutiny.server.jobs import Job, MessageJob
from scrutiny.server.memory_blocks import PlanLimits
from scrutiny.server.outcome import Outcome, OutcomeCallback
from scrutiny.server.pending_writes import PendingWrite
from scrutiny.server.poll_schedule import INTERACTIVE_NS, MAX_URGENT_IN_A_ROW, PollSchedule
from scrutiny.server.read_jobs import ReadJob
from scrutiny.server.read_plan import ReadPlan
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from scrutiny.server.target_memory import TargetMemory
from scrutiny.server.write_queue import WriteJob, WriteQueue

from .conftest import NotingFeed, make_plan

MS = 1_000_000
MakeFeed = Callable[[], NotingFeed]
LIMITS = PlanLimits(64, 64)


def make_schedule(store: ValueStore) -> tuple[PollSchedule, WriteQueue]:
    queue = WriteQueue(store)
    queue.set_target(LIMITS, TargetMemory(AddressFormat(4)))
    return PollSchedule(queue), queue


def plan_of(store: ValueStore, feed: NotingFeed, rates: dict[int, float | None]) -> ReadPlan:
    subscriptions = Subscriptions()
    for index, rate in rates.items():
        subscriptions.watch(feed, store.published[index], rate)
    return make_plan(subscriptions.watched, LIMITS, store)


def ignore(outcome: Outcome) -> None:
    """Take an outcome that a test does not look at."""


def note(outcomes: list[tuple[int, bool]], number: int) -> OutcomeCallback:
    return lambda outcome: outcomes.append((number, outcome.success))


def command(results: list[object]) -> Job:
    def done(result: object, now_ns: int) -> None:
        results.append(result)

    return MessageJob(UserCommand(1, b""), AddressFormat(4), done)


def test_nothing_to_do_means_no_wake_up(store: ValueStore) -> None:
    schedule, _ = make_schedule(store)

    assert schedule.next_job(0) is None
    assert schedule.wake_ns is None


def test_continuous_reads_go_round(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, _ = make_schedule(store)
    plan = plan_of(store, make_feed(), dict.fromkeys(range(60)))
    schedule.set_plan(plan, 0)

    jobs = Counter(schedule.next_job(0) for _ in range(3 * len(plan.continuous)))

    assert len(plan.continuous) > 1
    assert set(jobs.values()) == {3}


def test_writes_come_before_reads(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, queue = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    queue.add(PendingWrite(store.published[0], 1.0, ignore))

    assert isinstance(schedule.next_job(0), WriteJob)
    assert isinstance(schedule.next_job(0), ReadJob)


def test_endless_writes_do_not_stop_the_reads(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, queue = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    for _ in range(100):
        queue.add(command([]))

    kinds = [
        isinstance(schedule.next_job(number * MS), ReadJob)
        for number in range(3 * MAX_URGENT_IN_A_ROW)
    ]

    assert sum(kinds) == 2


def reads_in_a_second(schedule: PollSchedule, step_ns: int) -> int:
    """Return how many reads are sent if each takes so long."""
    now_ns, count = 0, 0
    while now_ns < 1000 * MS:
        if isinstance(schedule.next_job(now_ns), ReadJob):
            count += 1
            now_ns += step_ns
        else:
            assert schedule.wake_ns is not None
            assert schedule.wake_ns > now_ns
            now_ns = schedule.wake_ns
    return count


def test_for_a_while_after_a_write_reads_leave_the_line_to_the_next_one(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, queue = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None, 1: 10}), 0)
    queue.add(PendingWrite(store.published[0], 1.0, ignore))
    assert isinstance(schedule.next_job(0), WriteJob)

    count = reads_in_a_second(schedule, MS // 10)

    busy, interactive = 1000 * MS - INTERACTIVE_NS, INTERACTIVE_NS
    assert count == pytest.approx(busy // (MS // 10) + interactive // MS, abs=15)


def test_samples_are_taken_as_fast_as_ever_after_a_write(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, queue = make_schedule(store)
    subscriptions = Subscriptions()
    subscriptions.watch(make_feed().samples, store.published[0], None)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 0)
    queue.add(PendingWrite(store.published[0], 1.0, ignore))
    assert isinstance(schedule.next_job(0), WriteJob)

    assert reads_in_a_second(schedule, MS // 10) == 10_000


def test_bulk_shares_the_link_with_reads(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    for _ in range(5):
        schedule.add_bulk(command([]))

    kinds = [isinstance(schedule.next_job(0), ReadJob) for _ in range(10)]

    assert sum(kinds) == 5


def test_reads_with_a_rate_keep_it_exactly(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: 100, 1: 7}), 0)
    reads: Counter[Entry] = Counter()
    now_ns = 0

    while now_ns < 10_000 * MS:
        job = schedule.next_job(now_ns)
        if job is None:
            assert schedule.wake_ns is not None
            assert schedule.wake_ns > now_ns
            now_ns = schedule.wake_ns
        else:
            assert isinstance(job, ReadJob)
            reads[job.entries[0]] += 1

    assert abs(reads[store.published[0]] - 1000) <= 1
    assert abs(reads[store.published[1]] - 70) <= 1


def test_rates_beyond_the_link_do_not_pile_up(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: 1000, 1: None}), 0)

    kinds = [schedule.next_job(i * 50 * MS) for i in range(20)]
    later = [schedule.next_job(1000 * MS) for _ in range(4)]

    assert len(set(kinds)) == 2  # both get their turn
    assert later.count(later[0]) >= 1


def test_a_new_plan_keeps_the_rhythm_of_what_goes_on(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, _ = make_schedule(store)
    feed = make_feed()
    subscriptions = Subscriptions()
    subscriptions.watch(feed, store.published[0], 10)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 0)
    assert schedule.next_job(0) is not None

    subscriptions.watch(feed, store.published[1], None)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 1 * MS)
    for _ in range(2):  # the continuous read has its turn first
        schedule.next_job(1 * MS)

    assert schedule.wake_ns == 100 * MS


def test_neighbouring_writes_share_a_request_within_the_limits(store: ValueStore) -> None:
    _, queue = make_schedule(store)
    outcomes: list[Outcome] = []
    for number in range(40):
        queue.add(PendingWrite(store.published[1], number, outcomes.append))

    requests: list[Request] = []
    while queue:
        job = queue.next_job()
        request = Request.decode(job.frame)
        requests.append(request)
        job.answered(Response(3, 5, 0, b"\x10\x01\x01" * (len(request.payload) // 3)), 5)

    assert all(len(request.payload) <= LIMITS.max_request for request in requests)
    assert len(requests) == math.ceil(3 * 40 / LIMITS.max_request)
    assert b"".join(request.payload for request in requests) == b"".join(
        b"\x10\x01" + bytes((number,)) for number in range(40)
    )
    assert [outcome.success for outcome in outcomes] == [True] * 40
    assert store.published[1].value == 39


def test_a_refused_request_is_repeated_write_by_write(store: ValueStore) -> None:
    _, queue = make_schedule(store)
    outcomes: list[tuple[int, bool]] = []
    for index in range(3):
        queue.add(PendingWrite(store.published[1], index, note(outcomes, index)))
    queue.add(command([]))

    queue.next_job().answered(Response(3, 5, 5, b""), 0)
    for index in range(3):
        job = queue.next_job()
        assert Request.decode(job.frame).payload == b"\x10\x01" + bytes((index,))
        code = 5 if index == 1 else 0
        job.answered(Response(3, 5, code, b"" if code else b"\x10\x01\x01"), 0)

    assert outcomes == [(0, True), (1, False), (2, True)]
    assert len(queue) == 1  # the user command kept its place behind


def test_the_end_of_the_device_fails_all_that_waits(store: ValueStore) -> None:
    schedule, queue = make_schedule(store)
    outcomes: list[Outcome] = []
    results: list[object] = []
    queue.add(PendingWrite(store.published[0], 1.0, outcomes.append))
    queue.add(command(results))
    schedule.add_bulk(command(results))

    schedule.fail_all("unplugged", 9)

    assert [(outcome.success, outcome.reason) for outcome in outcomes] == [(False, "unplugged")]
    assert [type(result) for result in results] == [NoAnswer, NoAnswer]
    assert all(isinstance(result, LinkError) for result in results)
    assert schedule.next_job(9) is None


def test_a_faster_client_does_not_wait_for_the_slow_rhythm(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, _ = make_schedule(store)
    subscriptions = Subscriptions()
    slow, fast = make_feed(), make_feed()
    subscriptions.watch(slow, store.published[0], 0.01)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 0)
    assert schedule.next_job(0) is not None

    subscriptions.watch(fast, store.published[0], 50)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 0)

    assert schedule.next_job(20 * MS) is not None


def test_a_refusal_of_an_older_plan_changes_nothing(store: ValueStore, make_feed: MakeFeed) -> None:
    subscriptions = Subscriptions()
    subscriptions.watch(make_feed(), store.published[0], None)
    old = make_plan(subscriptions.watched, LIMITS, store).continuous[0]
    plan = make_plan([], LIMITS, store)

    plan.replace_refused(old)

    assert (plan.continuous, plan.periodic) == ([], [])


# ------------------------------------------------------------------ the datalogger


def bulk(name: int = 2) -> Job:
    return MessageJob(UserCommand(name, b""), AddressFormat(4), lambda result, now_ns: None)


class RepeatedBulk(RepeatedJob):
    """Asks for something so many times."""

    def __init__(self, times: int = 1_000_000) -> None:
        super().__init__(bulk())
        self.times = times

    @property
    def is_one_more_certain(self) -> bool:
        return self.under_way < self.times

    def answered(self, response: Response, now_ns: int) -> None:
        self.taken_back()

    def failed(self, reason: str, now_ns: int) -> None:
        self.taken_back()

    def taken_back(self) -> None:
        self.under_way -= 1


def test_the_datalogger_and_reads_take_turns(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    schedule.datalog.put(chunk := RepeatedBulk())

    jobs = [schedule.next_job(0) for _ in range(6)]

    assert [job is chunk for job in jobs] == [True, False] * 3
    assert all(isinstance(job, ReadJob) for job in jobs[1::2])


def test_the_datalogger_and_bulk_take_turns_between_the_reads(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    chunk, piece = RepeatedBulk(), bulk(3)
    schedule.datalog.put(chunk)
    for _ in range(4):
        schedule.add_bulk(piece)

    jobs = [schedule.next_job(0) for _ in range(8)]

    assert [job for job in jobs if not isinstance(job, ReadJob)] == [chunk, piece, chunk, piece]
    assert all(isinstance(job, ReadJob) for job in jobs[1::2])


def test_without_reads_the_datalogger_has_the_link_for_itself(store: ValueStore) -> None:
    schedule, queue = make_schedule(store)
    schedule.datalog.put(chunk := RepeatedBulk())
    assert [schedule.next_job(0) for _ in range(3)] == [chunk] * 3
    queue.add(urgent := bulk(4))
    assert schedule.next_job(0) is urgent  # what a user wants at once comes first
    schedule.datalog.withdraw()
    assert schedule.next_job(0) is None


def test_chunks_go_ahead_as_long_as_they_are_certain_to_be_needed(store: ValueStore) -> None:
    schedule, _ = make_schedule(store)
    schedule.datalog.put(chunk := RepeatedBulk(times=3))

    assert schedule.next_job(0) is chunk
    assert [schedule.next_read_ahead(0, 100) for _ in range(3)] == [chunk, chunk, None]

    schedule.put_back([chunk, chunk])
    assert chunk.under_way == 1
    schedule.datalog.withdraw()
    assert schedule.next_job(0) is None  # those that were put back are not sent any more


def test_a_question_of_the_datalogger_does_not_go_ahead(store: ValueStore) -> None:
    schedule, _ = make_schedule(store)
    schedule.datalog.put(question := bulk())

    assert schedule.next_read_ahead(0, 100) is None
    assert schedule.next_job(0) is question


def test_writes_beside_others_leave_reads_their_turn(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, queue = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    read = schedule.next_job(0)
    assert isinstance(read, ReadJob)
    beside: list[Job | None] = []

    for _ in range(MAX_URGENT_IN_A_ROW + 1):
        queue.add(PendingWrite(store.published[0], 1.0, ignore))
        beside.append(schedule.next_write_beside(read, 0, 100))

    assert [job is not None for job in beside] == [True] * MAX_URGENT_IN_A_ROW + [False]
    assert schedule.next_job(MS) is read
    assert schedule.next_write_beside(read, MS, 100) is not None
    assert schedule.next_read_ahead(2 * MS, 100) is None  # for a while, none goes ahead


def test_writes_that_were_sent_ahead_in_vain_are_the_next_ones(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, queue = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: None}), 0)
    read = schedule.next_job(0)
    assert read is not None
    queue.add(PendingWrite(store.published[0], 1.0, ignore))
    writes = schedule.next_write_beside(read, 0, 100)
    assert isinstance(writes, WriteJob)

    schedule.put_back([writes])

    again = schedule.next_job(0)
    assert isinstance(again, WriteJob)
    assert again.writes == writes.writes


def test_rated_reads_keep_their_rate_beside_a_transfer(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, _ = make_schedule(store)
    schedule.set_plan(plan_of(store, make_feed(), {0: 100.0}), 0)
    schedule.datalog.put(chunk := RepeatedBulk())

    jobs = [schedule.next_job(now_ms * MS) for now_ms in range(1000)]

    assert sum(isinstance(job, ReadJob) for job in jobs) == pytest.approx(100, abs=1)
    assert sum(job is chunk for job in jobs) == pytest.approx(900, abs=1)


def test_a_question_of_the_datalogger_is_asked_once_and_fails_with_the_device(
    store: ValueStore,
) -> None:
    schedule, _ = make_schedule(store)
    added: list[str] = []
    schedule.datalog.on_job = lambda: added.append("job")
    results: list[object] = []
    schedule.datalog.put(question := command(results))
    assert added == ["job"]
    assert [schedule.next_job(0), schedule.next_job(0)] == [question, None]

    schedule.datalog.put(command(results))
    schedule.fail_all("gone", 0)

    assert schedule.next_job(0) is None
    assert isinstance(results[0], NoAnswer)


def entries_of(job: Job | None) -> list[Entry]:
    assert isinstance(job, ReadJob)
    return list(job.entries)


def test_reads_for_a_client_that_has_enough_samples_are_left_out(
    store: ValueStore, make_feed: MakeFeed
) -> None:
    schedule, _ = make_schedule(store)
    slow = make_feed()
    sampled, rated = store.published[0], store.published[30]
    subscriptions = Subscriptions()
    subscriptions.watch(slow.samples, sampled, None)
    subscriptions.watch(slow.samples, rated, 100.0)
    schedule.set_plan(make_plan(subscriptions.watched, LIMITS, store), 0)
    kicks: list[str] = []
    schedule.on_ready = lambda: kicks.append("kick")

    slow.samples.holds_reads = True
    first, second = schedule.next_job(0), schedule.next_job(0)

    assert entries_of(first) == [rated]
    assert second is None
    assert schedule.wake_ns == 10 * MS
    # The rated read was the last one, and nothing else may be sent: it has its turn again.
    assert entries_of(schedule.next_job(10 * MS)) == [rated]

    slow.samples.on_room()
    slow.samples.holds_reads = False
    assert kicks == ["kick"]
    assert entries_of(schedule.next_job(11 * MS)) == [sampled]


def test_reads_for_others_go_on_meanwhile(store: ValueStore, make_feed: MakeFeed) -> None:
    schedule, queue = make_schedule(store)
    slow, other = make_feed(), make_feed()
    subscriptions = Subscriptions()
    for index in range(60):
        subscriptions.watch(slow.samples if index < 20 else other, store.published[index], None)
    plan = make_plan(subscriptions.watched, LIMITS, store)
    schedule.set_plan(plan, 0)
    held = [job for job in plan.continuous if job.sample_queues]

    slow.samples.holds_reads = True
    jobs = Counter(schedule.next_job(0) for _ in range(3 * (len(plan.continuous) - len(held))))

    assert 0 < len(held) < len(plan.continuous)
    assert set(jobs) == set(plan.continuous) - set(held)
    assert set(jobs.values()) == {3}

    queue.add(PendingWrite(store.published[0], 1.0, ignore))
    assert isinstance(schedule.next_job(0), WriteJob)

"""Long reads, while somebody writes: in pieces that a write need not wait long for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.frames import Response
from scrutiny.server.entries import Entry
from scrutiny.server.jobs import Job
from scrutiny.server.poll_schedule import INTERACTIVE_NS
from scrutiny.server.read_jobs import ROUNDS_OF_TRIAL, SHORT_ANSWER, ReadJob
from scrutiny.server.write_queue import WriteJob

from .conftest import NotingFeed
from .rig import BASE, MS, Rig, device_settings, variable

MakeFeed = Callable[[], NotingFeed]

PATHS = [f"/v{index}" for index in range(100)]
NS_PER_OCTET = 10_000  # at 1 Mbaud
REFUSED = 5


class Line:
    """A line that takes its time for each octet, and waits before each answer.

    Attributes:
        latency_ns: how long it waits.
        refused: what the device does not want to give.
    """

    def __init__(self, make_feed: MakeFeed, ns_per_octet: int, latency_ns: int = 0) -> None:
        variables = [
            variable(path, DataType.UINT32, BASE + 4 * index) for index, path in enumerate(PATHS)
        ]
        settings = device_settings(max_rx_payload=1024, max_tx_payload=1024)
        self.rig = Rig(make_feed, variables, settings=settings)
        self.refused: set[Entry] = set()
        self._ns_per_octet = ns_per_octet
        self.latency_ns = latency_ns

    def watch(self, feed: NotingFeed, rate: float | None = None) -> None:
        """Let a client watch all values."""
        for path in PATHS:
            self.rig.watch(feed, path, rate)

    def run_with_writes(self, duration_ns: int) -> Iterator[ReadJob]:
        """Write again and again; yield what is read meanwhile, each answered."""
        rig = self.rig
        end_ns = rig.now_ns + duration_ns
        while rig.now_ns < end_ns:
            if not rig.schedule.urgent:
                rig.add_write(PATHS[0], 1, [])
            for _ in range(2):
                job = rig.schedule.next_job(rig.now_ns)
                if job is None:
                    assert rig.schedule.wake_ns is not None
                    rig.now_ns = rig.schedule.wake_ns
                else:
                    self._carry(job)
                    if isinstance(job, ReadJob):
                        yield job

    def _carry(self, job: Job) -> None:
        rig = self.rig
        response = rig.answer_to(job)
        if isinstance(job, ReadJob) and not self.refused.isdisjoint(job.entries):
            response = Response(response.command, response.subfunction, REFUSED, b"")
        octets = len(job.frame) + len(response.payload)
        rig.now_ns += self.latency_ns + octets * self._ns_per_octet
        job.answered(response, rig.now_ns)
        if isinstance(job, ReadJob) and response.code:
            rig.schedule.read_was_refused(job)


@pytest.fixture
def line(make_feed: MakeFeed) -> Line:
    """The line of a board at 1 Mbaud; 100 values are watched."""
    line = Line(make_feed, NS_PER_OCTET)
    line.watch(line.rig.feed())
    return line


def is_short(job: ReadJob) -> bool:
    return job.layout.size <= SHORT_ANSWER


def test_a_long_read_goes_in_pieces_that_leave_nothing_out(line: Line) -> None:
    first, *reads = line.run_with_writes(1000 * MS)

    assert not is_short(first)  # nobody knows yet how long it takes
    assert all(is_short(job) for job in reads)
    counts = Counter(entry for job in reads for entry in job.entries)
    assert len(counts) == len(PATHS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_values_of_pieces_are_stored_and_told(line: Line) -> None:
    line.rig.memory.write(BASE + 4 * 99, bytes([7, 0, 0, 0]))

    for _ in line.run_with_writes(100 * MS):
        pass

    assert line.rig.entry(PATHS[0]).value == 1
    assert line.rig.entry(PATHS[99]).value == 7
    (feed,) = line.rig.feeds
    feed.flush()
    assert {update.id for update in feed.sent[-1].updates} == {
        line.rig.entry(path).id for path in PATHS
    }


def test_when_nobody_writes_any_more_reads_are_whole_again(line: Line) -> None:
    for _ in line.run_with_writes(100 * MS):
        pass
    while isinstance(job := line.rig.schedule.next_job(line.rig.now_ns), WriteJob):
        job.answered(line.rig.answer_to(job), line.rig.now_ns)
    line.rig.now_ns += INTERACTIVE_NS

    assert line.rig.plan is not None
    line.rig.schedule.set_plan(line.rig.plan, line.rig.now_ns)  # which forgets begun rounds
    job = line.rig.schedule.next_job(line.rig.now_ns)

    assert isinstance(job, ReadJob)
    assert len(job.entries) == len(PATHS)


def test_a_round_that_was_begun_in_pieces_is_finished_in_pieces(line: Line) -> None:
    reads = line.run_with_writes(1000 * MS)
    next(reads)
    begun = [next(reads)]
    schedule, now_ns = line.rig.schedule, line.rig.now_ns + INTERACTIVE_NS
    while (job := schedule.next_job(now_ns)) is not None and not (
        isinstance(job, ReadJob) and not is_short(job)
    ):
        if isinstance(job, ReadJob):
            begun.append(job)
    read = [entry for job in begun for entry in job.entries]

    assert sorted(entry.path for entry in read) == sorted(PATHS)


def test_a_quick_read_stays_whole(make_feed: MakeFeed) -> None:
    line = Line(make_feed, ns_per_octet=100)
    line.watch(line.rig.feed())

    reads = list(line.run_with_writes(100 * MS))

    assert {len(job.entries) for job in reads} == {len(PATHS)}


def test_pieces_are_given_up_where_the_link_waits_rather_than_carries(
    make_feed: MakeFeed,
) -> None:
    line = Line(make_feed, ns_per_octet=100, latency_ns=10 * MS)
    line.watch(line.rig.feed())

    reads = list(line.run_with_writes(5000 * MS))

    pieces = [job for job in reads if is_short(job)]
    in_pieces = len({job.entries for job in pieces})
    assert len(pieces) == ROUNDS_OF_TRIAL * in_pieces
    assert not any(is_short(job) for job in reads[len(pieces) + 1 :])


def test_a_slow_first_round_does_not_end_them(line: Line) -> None:
    reads = line.run_with_writes(1000 * MS)
    next(reads)
    line.latency_ns = 20 * MS  # the machine is busy
    assert is_short(next(reads))
    line.latency_ns = 0

    assert all(is_short(job) for job in reads)


def test_what_is_wanted_at_certain_times_stays_whole(make_feed: MakeFeed) -> None:
    line = Line(make_feed, NS_PER_OCTET)
    line.watch(line.rig.feed())
    line.watch(line.rig.feed(), rate=10)

    reads = list(line.run_with_writes(500 * MS))

    assert {len(job.entries) for job in reads} == {len(PATHS)}


def test_a_refused_piece_hides_no_other_value(line: Line) -> None:
    list(line.run_with_writes(100 * MS))
    bad = line.rig.entry(PATHS[42])
    line.refused = {bad}
    list(line.run_with_writes(500 * MS))

    reads = list(line.run_with_writes(500 * MS))

    read = {entry for job in reads for entry in job.entries if bad not in job.entries}
    assert {entry.path for entry in read} == set(PATHS) - {bad.path}
    assert [job.entries for job in reads if bad in job.entries] in ([], [(bad,)])


def test_the_pieces_of_a_plan_go_with_it(line: Line) -> None:
    reads = line.run_with_writes(1000 * MS)
    next(reads)
    before = set(next(reads).entries)
    line.rig.subscriptions.unwatch(line.rig.feeds[0], line.rig.entry(PATHS[99]))

    job = line.rig.schedule.next_job(line.rig.now_ns)
    while isinstance(job, WriteJob):
        job = line.rig.schedule.next_job(line.rig.now_ns)

    assert isinstance(job, ReadJob)
    assert len(job.entries) == len(PATHS) - 1
    assert before < set(job.entries)

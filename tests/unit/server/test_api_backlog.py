from __future__ import annotations

from scrutiny.server.api.backlog import (
    CHECK_INTERVAL_S,
    LARGEST_BACKLOG,
    STUCK_FOR_S,
    TOO_LARGE_FOR_S,
    BacklogWatch,
)


def test_a_client_that_reads_slowly_is_kept() -> None:
    watch = BacklogWatch(octets_sent=1000, backlog=1000, now_s=0)

    verdicts = [watch.verdict(1000 + 10 * step, 1000, 5.0 * step) for step in range(1, 100)]

    assert not any(verdicts)


def test_a_client_that_reads_nothing_is_given_up_after_a_while() -> None:
    watch = BacklogWatch(octets_sent=1000, backlog=1000, now_s=0)

    assert not watch.verdict(1000, 1000, STUCK_FOR_S - 1)
    assert "read nothing" in watch.verdict(1000, 1000, STUCK_FOR_S)


def test_more_data_for_a_client_that_reads_nothing_is_no_progress() -> None:
    watch = BacklogWatch(octets_sent=1000, backlog=1000, now_s=0)

    assert not watch.verdict(3000, 3020, STUCK_FOR_S - 1)
    assert watch.verdict(5000, 5040, STUCK_FOR_S)


def test_a_burst_may_be_large_for_a_moment() -> None:
    watch = BacklogWatch(3 * LARGEST_BACKLOG, 3 * LARGEST_BACKLOG, now_s=0)

    assert not watch.verdict(3 * LARGEST_BACKLOG, 2 * LARGEST_BACKLOG, CHECK_INTERVAL_S)
    assert not watch.verdict(3 * LARGEST_BACKLOG, LARGEST_BACKLOG, TOO_LARGE_FOR_S)
    assert not watch.verdict(3 * LARGEST_BACKLOG, 10, TOO_LARGE_FOR_S + CHECK_INTERVAL_S)


def test_a_backlog_that_stays_too_large_is_given_up_although_the_client_reads() -> None:
    watch = BacklogWatch(LARGEST_BACKLOG + 1, LARGEST_BACKLOG + 1, now_s=0)

    assert not watch.verdict(LARGEST_BACKLOG + 500, LARGEST_BACKLOG + 1, CHECK_INTERVAL_S)
    assert "MiB" in watch.verdict(LARGEST_BACKLOG + 999, LARGEST_BACKLOG + 1, TOO_LARGE_FOR_S)

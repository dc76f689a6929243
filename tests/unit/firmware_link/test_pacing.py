"""The long-term mean of the traffic stays under the limit."""

from __future__ import annotations

import pytest

from scrutiny.firmware_link.pacing import Pacer, effective_limit

SECOND = 1_000_000_000


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_the_mean_stays_under_the_limit(size: int) -> None:
    pacer = Pacer(limit_bps=80_000)  # 10,000 octets per second
    now_ns = 0
    octets = 0

    while now_ns < 10 * SECOND:
        now_ns += pacer.wait_ns(now_ns)
        pacer.count(size, now_ns)
        octets += size

    assert octets <= 10 * 10_000 + 2 * size + 500
    assert octets >= 0.98 * 10 * 10_000


def test_a_lone_request_never_waits() -> None:
    pacer = Pacer(limit_bps=80_000)
    pacer.count(100, 0)

    assert pacer.wait_ns(SECOND) == 0


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Pacer(0)


@pytest.mark.parametrize(
    ("limits", "expected"), [((0, 0), 0), ((0, 5), 5), ((7, 5), 5), ((7, 0), 7)]
)
def test_the_smallest_limit_counts_and_0_is_none(limits: tuple[int, int], expected: int) -> None:
    assert effective_limit(*limits) == expected

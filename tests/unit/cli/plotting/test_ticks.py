from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.cli.plotting.ticks import round_ticks


@pytest.mark.parametrize(
    ("low", "high", "count", "labels"),
    [
        (1197, 2203, 5, ["1200", "1400", "1600", "1800", "2000", "2200"]),
        (0.0, 1.0, 2, ["0.0", "0.5", "1.0"]),
        (0.0, 0.8192, 4, ["0.0", "0.2", "0.4", "0.6", "0.8"]),
        (-1.0, 1.0, 2, ["-1", "0", "1"]),
        (0.0012, 0.0018, 3, ["0.0012", "0.0014", "0.0016", "0.0018"]),
        (0.0, 5e8, 2, ["0", "2e+08", "4e+08"]),
        (1e9, 1e9 + 4, 2, ["1000000000", "1000000002", "1000000004"]),
        (0.0, 3e-6, 3, ["0", "1e-06", "2e-06", "3e-06"]),
        (1300, 2100, 1, ["1500", "2000"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, count: int, labels: list[str]) -> None:
    assert [tick.label for tick in round_ticks(low, high, count)] == labels


def test_what_is_whole_has_no_fractions() -> None:
    assert [tick.label for tick in round_ticks(0, 1, 5, whole=True)] == ["0", "1"]
    assert [tick.label for tick in round_ticks(4, 6, 9, whole=True)] == ["4", "5", "6"]


largest = sys.float_info.max / 4
fractions = st.floats(-largest, largest, allow_subnormal=False)
integers = st.integers(-(1 << 63), (1 << 64) - 1)


@given(st.lists(fractions, min_size=2, max_size=2), st.integers(1, 20))
def test_ticks_are_few_and_inside(ends: list[float], count: int) -> None:
    check(min(ends), max(ends), count, whole=False)


@given(st.lists(integers, min_size=2, max_size=2), st.integers(1, 20))
def test_whole_ticks_are_few_and_inside(ends: list[int], count: int) -> None:
    check(min(ends), max(ends), count, whole=True)


def check(low: float, high: float, count: int, *, whole: bool) -> None:
    if not high - low > max(abs(low), abs(high)) * 1e-12:
        return  # too near for 15 digits
    ticks = round_ticks(low, high, count, whole=whole)
    slack = (high - low) * 1e-6
    assert len(ticks) <= 2 * count + 3
    assert all(low - slack <= tick.value <= high + slack for tick in ticks)
    labels = [tick.label for tick in ticks]
    assert len(set(labels)) == len(labels)
    for tick in ticks:
        assert math.isclose(float(tick.label), tick.value, rel_tol=1e-6, abs_tol=slack)

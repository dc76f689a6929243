from __future__ import annotations

import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrutiny.cli.plotting.traces import Scale, as_ascii, has_dots, merged, trace

NAN, INF = math.nan, math.inf


def dots(rows: list[str]) -> set[tuple[int, int]]:
    """Return the places of all dots, from the lower left corner."""
    bits = {0x40: (0, 0), 0x80: (1, 0), 0x04: (0, 1), 0x20: (1, 1)}
    bits |= {0x02: (0, 2), 0x10: (1, 2), 0x01: (0, 3), 0x08: (1, 3)}
    return {
        (2 * column + x, 4 * (len(rows) - 1 - row) + y)
        for row, letters in enumerate(rows)
        for column, letter in enumerate(letters)
        for bit, (x, y) in bits.items()
        if (ord(letter) - 0x2800) & bit
    }


def drawn(
    xs: list[float], ys: list[float], columns: int = 4, rows: int = 2
) -> set[tuple[int, int]]:
    lines = trace(xs, ys, Scale.around(xs, 2 * columns), Scale.around(ys, 4 * rows))
    assert [len(line) for line in lines] == [columns] * rows
    return dots(lines)


def test_a_line_goes_from_corner_to_corner() -> None:
    assert drawn([0, 7], [0, 7]) == {(place, place) for place in range(8)}
    assert drawn([0, 7], [7, 0]) == {(place, 7 - place) for place in range(8)}


def test_a_constant_stands_in_the_middle() -> None:
    middle = {y for _, y in drawn([0, 1], [5, 5])}
    assert middle == {4}
    assert drawn([3], [5]) == {(4, 4)}


def test_a_gap_is_no_line() -> None:
    assert drawn([0, 1, 2, 5, 6, 7], [0, 0, NAN, INF, 7, 7]) == {(0, 0), (1, 0), (6, 7), (7, 7)}
    assert drawn([0, NAN, 7], [0, 3, 7]) == {(0, 0), (7, 7)}
    assert drawn([NAN, NAN], [NAN, NAN]) == set()
    assert drawn([], []) == set()


def test_a_peak_between_many_samples_is_not_lost() -> None:
    ys = [0.0] * 10_000
    ys[4321] = 7.0
    assert max(y for _, y in drawn([*range(10_000)], ys)) == 7


def test_integers_of_64_bits_are_told_apart() -> None:
    large = 1 << 63
    assert drawn([0, 7], [large, large + 7]) == {(place, place) for place in range(8)}


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(1 << 63), (1 << 64) - 1)


@given(st.lists(st.tuples(numbers, numbers), max_size=30))
@example([(0.0, -sys.float_info.max)])
@example([(sys.float_info.max, -5e-324)])
def test_whatever_was_recorded_is_drawn_inside(samples: list[tuple[float, float]]) -> None:
    xs, ys = [x for x, _ in samples], [y for _, y in samples]
    found = drawn(xs, ys, 5, 3)
    assert all(0 <= x < 10 and 0 <= y < 12 for x, y in found)
    shown = [sample for sample in samples if all(map(math.isfinite, sample))]
    x_scale, y_scale = Scale.around(xs, 10), Scale.around(ys, 12)
    assert {(x_scale.place(x), y_scale.place(y)) for x, y in shown} <= found


@pytest.mark.parametrize(
    ("low", "high"), [(-sys.float_info.max, sys.float_info.max), (0.0, 5e-324), (1.0, 1.0 + 2e-16)]
)
def test_extreme_scales_have_a_first_and_a_last_place(low: float, high: float) -> None:
    scale = Scale.around([low, high], 8)
    if high > low:
        assert (scale.place(low), scale.place(high)) == (0, 7)
    assert scale.low < scale.high


def test_letters_of_two_traces_are_merged() -> None:
    assert merged("\u2801", "\u2880") == "\u2881"
    assert has_dots("\u2801")
    assert not has_dots("\u2800")


def test_ascii_keeps_the_height_of_dots() -> None:
    assert [as_ascii(letter) for letter in "\u2800\u2801\u2812\u2824\u28c0\u28ff\u2847"] == [
        *" '--_||"
    ]
    assert all(as_ascii(chr(letter)).isascii() for letter in range(0x2800, 0x2900))

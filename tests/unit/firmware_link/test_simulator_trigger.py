"""When a trigger fires; `tests/firmware/test_trigger_table.py` has all the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import partial
from random import Random

import pytest

from scrutiny.firmware_link.codes import TriggerCondition
from scrutiny.firmware_link.simulator.trigger import (
    Number,
    Trigger,
    integer_to_float32,
    to_float32,
)
from tests.support.trigger_oracle import to_float32 as exactly_rounded

U32_END = 1 << 32
GREATER = TriggerCondition.GREATER_THAN
CHANGED = TriggerCondition.CHANGE_MORE_THAN


def firings(
    condition: TriggerCondition,
    rows: Iterable[tuple[Number | None, ...]],
    hold_time: int = 0,
    start: int = 0,
) -> Iterator[bool]:
    """Evaluate a trigger once per row, one unit of time apart."""
    trigger: Trigger | None = None
    values: list[Number | None] = []
    for now, row in enumerate(rows, start):
        values[:] = row
        if trigger is None:
            operands = [partial(values.__getitem__, place) for place in range(len(row))]
            trigger = Trigger(condition, operands, hold_time)
        yield trigger.fires(now % U32_END)


def letters(results: Iterable[bool]) -> str:
    return "".join("f" if fires else "." for fires in results)


def rows(text: str) -> list[tuple[Number | None, Number | None]]:
    """Values that are above the threshold, below it, or refused."""
    values = {"h": 6, "l": 4, "-": None}
    return [(values[letter], 5) for letter in text]


@pytest.mark.parametrize(
    ("hold_time", "history", "fires"),
    [
        (0, "lhlh", ".f.f"),
        (1, "lhhh", "..ff"),
        (3, "lhhhhlhhhh", "....f....f"),
        (3, "hh-h", "...f"),
        (2, "h--l-hhh", ".......f"),
        (0, "--h-", "..f."),
    ],
)
def test_the_condition_has_to_hold_and_refusals_do_not_count(
    hold_time: int, history: str, fires: str
) -> None:
    assert letters(firings(GREATER, rows(history), hold_time)) == fires


def test_the_hold_time_is_measured_across_the_wrap_of_time() -> None:
    assert letters(firings(GREATER, rows("hhhhh"), 3, start=U32_END - 2)) == "...ff"


def test_without_operands_it_is_always_true() -> None:
    assert letters(firings(TriggerCondition.ALWAYS_TRUE, [()] * 4, 2)) == "..ff"


@pytest.mark.parametrize(
    ("condition", "a", "b"),
    [
        (TriggerCondition.EQUAL, 2**24 + 1, 2.0**24),
        (TriggerCondition.NOT_EQUAL, 2**24 + 1, 2**24),
        (TriggerCondition.NOT_EQUAL, math.nan, math.nan),
        (TriggerCondition.LESS_THAN, -1, 2**64 - 1),
        (TriggerCondition.LESS_OR_EQUAL_THAN, -0.0, 0),
        (TriggerCondition.GREATER_THAN, math.inf, 2**64 - 1),
        (TriggerCondition.GREATER_OR_EQUAL_THAN, 2**64 - 1, 2.0**64),
    ],
)
def test_two_integers_are_exact_and_otherwise_both_are_float32(
    condition: TriggerCondition, a: Number, b: Number
) -> None:
    assert list(firings(condition, [(a, b)])) == [True]


@pytest.mark.parametrize("condition", list(TriggerCondition)[1:])
def test_nothing_but_not_equal_is_true_of_what_is_not_a_number(condition: TriggerCondition) -> None:
    numbers = [(math.nan, 1.0, 1.0)[: condition.operand_count]] * 2

    assert list(firings(condition, numbers)) == [condition is TriggerCondition.NOT_EQUAL] * 2


@pytest.mark.parametrize(
    ("values", "change", "fires"),
    [
        ([10, 14, 18, 23], 4, "...f"),
        ([10, 6, 2, -3], -4, "...f"),
        ([10, None, 14, None, 19], 4, "....f"),
        ([10, 11, 11, 13], 1.9, "...f"),
        ([10, 10, 9, 10], -0.9, "...f"),
        ([0, 2**64 - 1], math.inf, ".."),
        ([2**64 - 1, 0], -math.inf, ".."),
        ([0, 5], math.nan, ".."),
        ([1.0, 1.5, 2.1], 0.5, "..f"),
        ([2.0**24 + 2, 2.0**24 + 4], 1, ".."),  # the sum is rounded up
    ],
)
def test_a_change_is_from_one_evaluation_to_the_next(
    values: list[Number | None], change: Number, fires: str
) -> None:
    assert letters(firings(CHANGED, [(value, change) for value in values])) == fires


@pytest.mark.parametrize(
    ("a", "b", "margin", "is_within"),
    [
        (2**64 - 1, -(2**63), 2**63, False),
        (2**64 - 1, -(2**63), math.inf, True),
        (5, 5, math.nan, False),
        (5, 7, -2, True),
        (5, 7, 2.9, True),
        (5, 8, 2.9, False),
        (2.0**24 + 2, 1, 2**24, True),  # the difference is rounded down
        (math.inf, 0, math.inf, True),
        (math.inf, math.inf, math.inf, False),
    ],
)
def test_what_is_within(a: Number, b: Number, margin: Number, is_within: bool) -> None:
    fires = list(firings(TriggerCondition.IS_WITHIN, [(a, b, margin), (b, a, margin)]))

    assert fires == [is_within] * 2


def test_integers_are_rounded_once() -> None:
    random = Random(1)
    for _ in range(5000):
        size = random.randrange(1, 65)
        value = random.getrandbits(size) & ~random.getrandbits(size // 2 + 1)
        value += random.randrange(-2, 3)

        assert integer_to_float32(value) == exactly_rounded(Fraction(value))
        assert integer_to_float32(-value) == -integer_to_float32(value)


def test_what_a_float32_cannot_hold_is_infinite() -> None:
    assert to_float32(1e300) == math.inf
    assert to_float32(-1e300) == -math.inf
    assert math.isnan(to_float32(math.nan))
    assert math.copysign(1, to_float32(-1e-300)) == -1

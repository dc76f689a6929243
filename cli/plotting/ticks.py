"""Round numbers on an axis, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
_PLAIN_BELOW: Final = 1e7  # larger numbers are written with an exponent
_PLAIN_FROM: Final = 1e-4  # steps, likewise
_DIGITS_MAX: Final = 15  # of a float


@dataclass(frozen=True, slots=True)
class Tick:
    """A number on an axis, and its label."""

    value: float
    label: str


def round_ticks(low: float, high: float, count: int, *, whole: bool = False) -> list[Tick]:
    """Return about so many round numbers between two others, these included.

    Args:
        low: smallest number; finite.
        high: largest one, above ``low``.
        count: at most so many and one more, unless only one would be left.
        whole: fractions make no sense.
    """
    values: list[float] = []
    step = 1.0
    for finer in range(max(1, count), 2 * max(1, count) + 2):
        spaces = finer + 0.5  # the ends are seldom round themselves
        step = _step(high / spaces - low / spaces)
        if whole:
            step = max(1.0, step)
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        values = [number * step for number in range(first, last + 1)]
        if len(values) > 1:
            break
    return [Tick(value, label) for value, label in zip(values, _labels(values, step), strict=True)]


def _step(smallest: float) -> float:
    """Return the first round number that is not below another one."""
    scale = 10.0 ** math.floor(math.log10(smallest)) if smallest > 0 else 5e-324
    return next((step * scale for step in _STEPS if step * scale >= smallest), 10 * scale)


def _labels(values: Sequence[float], step: float) -> list[str]:
    largest = max(map(abs, values), default=0.0)
    if largest < _PLAIN_BELOW and step >= _PLAIN_FROM:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [f"{value + 0.0:.{decimals}f}" for value in values]
    digits = math.ceil(math.log10(largest / step)) + 1 if largest else 1
    return [f"{value:.{min(digits, _DIGITS_MAX)}g}" for value in values]

"""When a recording fires: operands, conditions, edge and hold time.

An operand is an `int`, exact, or a `float` that holds a float32. The rules are those of the C
library; its `trigger.h` spells them out. Source: device protocol, sections 11.1 and 12.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final, TypeAlias

from ..codes import TriggerCondition

Number: TypeAlias = int | float

Fetch: TypeAlias = Callable[[], Number | None]
"""How an operand gets its value; None when the application refuses it."""

_U32: Final = 0xFFFF_FFFF
# Enough for a float32 to be rounded right, with one bit that says whether anything is below.
_BITS_THAT_DECIDE: Final = 32

# In native format it is the conversion of C: what is too large becomes infinite, not an error.
_FLOAT32: Final = Struct("f")


def to_float32(value: float) -> float:
    """Round to the nearest float32, ties to even; beyond their range lies infinity."""
    rounded: float = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    return rounded


def integer_to_float32(value: int) -> float:
    """Round an integer of up to 64 bits, once: by way of a float64 it could be twice."""
    magnitude = abs(value)
    excess = magnitude.bit_length() - _BITS_THAT_DECIDE
    if excess > 0:
        is_inexact = magnitude & ((1 << excess) - 1) != 0
        magnitude = (magnitude >> excess | is_inexact) << excess
    return to_float32(math.copysign(magnitude, value))


class Trigger:
    """Watches a condition: it has to become true, and to stay so for the hold time."""

    def __init__(
        self, condition: TriggerCondition, operands: Sequence[Fetch], hold_time_100ns: int
    ) -> None:
        """There are as many operands as the condition takes."""
        self._operands = tuple(operands)
        self._hold_time_100ns = hold_time_100ns
        is_change = condition is TriggerCondition.CHANGE_MORE_THAN
        self._holds = self._has_changed if is_change else _CONDITIONS[condition]
        self._previous: Number | None = None
        self._was_true = False
        self._became_true_100ns = 0

    def fires(self, now_100ns: int) -> bool:
        """Evaluate the condition, at a time that may wrap at 32 bits."""
        values: list[Number] = []
        for fetch in self._operands:
            value = fetch()
            if value is None:
                return False
            values.append(value)
        holds = self._holds(*values)
        if holds and not self._was_true:
            self._became_true_100ns = now_100ns
        self._was_true = holds
        return holds and (now_100ns - self._became_true_100ns) & _U32 >= self._hold_time_100ns

    def _has_changed(self, now: Number, change: Number) -> bool:
        before, self._previous = self._previous, now
        return before is not None and _changed_more_than(before, now, change)


def _alike(a: Number, b: Number) -> tuple[Number, Number]:
    """Two integers stay what they are; otherwise both become a float32."""
    if isinstance(a, int) and isinstance(b, int):
        return a, b
    return _real(a), _real(b)


def _real(number: Number) -> float:
    return integer_to_float32(number) if isinstance(number, int) else number


def _whole(number: Number) -> Number:
    """Cut off the fraction; NaN and infinity stay, and compare with integers as they should."""
    return int(number) if math.isfinite(number) else number


def _is_within(a: Number, b: Number, margin: Number) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return abs(a - b) <= abs(_whole(margin))
    return to_float32(abs(_real(a) - _real(b))) <= abs(_real(margin))


def _changed_more_than(before: Number, now: Number, change: Number) -> bool:
    if isinstance(before, int) and isinstance(now, int):
        change = _whole(change)
        limit = before + change
    else:
        change = _real(change)
        limit = to_float32(_real(before) + change)
    return now < limit if change < 0 else now > limit


def _always() -> bool:
    return True


def _compared(relation: Callable[[Number, Number], bool]) -> Callable[[Number, Number], bool]:
    return lambda a, b: relation(*_alike(a, b))


_CONDITIONS: Final[dict[TriggerCondition, Callable[..., bool]]] = {
    TriggerCondition.ALWAYS_TRUE: _always,
    TriggerCondition.EQUAL: _compared(operator.eq),
    TriggerCondition.NOT_EQUAL: _compared(operator.ne),
    TriggerCondition.LESS_THAN: _compared(operator.lt),
    TriggerCondition.LESS_OR_EQUAL_THAN: _compared(operator.le),
    TriggerCondition.GREATER_THAN: _compared(operator.gt),
    TriggerCondition.GREATER_OR_EQUAL_THAN: _compared(operator.ge),
    TriggerCondition.IS_WITHIN: _is_within,
}

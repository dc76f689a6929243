"""When a trigger has to fire, by exact rational arithmetic and the rules of the specification.

Neither engine had a part in it: numbers are taken apart bit by bit, and rounded here. The rules
are those of the device protocol, sections 11.1 and 12, with whole literals and integers exact, as
`firmware/src/trigger.h` says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, TypeAlias

from scrutiny.core.types import DataType, TypeKind
from scrutiny.firmware_link.codes import OperandKind, TriggerCondition

Real: TypeAlias = Fraction | float
"""A number, exactly; a float only for NaN and the infinities, which compare as they should."""

PERIOD_100NS: Final = 1000  # of the loop that samples


@dataclass(frozen=True)
class Number:
    """What an operand is worth in a step."""

    value: Real
    is_integer: bool  # by its kind: the float32 2.0 is none


@dataclass(frozen=True)
class OperandCase:
    """An operand, without its value.

    Attributes:
        literal: The float32 on the wire, as bits; for literals only.
        bit_offset, bit_size: For bit fields only, from the least significant bit.
    """

    kind: OperandKind
    type: DataType = DataType.FLOAT32
    literal: int = 0
    bit_offset: int = 0
    bit_size: int = 0

    def __str__(self) -> str:
        match self.kind:
            case OperandKind.LITERAL:
                return f"literal {self.literal:08x}"
            case OperandKind.VARIABLE:
                return f"variable {self.type.name}"
            case OperandKind.BIT_FIELD:
                return f"bits {self.type.name} {self.bit_offset} {self.bit_size}"
            case OperandKind.RPV:
                return f"published {self.type.name}"

    @classmethod
    def parse(cls, text: str) -> OperandCase:
        match text.split():
            case ["literal", bits]:
                return cls(OperandKind.LITERAL, literal=int(bits, 16))
            case ["variable", name]:
                return cls(OperandKind.VARIABLE, DataType[name])
            case ["bits", name, offset, size]:
                sizes = int(offset), int(size)
                return cls(OperandKind.BIT_FIELD, DataType[name], 0, *sizes)
            case ["published", name]:
                return cls(OperandKind.RPV, DataType[name])
            case _:
                raise ValueError(f"{text!r} is no operand")


Row: TypeAlias = Sequence[int | None]
"""The bits of all operands but literals in one step; None for a value that is refused."""


@dataclass(frozen=True)
class TriggerCase:
    """A trigger, and what happens to it.

    Attributes:
        name: What is looked at.
        hold_time_100ns: The loop's period is `PERIOD_100NS`.
        rows: One per iteration of the loop.
        commands: What is sent before an iteration, by its number, which counts from 1.
    """

    name: str
    condition: TriggerCondition
    operands: tuple[OperandCase, ...]
    rows: tuple[Row, ...]
    hold_time_100ns: int = 0
    decimation: int = 1
    commands: tuple[tuple[int, str], ...] = ((1, "arm"),)

    @property
    def needs_64bits(self) -> bool:
        return any(operand.type.size > 4 for operand in self.operands)


# --- Numbers ------------------------------------------------------------------------------------


@cache
def number_of(operand: OperandCase, bits: int, wide_bits: int) -> Number:
    """Return what an operand is worth; on a target whose widest integers have so many bits."""
    if operand.kind is OperandKind.LITERAL:
        return _literal(bits, wide_bits)
    data_type = operand.type
    if data_type is DataType.FLOAT32:
        return Number(real_of_float(bits, 8, 23), is_integer=False)
    if data_type is DataType.FLOAT64:
        return Number(to_float32(real_of_float(bits, 11, 52)), is_integer=False)
    size = 8 * data_type.size
    if operand.kind is OperandKind.BIT_FIELD:
        size = operand.bit_size
        bits = bits // 2**operand.bit_offset % 2**size
    if operand.kind is OperandKind.RPV and data_type.kind is TypeKind.BOOL:
        bits = min(bits, 1)  # the application publishes true or false
    is_negative = data_type.kind is TypeKind.SINT and bits >= 2 ** (size - 1)
    return Number(Fraction(bits - 2**size if is_negative else bits), is_integer=True)


def _literal(bits: int, wide_bits: int) -> Number:
    value = real_of_float(bits, 8, 23)
    assert isinstance(value, Fraction), "a device refuses literals that are not finite"
    smallest, end = -(2 ** (wide_bits - 1)), 2**wide_bits
    return Number(value, value.denominator == 1 and smallest <= value < end)


def real_of_float(bits: int, exponent_size: int, fraction_size: int) -> Real:
    """Take an IEEE 754 number apart."""
    fraction = bits % 2**fraction_size
    exponent = bits // 2**fraction_size % 2**exponent_size
    sign = -1 if bits >> (fraction_size + exponent_size) else 1
    if exponent == 2**exponent_size - 1:
        return math.nan if fraction else sign * math.inf
    if exponent:
        fraction += 2**fraction_size
    bias = 2 ** (exponent_size - 1) - 1
    scale = max(exponent, 1) - bias - fraction_size
    return Fraction(sign * fraction * 2 ** max(scale, 0), 2 ** max(-scale, 0))


@cache
def to_float32(value: Real) -> Real:
    """Round to the nearest float32, ties to even."""
    if not isinstance(value, Fraction) or not value:
        return value
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, -126) - 23)
    rounded = round(value / unit) * unit  # of a Fraction: half to even
    if abs(rounded) >= Fraction(2) ** 128:
        return math.inf if rounded > 0 else -math.inf
    return rounded


# --- Conditions ---------------------------------------------------------------------------------


def _without_fraction(value: Real) -> Real:
    return Fraction(math.trunc(value)) if isinstance(value, Fraction) else value


def _magnitude(value: Real) -> Real:
    return -value if value < 0 else value


def _difference(a: Real, b: Real) -> Real:
    """Subtract; infinite minus infinite is NaN."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a - b
    return (a if isinstance(a, float) else 0.0) - (b if isinstance(b, float) else 0.0)


def _is_within(a: Number, b: Number, margin: Number) -> bool:
    if a.is_integer and b.is_integer:
        distance = _difference(a.value, b.value)
        return _magnitude(distance) <= _magnitude(_without_fraction(margin.value))
    distance = to_float32(_difference(to_float32(a.value), to_float32(b.value)))
    return _magnitude(distance) <= _magnitude(to_float32(margin.value))


def _has_changed(before: Number, now: Number, change: Number) -> bool:
    if now.is_integer:
        step = _without_fraction(change.value)
        moved = _difference(now.value, before.value)
        return moved < step if step < 0 else moved > step
    step = to_float32(change.value)
    limit = to_float32(_difference(before.value, -step))
    return now.value < limit if step < 0 else now.value > limit


def _compare(condition: TriggerCondition, a: Number, b: Number) -> bool:
    left, right = a.value, b.value
    if not (a.is_integer and b.is_integer):
        left, right = to_float32(left), to_float32(right)
    match condition:
        case TriggerCondition.EQUAL:
            return left == right
        case TriggerCondition.NOT_EQUAL:
            return left != right
        case TriggerCondition.LESS_THAN:
            return left < right
        case TriggerCondition.LESS_OR_EQUAL_THAN:
            return left <= right
        case TriggerCondition.GREATER_THAN:
            return left > right
        case _:
            return left >= right


def holds(condition: TriggerCondition, before: Number | None, numbers: Sequence[Number]) -> bool:
    """Say whether a condition is true; ``before`` is the first operand's number before."""
    match condition:
        case TriggerCondition.ALWAYS_TRUE:
            return True
        case TriggerCondition.IS_WITHIN:
            return _is_within(*numbers)
        case TriggerCondition.CHANGE_MORE_THAN:
            return before is not None and _has_changed(before, *numbers)
        case _:
            return _compare(condition, *numbers)


def numbers_of(operands: Sequence[OperandCase], row: Row, wide_bits: int) -> list[Number] | None:
    """Return the numbers of a step; None if one is refused."""
    bits_of_others = iter(row)
    numbers: list[Number] = []
    for operand in operands:
        is_literal = operand.kind is OperandKind.LITERAL
        bits = operand.literal if is_literal else next(bits_of_others)
        if bits is None:
            return None
        numbers.append(number_of(operand, bits, wide_bits))
    return numbers


def fires_at(case: TriggerCase, wide_bits: int = 64) -> int | None:
    """Return the iteration at which a trigger fires, from 1; None if it does not."""
    commands = dict(case.commands)
    is_armed = False
    before: Number | None = None
    true_since: int | None = None
    for iteration, row in enumerate(case.rows, start=1):
        is_armed = {"arm": True, "disarm": False, None: is_armed}[commands.get(iteration)]
        if not is_armed:
            continue
        numbers = numbers_of(case.operands, row, wide_bits)
        if numbers is None:
            continue
        if not holds(case.condition, before, numbers):
            true_since = None
        elif true_since is None:
            true_since = iteration
        before = numbers[0] if numbers else None
        if true_since is not None:
            held_100ns = (iteration - true_since) * PERIOD_100NS
            if held_100ns >= case.hold_time_100ns:
                return iteration
    return None

"""Arithmetic of expressions: integers stay exact where that is cheap, all else is 64-bit floats.

Operations raise what Python raises: ValueError, ZeroDivisionError or OverflowError. A result may be
infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec

Number = int | float

# Twice the width of the widest value: the product of two of them is still exact.
_EXACT_MAX: Final = 1 << 128


class Function(msgspec.Struct, frozen=True):
    """A function of the language, and how many arguments it takes."""

    compute: Callable[..., Number]
    fewest: int
    most: int | None  # None: any number

    @property
    def arity(self) -> str:
        """How many arguments it takes, in words."""
        if self.most is None:
            return f"{self.fewest} or more arguments"
        if self.fewest != self.most:
            return f"{self.fewest} or {self.most} arguments"
        return "1 argument" if self.most == 1 else f"{self.most} arguments"


def _bounded(result: Number) -> Number:
    """Return a result, as a float if it is an integer of no use any more."""
    return float(result) if abs(result) > _EXACT_MAX else result


def add(left: Number, right: Number) -> Number:
    """Return a sum."""
    return _bounded(left + right)


def subtract(left: Number, right: Number) -> Number:
    """Return a difference."""
    return _bounded(left - right)


def multiply(left: Number, right: Number) -> Number:
    """Return a product."""
    return _bounded(left * right)


def divide(left: Number, right: Number) -> Number:
    """Return a quotient, which is a float."""
    return left / right  # of integers: the nearest float, however long they are


def power(base: Number, exponent: Number) -> Number:
    """Return a power; exact for integers if the result is below 2**128."""
    if not isinstance(base, int) or not isinstance(exponent, int) or exponent < 0:
        return math.pow(base, exponent)
    if base.bit_length() * exponent > _EXACT_MAX.bit_length():
        return math.pow(base, exponent)
    return _bounded(int(base**exponent))


def _largest(*values: Number) -> Number:
    return max(values)


def _smallest(*values: Number) -> Number:
    return min(values)


def _absolute(value: Number) -> Number:
    return abs(value)


def _modulo(dividend: Number, divisor: Number) -> Number:
    """Return the remainder, with the sign of the dividend."""
    if isinstance(dividend, int) and isinstance(divisor, int) and divisor:
        remainder = abs(dividend) % abs(divisor)
        return -remainder if dividend < 0 else remainder
    return math.fmod(dividend, divisor)


def _round(value: Number, digits: Number = 0) -> Number:
    """Round half to even."""
    if digits != int(digits):
        raise ValueError
    return round(value) if digits == 0 else round(float(value), int(digits))


FUNCTIONS: Final = {
    "abs": Function(_absolute, 1, 1),
    "acos": Function(math.acos, 1, 1),
    "asin": Function(math.asin, 1, 1),
    "atan": Function(math.atan, 1, 1),
    "atan2": Function(math.atan2, 2, 2),
    "ceil": Function(math.ceil, 1, 1),
    "cos": Function(math.cos, 1, 1),
    "cosh": Function(math.cosh, 1, 1),
    "degrees": Function(math.degrees, 1, 1),
    "exp": Function(math.exp, 1, 1),
    "floor": Function(math.floor, 1, 1),
    "hypot": Function(math.hypot, 0, None),
    "ln": Function(math.log, 1, 1),
    "log": Function(math.log, 1, 2),
    "log10": Function(math.log10, 1, 1),
    "max": Function(_largest, 1, None),
    "min": Function(_smallest, 1, None),
    "mod": Function(_modulo, 2, 2),
    "pow": Function(power, 2, 2),
    "radians": Function(math.radians, 1, 1),
    "round": Function(_round, 1, 2),
    "sin": Function(math.sin, 1, 1),
    "sinh": Function(math.sinh, 1, 1),
    "sqrt": Function(math.sqrt, 1, 1),
    "tan": Function(math.tan, 1, 1),
    "tanh": Function(math.tanh, 1, 1),
}

"""Expressions that users write instead of numbers: ``2*pi``, ``-0x1F``, ``sqrt(2)/2``.

From weak to strong: ``+ -``, ``* /``, signs, ``^``. So ``-2^2`` is -4; powers go from right to
left: ``2^3^2`` is 512. Names and literals may be in upper case.

Arithmetic is that of 64-bit floats, with one exception: integers stay integers, and exact, through
signs, ``+ - * ^``, ``abs``, ``mod``, ``min``, ``max`` and rounding, until a result passes 2**128.
A literal alone is exact at any size. So values of 64 bits survive being written as text.

Source: firmware description, section 9; client API, section 7.4.1. Signs may also be ``+``; ``min``
and ``max`` are additions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

import msgspec

from .arithmetic import FUNCTIONS, Function, Number, add, divide, multiply, power, subtract
from .errors import ExpressionError

# Work is bounded by the length: each character is looked at a fixed number of times, and no
# operation takes longer than one on integers of this many digits.
LENGTH_MAX: Final = 4096
DIGITS_MAX: Final = 400
DEPTH_MAX: Final = 64

_CONSTANTS: Final = {"pi": math.pi}
_BOOLEANS: Final = {"true": True, "false": False}
_SHOWN_MAX: Final = 30

_VISIBLE: Final = re.compile(r"\S")
_TOKEN: Final = re.compile(
    r"(?P<prefixed>0x[0-9a-f]+|0b[01]+)"
    r"|(?P<integer>[0-9]+)(?![0-9.]|e[+-]?[0-9])"
    r"|(?P<decimal>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
    r"|(?P<name>[a-z_][a-z0-9_]*)"
    r"|(?P<symbol>[-+*/^(),])",
    re.IGNORECASE | re.ASCII,
)
_GLUED: Final = re.compile(r"[a-z0-9_.]", re.IGNORECASE | re.ASCII)


def evaluate(text: str) -> int | float | bool:
    """Return the value of an expression; ``true`` and ``false`` are booleans.

    Raises:
        ExpressionError: the text is no expression, is longer than `LENGTH_MAX`, or its value is not
            a finite number.
    """
    if len(text) > LENGTH_MAX:
        raise ExpressionError(
            f"an expression has at most {LENGTH_MAX} characters, not {len(text)}", LENGTH_MAX + 1
        )
    boolean = _BOOLEANS.get(text.strip().lower())
    return _Evaluation(text).value() if boolean is None else boolean


class _Token(msgspec.Struct, frozen=True):
    kind: str  # group of _TOKEN, or "end"
    text: str
    position: int  # 1-based

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the text"
        return f"{_shortened(self.text)} at character {self.position}"


class _Evaluation:
    """One run over a text: precedence climbing that computes while it reads."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._index = 0
        self._depth = 0
        self._token = self._next()

    def value(self) -> Number:
        """Return the value of the whole text."""
        value = self._sum()
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end of the text")
        return value

    def _next(self) -> _Token:
        visible = _VISIBLE.search(self._text, self._index)
        if visible is None:
            return _Token("end", "", len(self._text) + 1)
        start = visible.start()
        match = _TOKEN.match(self._text, start)
        if match is None:
            return _Token("unknown", self._text[start], start + 1)
        self._index = match.end()
        kind = match.lastgroup or ""
        if kind in ("prefixed", "integer", "decimal") and _GLUED.match(self._text, self._index):
            return _Token("unknown", self._text[start : self._index + 1], start + 1)
        return _Token(kind, match.group(), start + 1)

    def _take(self) -> _Token:
        token = self._token
        self._token = self._next()
        return token

    def _takes(self, *symbols: str) -> _Token | None:
        """Take the next token if it is one of these symbols."""
        if self._token.kind == "symbol" and self._token.text in symbols:
            return self._take()
        return None

    def _unexpected(self, expected: str) -> ExpressionError:
        return ExpressionError(
            f"unexpected {self._token}; expected {expected}", self._token.position
        )

    def _sum(self) -> Number:
        value = self._product()
        while operator := self._takes("+", "-"):
            other = self._product()
            value = _computed(add if operator.text == "+" else subtract, operator, value, other)
        return value

    def _product(self) -> Number:
        value = self._signed()
        while operator := self._takes("*", "/"):
            other = self._signed()
            if operator.text == "/" and other == 0:
                raise ExpressionError(
                    f"division by zero at character {operator.position}", operator.position
                )
            value = _computed(multiply if operator.text == "*" else divide, operator, value, other)
        return value

    def _signed(self) -> Number:
        """Compute a power with signs in front; everything that nests passes here."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ExpressionError(
                f"more than {DEPTH_MAX} parentheses, signs or powers inside each other at "
                f"character {self._token.position}",
                self._token.position,
            )
        if sign := self._takes("+", "-"):
            value = self._signed()
            value = -value if sign.text == "-" else value
        else:
            value = self._operand()
            if operator := self._takes("^"):
                value = _computed(power, operator, value, self._signed())
        self._depth -= 1
        return value

    def _operand(self) -> Number:
        if self._takes("("):
            value = self._sum()
            self._close("an operator or ')'")
            return value
        kind = self._token.kind
        if kind in ("integer", "prefixed"):
            return _integer(self._take())
        if kind == "decimal":
            token = self._take()
            return _computed(float, token, token.text)
        if kind == "name":
            return self._named(self._take())
        raise self._unexpected("a number, pi, a function or '('")

    def _close(self, expected: str) -> None:
        if self._takes(")") is None:
            raise self._unexpected(expected)

    def _named(self, name: _Token) -> Number:
        key = name.text.lower()
        if self._token.kind == "symbol" and self._token.text == "(":
            function = FUNCTIONS.get(key)
            if function is None:
                raise ExpressionError(
                    f"unknown function {name}; known are {', '.join(sorted(FUNCTIONS))}",
                    name.position,
                )
            return self._called(name, function)
        if key in FUNCTIONS:
            raise self._unexpected(f"'(' and what {key} is computed of")
        if key not in _CONSTANTS:
            raise ExpressionError(
                f"unknown name {name}; expected a number, pi or a function", name.position
            )
        return _CONSTANTS[key]

    def _called(self, name: _Token, function: Function) -> Number:
        self._take()
        arguments: list[Number] = []
        if self._takes(")") is None:
            arguments.append(self._sum())
            while self._takes(","):
                arguments.append(self._sum())
            self._close("an operator, ',' or ')'")
        count = len(arguments)
        if count < function.fewest or (function.most is not None and count > function.most):
            raise ExpressionError(f"{name} takes {function.arity}, not {count}", name.position)
        return _computed(function.compute, name, *arguments)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "...")


def _integer(token: _Token) -> int:
    if len(token.text) > DIGITS_MAX:
        raise ExpressionError(
            f"{token} has {len(token.text)} digits; expected at most {DIGITS_MAX}", token.position
        )
    return int(token.text, 0 if token.kind == "prefixed" else 10)


def _computed(compute: Callable[..., Number], cause: _Token, *operands: Number | str) -> Number:
    """Return a finite result, and what went wrong as an error that names the place."""
    try:
        result = compute(*operands)
    except OverflowError:
        result = math.inf
    except (ValueError, ZeroDivisionError):
        shown = " and ".join(str(operand)[:_SHOWN_MAX] for operand in operands)
        raise ExpressionError(f"{cause} is not defined for {shown}", cause.position) from None
    if isinstance(result, int):
        return result
    if not math.isfinite(result):
        raise ExpressionError(
            f"{cause} gives a number too large for a 64-bit float", cause.position
        )
    return result

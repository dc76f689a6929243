"""Text of clients that is no expression: an answer or one kind of error, and soon."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.core.errors import ExpressionError
from scrutiny.core.expressions import DIGITS_MAX, LENGTH_MAX, evaluate

PIECES = [
    "1", "0", "9", "2.5", ".", "e", "E", "1e308", "1e-308", "0x", "0b", "ff", "9" * DIGITS_MAX,
    "+", "-", "*", "/", "^", "^9", "(", ")", ",", " ", "\n", "pi", "abs(", "round(", "mod(",
    "max(", "hypot(", "log(", "pow(", "exp(", "sqrt(", "true", "x", "_", "\u0661", "\0", "%",
]  # fmt: skip


def attempt(text: str) -> None:
    failure: ExpressionError | None = None
    value: object = None
    try:
        value = evaluate(text)
    except ExpressionError as error:
        failure = error
    if failure is not None:
        assert 1 <= failure.position <= LENGTH_MAX + 1
        assert len(str(failure)) < 1000
    else:
        assert isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


@given(text=st.text(max_size=60))
def test_any_text_gives_a_finite_value_or_an_expression_error(text: str) -> None:
    attempt(text)


@pytest.mark.parametrize("size", [4, 12, 60])
def test_scrambled_pieces_of_the_language_do_no_harm(size: int) -> None:
    generator = random.Random(size)
    for _ in range(6000):
        attempt("".join(generator.choices(PIECES, k=generator.randint(1, size))))


@pytest.mark.parametrize("size", range(4))
def test_long_expressions_end_soon(size: int) -> None:
    generator = random.Random(size)
    for _ in range(20):
        operands = ["9" * generator.choice([1, 20, DIGITS_MAX]) for _ in range(800)]
        text = "".join(f"{operand}{generator.choice('+-*^')}" for operand in operands)
        start = time.process_time()

        attempt(text[: LENGTH_MAX - 1] + "9")

        assert time.process_time() - start < 0.5

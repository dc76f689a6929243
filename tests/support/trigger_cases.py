"""The histories that the table of trigger cases tells: which, and why these.

What has to come of them is for `trigger_oracle` to say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Final

from scrutiny.core.types import DataType, TypeKind
from scrutiny.firmware_link.codes import OperandKind, TriggerCondition

from .trigger_numbers import FLOAT32_EDGES, TYPES, edges, float32_bits
from .trigger_oracle import (
    PERIOD_100NS,
    OperandCase,
    Row,
    TriggerCase,
    fires_at,
    holds,
    number_of,
    numbers_of,
    real_of_float,
    to_float32,
)

_COMPARISONS: Final = (
    TriggerCondition.EQUAL,
    TriggerCondition.NOT_EQUAL,
    TriggerCondition.LESS_THAN,
    TriggerCondition.LESS_OR_EQUAL_THAN,
    TriggerCondition.GREATER_THAN,
    TriggerCondition.GREATER_OR_EQUAL_THAN,
)
_CHANGE: Final = TriggerCondition.CHANGE_MORE_THAN
_WITHIN: Final = TriggerCondition.IS_WITHIN
_SIGN: Final = 0x8000_0000  # of a float32
_LONGEST: Final = 10  # rows of a case that is not about time


# --- Operands -----------------------------------------------------------------------------------


def variable(data_type: DataType) -> OperandCase:
    return OperandCase(OperandKind.VARIABLE, data_type)


def published(data_type: DataType) -> OperandCase:
    return OperandCase(OperandKind.RPV, data_type)


def bits(data_type: DataType, offset: int, size: int) -> OperandCase:
    return OperandCase(OperandKind.BIT_FIELD, data_type, 0, offset, size)


def literal(value: float) -> OperandCase:
    return OperandCase(OperandKind.LITERAL, literal=float32_bits(value))


def _kinds(data_type: DataType) -> list[OperandCase]:
    """Return a type as each kind of operand; the bit field has all bits."""
    whole = [bits(data_type, 0, 8 * data_type.size)]
    return [variable(data_type), published(data_type)] + (
        [] if data_type.kind is TypeKind.FLOAT else whole
    )


def _distinct(operands: tuple[OperandCase, ...]) -> tuple[OperandCase, ...]:
    """Of each type one value is published: turn a second one into a variable."""
    kept: list[OperandCase] = []
    for operand in operands:
        is_again = operand.kind is OperandKind.RPV and operand in kept
        kept.append(variable(operand.type) if is_again else operand)
    return tuple(kept)


def _literals(random: Random, data_type: DataType, count: int) -> list[int]:
    """Return finite literals near what a type can be, and some that are not."""
    finite = [bits for bits in FLOAT32_EDGES if bits >> 23 & 0xFF != 0xFF]
    if data_type.kind is TypeKind.FLOAT:
        return random.sample(finite, count)
    size = 8 * data_type.size
    top = size - 1 if data_type.kind is TypeKind.SINT else size
    near = [float32_bits(v) for v in (2.0**top, 0.5, -0.0, -1.0, -0.5, 16777216.0, 100.0)]
    return random.sample(near, count)


# --- Histories ----------------------------------------------------------------------------------


def _none_then_one(rows: Sequence[Row], is_true: Callable[[Row], bool]) -> tuple[Row, ...]:
    """Return all rows that must not fire, and one that must."""
    false_rows = [row for row in rows if not is_true(row)]
    true_rows = [row for row in rows if is_true(row)]
    return (*false_rows[: _LONGEST - 1], *true_rows[:1])


def _one_then_all(rows: Sequence[Row], is_true: Callable[[Row], bool]) -> tuple[Row, ...]:
    """Return one row that must not hold, and all that must, one after the other."""
    false_rows = [row for row in rows if not is_true(row)]
    true_rows = [row for row in rows if is_true(row)]
    return (*false_rows[:1], *true_rows[: _LONGEST - 1])


def _neighbours(random: Random, a: OperandCase, b: OperandCase) -> list[Row]:
    """Return pairs of values that are equal, or nearly so, or not numbers."""

    def value(operand: OperandCase, of: int) -> Fraction | float:
        return number_of(operand, of, 64).value

    def is_ordered(operand: OperandCase, of: int) -> bool:
        return value(operand, of) == value(operand, of)

    seconds = sorted((of for of in edges(b.type) if is_ordered(b, of)), key=lambda of: value(b, of))
    keys = [value(b, of) for of in seconds]
    rows: list[Row] = []
    for first in edges(a.type):
        if not is_ordered(a, first):
            rows.append((first, random.choice(edges(b.type))))
            continue
        where = bisect_left(keys, value(a, first))
        near = range(max(where - 1, 0), min(where + 2, len(keys)))
        rows += [(first, seconds[index]) for index in near]
    rows += [(random.choice(edges(a.type)), of) for of in edges(b.type) if not is_ordered(b, of)]
    random.shuffle(rows)
    return rows


def _truth(condition: TriggerCondition, operands: Sequence[OperandCase]) -> Callable[[Row], bool]:
    def is_true(row: Row) -> bool:
        numbers = numbers_of(operands, row, 64)
        assert numbers is not None
        return holds(condition, None, numbers)

    return is_true


# --- Cases --------------------------------------------------------------------------------------


def _compared_types() -> Iterator[TriggerCase]:
    for (i, first), (j, second) in product(enumerate(TYPES), repeat=2):
        a = _kinds(first)[(i + j) % len(_kinds(first))]
        b = _kinds(second)[(i + 2 * j) % len(_kinds(second))]
        yield from _compared((a, b))


def _compared(operands: tuple[OperandCase, OperandCase]) -> Iterator[TriggerCase]:
    random = Random(f"{operands[0]}, {operands[1]}")
    rows = _neighbours(random, *operands)
    for condition in _COMPARISONS:
        history = _none_then_one(rows, _truth(condition, operands))
        yield TriggerCase("compared", condition, operands, history)


def _compared_with_literals() -> Iterator[TriggerCase]:
    for data_type in TYPES:
        random = Random(data_type.name)
        for operand, count in zip(_kinds(data_type), (4, 1, 1), strict=False):
            for value in _literals(random, data_type, count):
                constant = OperandCase(OperandKind.LITERAL, literal=value)
                yield from _with_constant((operand, constant))
        [value] = _literals(random, data_type, 1)
        constant = OperandCase(OperandKind.LITERAL, literal=value)
        yield from _with_constant((constant, variable(data_type)))


def _with_constant(operands: tuple[OperandCase, OperandCase]) -> Iterator[TriggerCase]:
    [data_type] = [o.type for o in operands if o.kind is not OperandKind.LITERAL]
    rows: list[Row] = [(of,) for of in edges(data_type)]
    Random(f"{operands[0]}, {operands[1]}").shuffle(rows)
    for condition in _COMPARISONS:
        history = _none_then_one(rows, _truth(condition, operands))
        yield TriggerCase("compared with a literal", condition, operands, history)


def _compared_literals() -> Iterator[TriggerCase]:
    pairs = [(1.0, 1.0), (-0.0, 0.0), (0.5, 0.25), (2.0**64, 2.0**64), (-(2.0**63), 2.0**63)]
    for (a, b), condition in product(pairs, (*_COMPARISONS, _CHANGE)):
        operands = (literal(a), literal(b))
        yield TriggerCase("two literals", condition, operands, ((), (), ()))


def _bit_fields() -> Iterator[TriggerCase]:
    """Every size, and offsets up to where the field ends with the type."""
    random = Random("bit fields")
    for data_type in TYPES:
        if data_type.kind is TypeKind.FLOAT:
            continue
        whole = 8 * data_type.size
        places = {(0, 1), (whole - 1, 1), (0, whole), (1, whole - 1), (whole // 2, whole // 2)}
        places |= {
            (offset, size) for offset, size in ((3, 5), (7, 9), (11, 21)) if offset + size <= whole
        }
        for offset, size in sorted(places):
            operand = bits(data_type, offset, size)
            words = [random.getrandbits(whole) for _ in range(10)]
            words += [
                2**whole - 1,
                0,
                2**whole - 1 ^ (2**size - 1) << offset,
                2**size - 1 << offset,
            ]
            number = number_of(operand, words[0], 64).value
            if -(2**24) < number < 2**24:  # a literal can say it
                constant = literal(float(number))
                rows: list[Row] = [(word,) for word in words]
                for condition in (TriggerCondition.EQUAL, TriggerCondition.NOT_EQUAL):
                    operands = (operand, constant)
                    history = _none_then_one(rows, _truth(condition, operands))
                    yield TriggerCase("a bit field", condition, operands, history)
            pairs: list[Row] = [(word, random.choice(words)) for word in words]
            both = (operand, bits(data_type, 0, size))
            for condition in (TriggerCondition.LESS_THAN, TriggerCondition.GREATER_OR_EQUAL_THAN):
                history = _none_then_one(pairs, _truth(condition, both))
                yield TriggerCase("two bit fields", condition, both, history)


def _changes() -> Iterator[TriggerCase]:
    changes = (0.0, -0.5, 1.0, -1.5, -(2.0**31), 2.0**63, 3e38, -0.0, 0.5, -1.0, 100.0)
    for data_type in TYPES:
        for number, operand in enumerate(_kinds(data_type)):
            for change in changes if number == 0 else changes[: 2 * number]:
                yield from _moved((operand, literal(change)))
    for (i, first), (j, second) in product(enumerate(TYPES), repeat=2):
        a = _kinds(first)[j % len(_kinds(first))]
        b = _kinds(second)[i % len(_kinds(second))]
        yield from _moved(_distinct((a, b)))


def _moved(operands: tuple[OperandCase, ...]) -> Iterator[TriggerCase]:
    """Histories of ChangeMoreThan that fire late; and, of those that hold on, a long one."""
    random = Random(", ".join(map(str, operands)))
    types = [operand.type for operand in operands if operand.kind is not OperandKind.LITERAL]
    histories: list[tuple[Row, ...]] = [
        tuple([tuple(random.choice(edges(t)) for t in types) for _ in range(8)]) for _ in range(30)
    ]
    has_fired = False
    for hold_100ns in (0, PERIOD_100NS):
        cases = [TriggerCase("a change", _CHANGE, operands, rows, hold_100ns) for rows in histories]
        latest = max(cases, key=lambda case: fires_at(case) or 0)
        if fires_at(latest) is not None:
            has_fired = True
            yield latest
    if not has_fired:
        yield TriggerCase("no change", _CHANGE, operands, histories[0])


def _within() -> Iterator[TriggerCase]:
    margins = [literal(v) for v in (0.0, 1.0, -1.0, 2.5, -0.5, 100.0, 2.0**24, 2.0**64, 3e38)]
    for (i, first), (j, second) in product(enumerate(TYPES), repeat=2):
        a = _kinds(first)[(i + j) % len(_kinds(first))]
        b = _kinds(second)[i % len(_kinds(second))]
        third = TYPES[(3 * i + j) % len(TYPES)]
        margin = _kinds(third)[j % len(_kinds(third))]
        is_constant = (i + j) % 2 == 0
        yield from _near((a, b, margins[(2 * i + j) % len(margins)] if is_constant else margin))
    for data_type, margin in product(TYPES, margins):
        yield from _near((variable(data_type), literal(100.0), margin))
    for data_type, margin in product(TYPES, margins[:3]):
        yield from _near((literal(2.0**24), variable(data_type), margin))


def _near(operands: tuple[OperandCase, ...]) -> Iterator[TriggerCase]:
    operands = _distinct(operands)
    random = Random(", ".join(map(str, operands)))
    types = [operand.type for operand in operands if operand.kind is not OperandKind.LITERAL]
    rows: list[Row] = [tuple(random.choice(edges(t)) for t in types) for _ in range(30)]
    if all(operand.kind is not OperandKind.LITERAL for operand in operands[:2]):
        close = _neighbours(random, operands[0], operands[1])
        rows += [(*pair, *(random.choice(edges(t)) for t in types[2:])) for pair in close]
        random.shuffle(rows)
    is_true = _truth(_WITHIN, operands)
    yield TriggerCase("far", _WITHIN, operands, _none_then_one(rows, is_true))
    history = _one_then_all(rows, is_true)
    hold_100ns = PERIOD_100NS * max(sum(map(is_true, history)) - 1, 0)
    yield TriggerCase("near", _WITHIN, operands, history, hold_100ns)


def _rounded() -> Iterator[TriggerCase]:
    """Sums and differences of float32 that have to be rounded, compared with what they become."""
    random = Random("rounded")
    f32 = DataType.FLOAT32
    for _ in range(4):
        rows: list[Row] = []
        for _ in range(40):
            a, b = _similar(random), _similar(random)
            margin = _rounded_sum(a, b ^ _SIGN) & ~_SIGN
            rows.append((a, b, margin - random.randrange(2)))
        operands = (variable(f32), variable(f32), variable(f32))
        is_true = _truth(_WITHIN, operands)
        yield TriggerCase("a rounded distance", _WITHIN, operands, _none_then_one(rows, is_true))
        history = _one_then_all(rows, is_true)
        hold_100ns = PERIOD_100NS * (len(history) - 2)
        yield TriggerCase("rounded distances", _WITHIN, operands, history, hold_100ns)

        now = _similar(random)
        steps: list[Row] = [(now, 0)]
        for above in (*([0] * (_LONGEST - 2)), 1):
            change = _similar(random) & ~_SIGN
            now = _rounded_sum(now, change)
            steps.append((now + above, change))
        yield TriggerCase("rounded sums", _CHANGE, (variable(f32), variable(f32)), tuple(steps))


def _similar(random: Random) -> int:
    """Return a float32 of a magnitude at which sums of two are hardly ever exact."""
    return random.getrandbits(1) << 31 | random.randint(120, 134) << 23 | random.getrandbits(23)


def _rounded_sum(a: int, b: int) -> int:
    total = real_of_float(a, 8, 23) + real_of_float(b, 8, 23)
    return float32_bits(float(to_float32(total)))


def _times() -> Iterator[TriggerCase]:
    """Hold times, what was true before, refused values, decimation; on one byte against 5."""
    low, high, gone = (4,), (6,), (None,)
    histories: list[tuple[str, str]] = [
        ("true from the start", "hhhhhhhh"),
        ("true in the end", "llllhhhh"),
        ("an interruption starts the hold time anew", "lhhhlhhhhhh"),
        ("a refused value is no interruption", "lhh-hhhhh"),
        ("refused values alone", "--------"),
        ("refused, then true", "---hhhh"),
        ("refused, then false, then true", "--l-hhh"),
        ("true, refused while it becomes false", "hh-lhhhh"),
    ]
    row_of = {"l": low, "h": high, "-": gone}
    for (name, letters), hold_100ns in product(histories, (0, 1, 999, 1000, 1001, 2500, 3000)):
        rows: tuple[Row, ...] = tuple(row_of[letter] for letter in letters)
        operands = (published(DataType.UINT8), literal(5.0))
        yield TriggerCase(name, TriggerCondition.GREATER_THAN, operands, rows, hold_100ns)
    for decimation, hold_100ns in product((1, 2, 3, 5, 65535), (0, 1000, 4000)):
        rows = (low,) * 6 + (high,) * 8
        yield TriggerCase(
            "decimated entries, but not the trigger",
            TriggerCondition.GREATER_OR_EQUAL_THAN,
            (variable(DataType.UINT8), literal(5.0)),
            rows,
            hold_100ns,
            decimation,
        )


def _arming() -> Iterator[TriggerCase]:
    low, high = (4,), (6,)
    stories: list[tuple[str, str, tuple[tuple[int, str], ...]]] = [
        ("true before it is armed", "hhhhhhhh", ((4, "arm"),)),
        ("true and false again before it is armed", "hhhlllhhhh", ((5, "arm"),)),
        ("armed twice", "llllhhhh", ((1, "arm"), (3, "arm"))),
        ("never armed", "hhhhhhhh", ()),
        ("disarmed before it is true", "llhhhhhh", ((1, "arm"), (2, "disarm"))),
        ("armed again", "lhhhhhhhh", ((1, "arm"), (4, "disarm"), (6, "arm"))),
        (
            "armed again after it was false unseen",
            "lhllhhhhh",
            ((1, "arm"), (3, "disarm"), (5, "arm")),
        ),
        (
            "armed again after it was seen false",
            "lhlhhhhhh",
            ((1, "arm"), (4, "disarm"), (5, "arm")),
        ),
    ]
    row_of = {"l": low, "h": high}
    for (name, letters, commands), hold_100ns in product(stories, (0, 1000, 3000, 4500)):
        rows: tuple[Row, ...] = tuple(row_of[letter] for letter in letters)
        operands = (variable(DataType.SINT16), literal(5.0))
        condition = TriggerCondition.GREATER_THAN
        yield TriggerCase(name, condition, operands, rows, hold_100ns, 1, commands)
        always = TriggerCondition.ALWAYS_TRUE
        yield TriggerCase(name, always, (), ((),) * len(letters), hold_100ns, 1, commands)
    for commands in [s[2] for s in stories]:
        counting: tuple[Row, ...] = tuple((n,) for n in (10, 10, 12, 12, 20, 20, 21, 30))
        operands = (variable(DataType.UINT8), literal(1.0))
        yield TriggerCase("a change across arming", _CHANGE, operands, counting, 0, 1, commands)


def _refused_changes() -> Iterator[TriggerCase]:
    """ChangeMoreThan compares with the last value that it got."""
    refused: list[Row] = [(None,), (None,)]
    histories: list[list[Row]] = [
        [(10,), *refused, (10,), (20,)],
        [*refused, (10,), (15,), (10,)],
        [(10,), (12,), (None,), (14,), (None,), (17,), (22,)],
        [(10,), (None,), (14,), (18,), (None,), (30,)],
        [(200,), (None,), (10,), (None,), (14,), (5,)],
    ]
    changes = (4.0, -4.0, 5.0, 0.0)
    for rows, change, hold_100ns in product(histories, changes, (0, 1000)):
        operands = (published(DataType.UINT8), literal(change))
        yield TriggerCase("refused in between", _CHANGE, operands, tuple(rows), hold_100ns)
    for rows in histories:  # the change itself is refused
        pairs: list[Row] = [(10 * n, row[0]) for n, row in enumerate(rows)]
        operands = (variable(DataType.UINT8), published(DataType.UINT8))
        yield TriggerCase("a refused change", _CHANGE, operands, tuple(pairs))


def all_histories() -> Iterator[TriggerCase]:
    """Tell all of them."""
    makers = (
        _compared_types,
        _compared_with_literals,
        _compared_literals,
        _bit_fields,
        _changes,
        _within,
        _rounded,
        _times,
        _arming,
        _refused_changes,
    )
    for make in makers:
        yield from make()

"""Both engines fire where the table says, on all targets; and the table says what is right."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from scrutiny.core.types import DataType, TypeKind
from scrutiny.firmware_link.codes import OperandKind, TriggerCondition
from tests.support.reference_device import TARGETS, Target
from tests.support.reference_process import running
from tests.support.reference_simulator import simulated_reference
from tests.support.trigger_cases import bits, literal, published, variable
from tests.support.trigger_numbers import TYPES
from tests.support.trigger_oracle import OperandCase, TriggerCase, fires_at, to_float32
from tests.support.trigger_runner import differences
from tests.support.trigger_table import TABLE, ExpectedCase, all_cases, load_table, to_json

COMPARED = 2  # operands of all conditions but two


@pytest.fixture(scope="module")
def table() -> list[ExpectedCase]:
    return load_table()


# --- The engines --------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_c_library_fires_where_it_has_to(
    table: list[ExpectedCase],
    target: Target,
    c_device_command: Callable[[Target], list[str | Path]],
) -> None:
    with running(c_device_command(target)) as device:
        assert differences(device, target, table) == []


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_simulator_fires_where_it_has_to(table: list[ExpectedCase], target: Target) -> None:
    assert differences(simulated_reference(target), target, table) == []


# --- The table ----------------------------------------------------------------------------------


def test_table_is_what_its_maker_makes(table: list[ExpectedCase]) -> None:
    made = list(all_cases())

    assert TABLE.read_text() == to_json(made), "python -m tests.support.trigger_table"
    assert table == made


def test_every_condition_meets_every_kind_and_type_on_both_sides(
    table: list[ExpectedCase],
) -> None:
    met = {
        (expected.case.condition, place, operand.kind, operand.type)
        for expected in table
        for place, operand in enumerate(expected.case.operands[:COMPARED])
    }
    kinds = (OperandKind.VARIABLE, OperandKind.BIT_FIELD, OperandKind.RPV)
    wanted = {
        (condition, place, kind, data_type)
        for condition, place, kind, data_type in product(
            set(TriggerCondition) - {TriggerCondition.ALWAYS_TRUE}, range(COMPARED), kinds, TYPES
        )
        if kind is not OperandKind.BIT_FIELD or data_type.kind is not TypeKind.FLOAT
    }

    assert wanted - met == set()
    assert {condition for condition, _, kind, _ in met if kind is OperandKind.LITERAL} == {
        condition for condition, *_ in wanted
    }


def test_most_cases_fire_late_and_many_never(table: list[ExpectedCase]) -> None:
    assert sum(expected.fires is None for expected in table) > 100
    assert sum((expected.fires or 0) > 3 for expected in table) > len(table) // 2


# --- The oracle, by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (Fraction(2**24 + 1), 2**24),
        (Fraction(2**24 + 3), 2**24 + 4),
        (Fraction(-(2**24)) - 1, -(2**24)),
        (Fraction(2**63 + 2**39 + 1), 2**63 + 2**40),
        (Fraction(2**63 + 2**39), 2**63),
        (Fraction(1, 3), Fraction(11184811, 2**25)),
        (Fraction(1, 2**150), 0),
        (Fraction(3, 2**150), Fraction(1, 2**148)),
        (Fraction(2**128 - 2**104), 2**128 - 2**104),
        (Fraction(2**128 - 2**103), math.inf),
    ],
)
def test_rounding_by_hand(value: Fraction, rounded: float) -> None:
    assert to_float32(value) == rounded


U8, S8, U32, S32 = DataType.UINT8, DataType.SINT8, DataType.UINT32, DataType.SINT32
U64, S64, F32, F64 = DataType.UINT64, DataType.SINT64, DataType.FLOAT32, DataType.FLOAT64


@pytest.mark.parametrize(
    ("condition", "operands", "rows", "fires"),
    [
        ("EQUAL", (variable(U32), literal(2.0**24)), [(2**24 + 1,), (2**24,)], 2),
        ("EQUAL", (variable(U32), variable(F32)), [(2**24 + 1, 0x4B800000)], 1),
        ("LESS_THAN", (variable(S8), variable(U64)), [(0, 0), (0xFF, 0)], 2),
        ("GREATER_THAN", (variable(U64), variable(S64)), [(2**63, 2**63 - 1)], 1),
        ("EQUAL", (variable(S32), literal(-0.0)), [(1,), (0,)], 2),
        ("NOT_EQUAL", (variable(F32), variable(F32)), [(0, 0x80000000), (0x7FC00000, 0)], 2),
        ("LESS_OR_EQUAL_THAN", (variable(F32), literal(1.0)), [(0x7FC00000,), (0xFF800000,)], 2),
        ("GREATER_OR_EQUAL_THAN", (bits(S8, 1, 3), literal(-1.0)), [(0x08,), (0x0E,)], 2),
        ("CHANGE_MORE_THAN", (variable(U8), literal(1.5)), [(0,), (1,), (3,)], 3),
        ("CHANGE_MORE_THAN", (variable(U8), literal(-0.5)), [(3,), (2,), (3,)], 3),
        ("CHANGE_MORE_THAN", (variable(U64), literal(-1.0)), [(2**64 - 1,), (0,)], 2),
        ("CHANGE_MORE_THAN", (published(U8), literal(4.0)), [(0,), (None,), (4,), (9,)], 4),
        ("IS_WITHIN", (variable(U8), literal(10.0), literal(-2.5)), [(7,), (13,), (12,)], 3),
        ("IS_WITHIN", (variable(U64), variable(S64), variable(U64)), [(2**64 - 1, 2**63, 0)], None),
        ("IS_WITHIN", (variable(F64), literal(1.0), literal(0.0)), [(0x3FF0000010000000,)], 1),
    ],
)
def test_conditions_by_hand(
    condition: str,
    operands: tuple[OperandCase, ...],
    rows: list[tuple[int | None, ...]],
    fires: int | None,
) -> None:
    case = TriggerCase("by hand", TriggerCondition[condition], operands, tuple(rows))

    assert fires_at(case) == fires

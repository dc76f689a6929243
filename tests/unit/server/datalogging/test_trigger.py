"""Triggers in the user's units become what the device compares."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from scrutiny.core.enums import Enumeration
from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder, Value
from scrutiny.core.watchables import Alias, Variable
from scrutiny.firmware_link.codes import FeatureBits, TriggerCondition
from scrutiny.firmware_link.messages import (
    BitFieldOperand,
    LiteralOperand,
    Operand,
    RpvOperand,
    VariableOperand,
)
from scrutiny.firmware_link.profile import DeviceProfile, MemoryRegion
from scrutiny.server.datalogging.errors import RecordingRefused
from scrutiny.server.datalogging.target import RecordingTarget
from scrutiny.server.datalogging.trigger import condition_named, device_trigger
from scrutiny.server.datalogging.wanted import (
    Recordable,
    WantedOperand,
    WantedTrigger,
)

from .naive_datalogger import (
    BASE,
    PROFILE,
    NaiveDatalogger,
    alias,
    holds,
    profile,
    published,
    variable,
)

COMPARISONS = ("eq", "neq", "lt", "let", "gt", "get")
SPEED = variable("/speed", DataType.SINT16)
RATIO = variable("/ratio", DataType.FLOAT32, BASE + 4)


def told(
    condition: str, *operands: WantedOperand, device: DeviceProfile = PROFILE
) -> tuple[TriggerCondition, tuple[Operand, ...]]:
    wanted = WantedTrigger(condition_named(condition), operands)
    return device_trigger(wanted, RecordingTarget(device, {}))


def refusal(condition: str, *operands: WantedOperand, device: DeviceProfile = PROFILE) -> str:
    with pytest.raises(RecordingRefused) as refused:
        told(condition, *operands, device=device)
    return str(refused.value)


# --------------------------------------------------------------------- operands


@pytest.mark.parametrize(
    ("data_type", "sent"),
    [
        (DataType.SINT8, DataType.SINT8),
        (DataType.UINT64, DataType.UINT64),
        (DataType.FLOAT32, DataType.FLOAT32),
        (DataType.FLOAT64, DataType.FLOAT64),
        (DataType.BOOL8, DataType.BOOL8),
        (DataType.BOOL16, DataType.UINT16),
        (DataType.BOOL64, DataType.UINT64),
        (DataType.PTR8, DataType.UINT8),
        (DataType.PTR32, DataType.UINT32),
    ],
)
def test_variables_are_compared_as_the_firmware_knows_them(
    data_type: DataType, sent: DataType
) -> None:
    _, operands = told("gt", variable("/v", data_type), 1)
    assert operands == (VariableOperand(sent, BASE), LiteralOperand(1.0))


def test_published_values_are_compared_by_their_id() -> None:
    condition, operands = told("lt", published(0x1001, DataType.UINT16), 12)
    assert (condition, operands) == (
        TriggerCondition.LESS_THAN,
        (RpvOperand(0x1001), LiteralOperand(12.0)),
    )


def test_booleans_are_numbers() -> None:
    flag = variable("/flag", DataType.BOOL8)
    assert told("eq", flag, True)[1][1] == LiteralOperand(1.0)
    assert told("eq", False, flag)[1][0] == LiteralOperand(0.0)
    assert told("eq", alias("/a", flag, gain=-5, offset=3), True)[1][1] == LiteralOperand(1.0)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("char_size", [1, 2])
def test_all_bit_fields_are_read_alike_by_all_firmware(order: ByteOrder, char_size: int) -> None:
    chance = random.Random(f"{order}{char_size}")
    kinds = [DataType.UINT8, DataType.SINT16, DataType.UINT32, DataType.SINT64, DataType.BOOL32]
    device = profile(char_bit=8 * char_size)
    for data_type in kinds:
        if data_type.size < char_size:
            continue
        width = 8 * data_type.size
        address = BASE + 4
        memory = chance.randbytes(32)
        naive = NaiveDatalogger(memory, order, char_size)
        start = 4 * char_size
        storage = int.from_bytes(memory[start : start + data_type.size], order)
        for offset, size in itertools.product(range(width), range(1, width + 1)):
            if offset + size > width:
                continue
            field = variable("/f", data_type, address, order=order, bits=(offset, size))
            _, (operand, _) = told("eq", field, 0, device=device)

            assert isinstance(operand, BitFieldOperand)
            shift = offset if order == "little" else width - offset - size
            expected = (storage >> shift) & ((1 << size) - 1)
            if data_type.kind is TypeKind.SINT and expected >> (size - 1):
                expected -= 1 << size
            assert naive.operand(operand) == expected
            assert naive.operand(operand, shifts_smallest_word=True) == expected
            # Never a look at what is not the variable.
            assert address <= operand.address
            byte_count = operand.type.size // char_size
            assert operand.address + byte_count <= address + data_type.size // char_size
            if size <= 8 and char_size == 1:  # what the stock firmware can do at all
                assert operand.bit_offset <= 7


def test_a_bit_field_beside_something_protected_is_compared() -> None:
    region = MemoryRegion(BASE + 4, BASE + 7)
    field = variable("/f", DataType.UINT32, BASE, bits=(8, 24))
    _, (operand, _) = told("eq", field, 0, device=profile(forbidden_regions=(region,)))
    assert operand == BitFieldOperand(DataType.UINT32, BASE, 8, 24)


def test_what_is_protected_is_refused_with_the_region() -> None:
    device = profile(forbidden_regions=(MemoryRegion(BASE + 1, BASE + 9),))
    assert "0x20000001 to 0x20000009" in refusal("gt", SPEED, 1, device=device)


def test_64_bits_need_firmware_that_has_them() -> None:
    device = profile(features=FeatureBits(0xE0))
    for wide in (
        variable("/wide", DataType.UINT64),
        variable("/double", DataType.FLOAT64),
        published(0x1002, DataType.UINT64),
        variable("/field", DataType.UINT64, bits=(3, 40)),
    ):
        assert "64-bit support" in refusal("gt", wide, 1, device=device)
    narrow = variable("/field", DataType.UINT64, bits=(40, 3))
    _, (operand, _) = told("gt", narrow, 1, device=device)
    assert operand == BitFieldOperand(DataType.UINT8, BASE + 5, 0, 3)


def test_a_variable_behind_a_pointer_needs_its_value() -> None:
    pointer = Variable("/p", DataType.PTR32, "little", BASE)
    pointed = variable("/*p/x", DataType.UINT8, 12, pointer=pointer)
    trigger = WantedTrigger(TriggerCondition.EQUAL, (pointed, 1))
    _, operands = device_trigger(trigger, RecordingTarget(PROFILE, {"/p": BASE + 0x100}))
    assert operands[0] == VariableOperand(DataType.UINT8, BASE + 0x10C)
    with pytest.raises(RecordingRefused, match=r"pointer /p is null"):
        device_trigger(trigger, RecordingTarget(PROFILE, {"/p": 0}))
    with pytest.raises(RecordingRefused, match=r"pointer /p was not read"):
        device_trigger(trigger, RecordingTarget(PROFILE, {}))


# --------------------------------------------------------------------- conditions


def test_always_true_has_no_operands() -> None:
    assert told("true") == (TriggerCondition.ALWAYS_TRUE, ())


@pytest.mark.parametrize("condition", [*COMPARISONS, "true", "cmt", "within"])
def test_a_wrong_number_of_operands_is_refused(condition: str) -> None:
    due = condition_named(condition).operand_count
    for count in {0, 1, 2, 3, 4} - {due}:
        assert f"takes {due} operands, not {count}" in refusal(condition, *[SPEED] * count)


def test_an_unknown_condition_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecordingRefused, match=r"unknown condition '>'; use true, eq, neq"):
        condition_named(">")


@pytest.mark.parametrize("condition", COMPARISONS)
def test_a_negative_gain_turns_the_comparison_round(condition: str) -> None:
    turned = {"lt": "gt", "gt": "lt", "let": "get", "get": "let"}.get(condition, condition)
    drop = alias("/drop", SPEED, gain=-0.5, offset=10)
    sent, operands = told(condition, drop, 8)
    assert (sent, operands[1]) == (condition_named(turned), LiteralOperand(4.0))
    sent, operands = told(condition, 8, drop)
    assert (sent, operands[0]) == (condition_named(turned), LiteralOperand(4.0))


def test_two_aliases_of_one_scale_are_compared_as_they_are() -> None:
    first, second = alias("/a", SPEED, 2, 1), alias("/b", RATIO, 2, 1)
    _, operands = told("gt", first, second)
    assert operands == (
        VariableOperand(DataType.SINT16, BASE),
        VariableOperand(DataType.FLOAT32, BASE + 4),
    )
    turned, _ = told("gt", alias("/a", SPEED, -2, 1), alias("/b", RATIO, -2, 1))
    assert turned is TriggerCondition.LESS_THAN
    unscaled, _ = told("gt", alias("/a", SPEED), RATIO)
    assert unscaled is TriggerCondition.GREATER_THAN


def test_different_scales_cannot_be_compared_and_that_is_explained() -> None:
    text = refusal("gt", alias("/a", SPEED, 0.1), RATIO)
    assert "/a (gain 0.1, offset 0, target /speed) with /ratio" in text
    assert "compare their targets" in text


@pytest.mark.parametrize("condition", [*COMPARISONS, "cmt", "within"])
@pytest.mark.parametrize("gain", [0.5, 2.0, -0.25, -4.0])
@pytest.mark.parametrize("data_type", [DataType.SINT16, DataType.UINT8, DataType.FLOAT32])
def test_the_device_decides_as_the_user_meant(
    condition: str, gain: float, data_type: DataType
) -> None:
    chance = random.Random(f"{condition}{gain}{data_type}")
    raw = variable("/raw", data_type)
    scaled = alias("/alias", raw, gain, 3.0)
    decided = set[bool]()
    for _ in range(300):
        now, before = (chance.randrange(0, 200) for _ in range(2))
        if data_type is not DataType.UINT8:
            now, before = now - 100, before - 100
        literal = chance.choice((now * gain + 3, chance.randrange(-400, 400) / 4))
        margin = chance.randrange(-80, 80) / 4
        operands: list[WantedOperand] = [scaled, literal]
        if condition == "within":
            operands.append(margin)
        elif condition != "cmt" and chance.random() < 0.5:
            operands.reverse()
        trigger = WantedTrigger(condition_named(condition), tuple(operands))

        users = [_in_user_units(o, now, gain) for o in operands]
        expected = holds(trigger.condition, users, before * gain + 3)
        try:
            sent, device_operands = device_trigger(trigger, RecordingTarget(PROFILE, {}))
        except RecordingRefused:
            assert condition in ("cmt", "eq", "neq")
            continue
        values: list[Value] = [
            o.value if isinstance(o, LiteralOperand) else now for o in device_operands
        ]
        if condition == "cmt" and data_type is not DataType.FLOAT32:
            values[1] = int(values[1])  # the firmware cuts the fraction off
        assert holds(sent, values, before) is expected
        decided.add(expected)
    assert decided == {True, False}


def _in_user_units(operand: WantedOperand, now: int, gain: float) -> Value:
    assert not isinstance(operand, str)
    return now * gain + 3 if isinstance(operand, Recordable) else operand


# --------------------------------------------------------------------- cmt and within


def test_a_change_knows_the_gain_only() -> None:
    assert told("cmt", alias("/a", RATIO, 2, 100), 5)[1][1] == LiteralOperand(2.5)
    assert told("cmt", alias("/a", RATIO, -2, 100), 5)[1][1] == LiteralOperand(-2.5)
    assert told("cmt", 7, 5)[1] == (LiteralOperand(7.0), LiteralOperand(5.0))


def test_a_change_that_the_sign_cannot_tell_is_refused() -> None:
    assert "use a small number" in refusal("cmt", alias("/a", RATIO, -2), 0)
    assert "use a change of -2 at least" in refusal("cmt", alias("/a", SPEED, 2), -1)
    assert told("cmt", alias("/a", RATIO, 2), -1)[1][1] == LiteralOperand(-0.5)


def test_a_change_is_compared_with_a_watchable_of_the_same_units() -> None:
    step = alias("/step", RATIO, 2)
    assert told("cmt", alias("/a", SPEED, 2, 7), step)[1][0] == VariableOperand(
        DataType.SINT16, BASE
    )
    for by in (alias("/b", RATIO, 2, 7), RATIO):
        assert "compare the change with a number" in refusal("cmt", alias("/a", SPEED, 2, 7), by)
    assert "with a number" in refusal("cmt", alias("/a", SPEED, -2), alias("/b", RATIO, -2))


def test_within_scales_what_the_value_is_compared_with() -> None:
    assert told("within", alias("/a", RATIO, -2, 10), 4, 6)[1][1:] == (
        LiteralOperand(3.0),
        LiteralOperand(3.0),
    )
    assert told("within", 4, alias("/a", RATIO, -2, 10), -6)[1] == (
        LiteralOperand(3.0),
        VariableOperand(DataType.FLOAT32, BASE + 4),
        LiteralOperand(3.0),
    )


def test_the_margin_of_within_may_be_a_watchable_of_the_same_gain() -> None:
    value, margin = alias("/a", RATIO, -2, 10), alias("/m", SPEED, 2)
    assert told("within", value, 4, margin)[1][1:] == (
        LiteralOperand(3.0),
        VariableOperand(DataType.SINT16, BASE),
    )
    assert told("within", 4, 8, margin)[1][:2] == (LiteralOperand(2.0), LiteralOperand(4.0))
    for other in (SPEED, alias("/m", SPEED, 2, 1)):
        assert "use a number as the margin" in refusal("within", value, 4, other)


# --------------------------------------------------------------------- literals


@pytest.mark.parametrize("literal", [float("nan"), float("inf"), -float("inf"), 3.5e38, 10**400])
def test_what_no_float32_holds_is_refused(literal: Value) -> None:
    for condition in ("gt", "eq", "cmt"):
        assert "no finite 32-bit float" in refusal(condition, RATIO, literal)
    assert "no finite 32-bit float" in refusal("within", RATIO, 1, literal)
    assert "no finite 32-bit float" in refusal("gt", alias("/a", RATIO, 1e-30), 1e30)


def test_equality_with_an_integer_needs_an_exact_literal() -> None:
    counter = variable("/counter", DataType.UINT32)
    assert told("eq", counter, 1 << 24)[1][1] == LiteralOperand(16777216.0)
    text = refusal("eq", counter, 16777217)
    assert "16777217 cannot be compared for equality" in text
    assert "make it 16777216" in text
    assert "cannot be compared" in refusal("neq", 16777217, counter)
    assert told("get", counter, 16777217)[1][1] == LiteralOperand(16777216.0)
    assert told("eq", RATIO, 0.1)[1][1] == LiteralOperand(float.fromhex("0x1.99999ap-4"))
    assert "whole numbers" in refusal("eq", counter, 2.5)
    assert told("eq", counter, 2.0)[1][1] == LiteralOperand(2.0)


def test_equality_with_an_alias_forgives_its_arithmetic() -> None:
    tenths = alias("/tenths", SPEED, 0.1)
    for number in range(-300, 300):
        literal = float(Fraction(number, 10))
        assert told("eq", tenths, literal)[1][1] == LiteralOperand(float(number))
    assert "whole numbers in the device" not in refusal("eq", tenths, 0.15)
    assert "times 0.1" in refusal("eq", tenths, 0.15)


# --------------------------------------------------------------------- names of values

STATES = Enumeration("State", {"OFF": 0, "RUNNING": 2, "FAULT": -1})
STATE = Recordable("/state", "var", Variable("/state", DataType.SINT8, "little", BASE, enum=STATES))


def test_a_name_stands_for_its_value() -> None:
    assert told("eq", STATE, "RUNNING")[1][1] == LiteralOperand(2.0)
    assert told("gt", "FAULT", STATE)[1][0] == LiteralOperand(-1.0)
    assert told("within", STATE, "OFF", 1)[1][1] == LiteralOperand(0.0)


def test_names_of_an_alias_are_in_its_units() -> None:
    gears = Enumeration("Gear", {"FIRST": 10})
    gear = Recordable(
        "/gear", "alias", STATE.source, Alias("/gear", "/state", gain=10.0, enum=gears)
    )
    assert told("eq", gear, "FIRST")[1][1] == LiteralOperand(1.0)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    assert "known are 'OFF', 'RUNNING', 'FAULT'" in refusal("eq", STATE, "running")
    assert "no named values" in refusal("eq", SPEED, "RUNNING")
    assert "no watchable" in refusal("eq", 1, "RUNNING")
    assert "name cannot be used" in refusal("cmt", STATE, "RUNNING")
    assert "name cannot be used" in refusal("within", STATE, 1, "RUNNING")

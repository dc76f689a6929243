"""What a configuration is refused for, and what goes first (device protocol, section 11.2)."""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import DatalogState, ResponseCode, TriggerCondition
from scrutiny.firmware_link.frames import Request
from scrutiny.firmware_link.messages import (
    BitFieldOperand,
    Configure,
    LiteralOperand,
    MemorySignal,
    Operand,
    PublishedValueDefinition,
    RpvOperand,
    RpvSignal,
    Signal,
    TimeSignal,
    VariableOperand,
)

from .recording_rig import ALWAYS, CLOSED, COUNTER, FORBIDDEN, SETTINGS, VALUE_ID, RecordingRig

OK, INVALID, OVERFLOW = (
    ResponseCode.OK,
    ResponseCode.INVALID_REQUEST,
    ResponseCode.OVERFLOW,
)
FAILURE, FORBIDDEN_CODE = ResponseCode.FAILURE_TO_PROCEED, ResponseCode.FORBIDDEN

EQUAL = replace(
    ALWAYS,
    condition=TriggerCondition.EQUAL,
    operands=(VariableOperand(DataType.UINT8, COUNTER), LiteralOperand(1.0)),
)


def code_of(configuration: Configure, **settings: Any) -> ResponseCode:
    rig = RecordingRig(**settings)
    code = rig.code(configuration)
    assert rig.state is (DatalogState.CONFIGURED if code is OK else DatalogState.IDLE)
    return code


def with_operand(operand: Operand) -> Configure:
    return replace(EQUAL, operands=(operand, LiteralOperand(1.0)))


def with_signals(*signals: Signal) -> Configure:
    return replace(ALWAYS, signals=signals)


# --- One thing is wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "code"),
    [
        (replace(ALWAYS, loop_id=3), FAILURE),
        (replace(ALWAYS, loop_id=CLOSED), FORBIDDEN_CODE),
        (replace(ALWAYS, decimation=0), INVALID),
        (replace(ALWAYS, condition=9), INVALID),
        (replace(EQUAL, operands=EQUAL.operands[:1]), INVALID),
        (replace(ALWAYS, operands=EQUAL.operands), INVALID),
        (with_signals(), INVALID),
        (with_signals(MemorySignal(COUNTER, 0)), INVALID),
        (with_signals(*[TimeSignal()] * 16), OK),
        (with_signals(*[TimeSignal()] * 17), OVERFLOW),
        (with_signals(MemorySignal(0x2000, 65)), OVERFLOW),
        (with_signals(MemorySignal(0x2000, 64)), OK),
        (with_signals(MemorySignal(FORBIDDEN - 4, 4)), OK),
        (with_signals(MemorySignal(FORBIDDEN - 4, 5)), FORBIDDEN_CODE),
        (with_signals(MemorySignal(FORBIDDEN, 0)), FORBIDDEN_CODE),
        (with_signals(MemorySignal(0xFFFF_FFFF, 2)), INVALID),
        (with_signals(MemorySignal(0xFFFF_FFFF, 1)), FAILURE),  # there is nothing there
        (with_signals(RpvSignal(VALUE_ID)), OK),
        (with_signals(RpvSignal(0x77)), FAILURE),
    ],
)
def test_configurations(configuration: Configure, code: ResponseCode) -> None:
    assert code_of(configuration) is code


@pytest.mark.parametrize(
    ("operand", "code"),
    [
        (LiteralOperand(-1.5), OK),
        (LiteralOperand(math.nan), INVALID),
        (LiteralOperand(math.inf), INVALID),
        (VariableOperand(DataType.FLOAT64, COUNTER), OK),
        (VariableOperand(DataType.BOOL8, COUNTER), OK),
        (VariableOperand(DataType.BOOL16, COUNTER), INVALID),
        (VariableOperand(DataType.PTR32, COUNTER), INVALID),
        (VariableOperand(DataType.FLOAT16, COUNTER), INVALID),
        (VariableOperand(DataType.NA, COUNTER), INVALID),
        (VariableOperand(DataType.UINT32, FORBIDDEN - 3), FORBIDDEN_CODE),
        (VariableOperand(DataType.UINT32, FORBIDDEN - 4), OK),
        (VariableOperand(DataType.UINT32, 0xFFFF_FFFE), INVALID),
        (VariableOperand(DataType.UINT32, 0x5000), FAILURE),
        (BitFieldOperand(DataType.UINT32, COUNTER, 9, 23), OK),
        (BitFieldOperand(DataType.SINT64, COUNTER, 0, 64), OK),
        (BitFieldOperand(DataType.UINT32, COUNTER, 9, 24), INVALID),
        (BitFieldOperand(DataType.UINT8, COUNTER, 8, 0), INVALID),
        (BitFieldOperand(DataType.FLOAT32, COUNTER, 0, 8), INVALID),
        (BitFieldOperand(DataType.UINT32, FORBIDDEN - 3, 0, 1), FORBIDDEN_CODE),
        (RpvOperand(VALUE_ID), OK),
        (RpvOperand(0x77), FAILURE),
    ],
)
def test_operands(operand: Operand, code: ResponseCode) -> None:
    assert code_of(with_operand(operand)) is code


@pytest.mark.parametrize("data_type", [DataType.UINT64, DataType.SINT64, DataType.FLOAT64])
def test_without_64_bits_there_are_no_types_of_8_octets(data_type: DataType) -> None:
    rpvs = (PublishedValueDefinition(VALUE_ID, data_type),)
    settings = {"supports_64bits": False, "rpvs": rpvs}

    assert code_of(with_operand(VariableOperand(data_type, COUNTER)), **settings) is INVALID
    assert code_of(with_operand(RpvOperand(VALUE_ID)), **settings) is FAILURE
    assert code_of(with_signals(RpvSignal(VALUE_ID)), **settings) is FAILURE
    assert code_of(with_signals(MemorySignal(COUNTER, 8)), **settings) is OK


@pytest.mark.parametrize(
    ("operand", "code"),
    [
        (VariableOperand(DataType.UINT8, COUNTER), INVALID),
        (VariableOperand(DataType.BOOL8, COUNTER), INVALID),
        (VariableOperand(DataType.BOOL16, COUNTER), OK),
        (VariableOperand(DataType.UINT32, FORBIDDEN - 1), FORBIDDEN_CODE),
        (VariableOperand(DataType.UINT32, FORBIDDEN - 2), OK),
    ],
)
def test_bytes_of_16_bits(operand: Operand, code: ResponseCode) -> None:
    segments = (dataclasses.replace(SETTINGS.segments[0], start=2 * COUNTER),)
    settings = {"char_bit": 16, "rpvs": (), "segments": segments}

    assert code_of(replace(with_operand(operand), signals=(TimeSignal(),)), **settings) is code


def test_the_number_of_signals_is_that_of_the_settings() -> None:
    assert code_of(with_signals(*[TimeSignal()] * 3), datalog_max_signals=2) is OVERFLOW
    assert code_of(with_signals(*[TimeSignal()] * 2), datalog_max_signals=2) is OK


# --- Several things are wrong: the first of these is told ----------------------------------------


def bad_loop(configuration: Configure) -> Configure:
    return replace(configuration, loop_id=9)


def closed_loop(configuration: Configure) -> Configure:
    return replace(configuration, loop_id=CLOSED)


def forbidden_signal(configuration: Configure) -> Configure:
    return replace(configuration, signals=(TimeSignal(), MemorySignal(FORBIDDEN, 1)))


def unknown_operand(configuration: Configure) -> Configure:
    return replace(configuration, operands=(RpvOperand(0x77), *configuration.operands[1:]))


def unknown_condition(configuration: Configure) -> Configure:
    return replace(configuration, condition=200)


def empty_signal(configuration: Configure) -> Configure:
    return replace(configuration, signals=(*configuration.signals, MemorySignal(COUNTER, 0)))


def large_entry(configuration: Configure) -> Configure:
    return replace(configuration, signals=(*configuration.signals, MemorySignal(0x2000, 255)))


Fault = tuple[Callable[[Configure], Configure], ResponseCode]

IN_ORDER: list[Fault] = [
    (bad_loop, FAILURE),
    (closed_loop, FORBIDDEN_CODE),
    (forbidden_signal, FORBIDDEN_CODE),
    (unknown_operand, FAILURE),
    (unknown_condition, INVALID),
    (empty_signal, INVALID),
    (large_entry, OVERFLOW),
]


@pytest.mark.parametrize(
    ("first", "second"), list(pairwise(IN_ORDER)), ids=lambda fault: fault[0].__name__
)
def test_what_is_told_when_two_things_are_wrong(first: Fault, second: Fault) -> None:
    spoil_first, code = first
    spoil_second, _ = second

    assert code_of(spoil_first(spoil_second(EQUAL))) is code


def test_a_number_that_means_nothing_waits_for_its_turn() -> None:
    payload = bytearray(
        with_operand(VariableOperand(DataType.UINT8, COUNTER)).payload(SETTINGS.address_format)
    )
    payload[17] = 0x7C  # the data type
    rig = RecordingRig()

    assert rig.code(Request(5, 2, bytes(payload))) is INVALID
    payload[0] = 9  # the loop
    assert rig.code(Request(5, 2, bytes(payload))) is FAILURE


# --- Malformed ----------------------------------------------------------------------------------

HEAD = struct.pack(">BHHBIBI", 0, 1, 1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", INVALID),
        (HEAD, INVALID),
        (HEAD + b"\x04", OVERFLOW),
        (HEAD + b"\x03", INVALID),
        (HEAD + b"\x01\x04", INVALID),  # there is no such operand
        (HEAD + b"\x01\x00\0\0\0", INVALID),
        (HEAD + b"\x00", INVALID),
        (HEAD + b"\x00\x11", OVERFLOW),  # 17 signals, before they are looked for
        (HEAD + b"\x00\x01", INVALID),
        (HEAD + b"\x00\x01\x03", INVALID),  # there is no such signal
        (HEAD + b"\x00\x01\x02?", INVALID),
        (HEAD + b"\x00\x01\x02", OK),
    ],
)
def test_malformed_configurations(payload: bytes, code: ResponseCode) -> None:
    rig = RecordingRig()
    rig.ask(ALWAYS)

    assert rig.code(Request(5, 2, payload)) is code
    assert rig.state is (DatalogState.CONFIGURED if code is OK else DatalogState.IDLE)

"""Plays the table of trigger cases on a device, through the protocol."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder
from scrutiny.firmware_link.codes import DatalogState, OperandKind
from scrutiny.firmware_link.frames import Response, ResponseParser
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Arm,
    BitFieldOperand,
    Configure,
    Disarm,
    GetMetadata,
    GetStatus,
    LiteralOperand,
    MemorySignal,
    Operand,
    ReadAcquisition,
    RpvOperand,
    RpvValue,
    TimeSignal,
    VariableOperand,
    WriteRpvs,
)

from .reference_device import (
    COUNTER_OFFSET,
    EXCHANGES,
    MEMORY_BASE,
    SAMPLED_LOOP,
    Command,
    ReferenceDevice,
    Target,
    receive,
    refuse_values,
    restart,
    run_loop,
    store,
)
from .trigger_oracle import PERIOD_100NS, OperandCase, Row, TriggerCase
from .trigger_table import ExpectedCase

FMT: Final = AddressFormat(4)

RPV_IDS: Final = {
    DataType.FLOAT32: 0x1000,
    DataType.UINT16: 0x1001,
    DataType.SINT32: 0x1002,
    DataType.BOOL8: 0x1003,
    DataType.FLOAT64: 0x1004,
    DataType.UINT64: 0x1005,
    DataType.SINT8: 0x1006,
    DataType.UINT8: 0x1007,
    DataType.SINT16: 0x1008,
    DataType.UINT32: 0x1009,
    DataType.SINT64: 0x100A,
}

_BUFFER_SIZE: Final = 256
_TRANSMIT_PAYLOAD: Final = 128
_ENTRY: Final = 8  # the counter, and the time
_CHUNKS: Final = 3
_TIMEOUT_PERIODS: Final = 40
_FIRST_OPERAND: Final = 0x401  # of no alignment
_OPERAND_DISTANCE: Final = 16

_ARM: Final = receive(Arm().request(FMT).encode())
_DISARM: Final = receive(Disarm().request(FMT).encode())
_STATUS: Final = receive(GetStatus().request(FMT).encode())
_METADATA: Final = receive(GetMetadata().request(FMT).encode())
_READ: Final = receive(ReadAcquisition().request(FMT).encode())


@dataclass(frozen=True)
class Outcome:
    """What a device made of a case.

    Attributes:
        fires: The iteration whose status was the first to say so; None for none.
        sample: The iteration of the entry at the trigger, by metadata and data; None without.
    """

    fires: int | None
    sample: int | None


def expected_outcome(expected: ExpectedCase, target: Target) -> Outcome:
    """Return what a device of this kind has to make of it."""
    wide = target.supports_64bits
    fires = expected.fires if wide else expected.fires_without_64bits
    if fires is None:
        return Outcome(None, None)
    decimation = expected.case.decimation
    last_entry = fires - fires % decimation
    if fires + _TIMEOUT_PERIODS < decimation:
        return Outcome(fires, None)
    return Outcome(fires, last_entry or decimation)


def differences(
    device: ReferenceDevice, target: Target, table: Sequence[ExpectedCase]
) -> list[str]:
    """Play all cases that such a device can; return what came out otherwise than it has to."""
    wrong: list[str] = []
    for expected in table:
        if expected.case.needs_64bits and not target.supports_64bits:
            continue
        actual = play(device, target.byte_order, expected.case)
        wanted = expected_outcome(expected, target)
        if actual != wanted:
            wrong.append(f"{expected.case}: {actual}, not {wanted}")
    return wrong


def play(device: ReferenceDevice, byte_order: ByteOrder, case: TriggerCase) -> Outcome:
    """Configure, run, watch, fetch."""
    setup: list[Command] = [
        restart(_TRANSMIT_PAYLOAD, _BUFFER_SIZE),
        receive(EXCHANGES["connect"].request),
        store(COUNTER_OFFSET, bytes(4)),
        receive(_configuration(case).request(FMT).encode()),
    ]
    history: list[Command] = []
    status_places: list[int] = []
    for iteration, row in enumerate(case.rows, start=1):
        history += [
            _ARM if what == "arm" else _DISARM for n, what in case.commands if n == iteration
        ]
        history += _set_row(case, row, byte_order)
        history += [run_loop(SAMPLED_LOOP, 1), _STATUS]
        status_places.append(len(history) - 1)
    finish = [run_loop(SAMPLED_LOOP, _TIMEOUT_PERIODS + 1), _METADATA, *([_READ] * _CHUNKS)]

    replies = device.run([*setup, *history, *finish])
    assert _response(replies[3]).code == 0, f"{case} is refused: {replies[3].hex()}"
    answers = replies[len(setup) :]
    for iteration, place in enumerate(status_places, start=1):
        state = GetStatus().parse_answer(_response(answers[place]).payload, FMT).state
        if state in (DatalogState.TRIGGERED, DatalogState.ACQUISITION_COMPLETED):
            return Outcome(iteration, _sample(answers[len(history) + 1 :], byte_order))
    return Outcome(None, None)


def _configuration(case: TriggerCase) -> Configure:
    return Configure(
        SAMPLED_LOOP,
        0xBEEF,
        case.decimation,
        128,
        _TIMEOUT_PERIODS * PERIOD_100NS,
        case.condition,
        case.hold_time_100ns,
        tuple(_operand(operand, place) for place, operand in enumerate(case.operands)),
        (MemorySignal(MEMORY_BASE + COUNTER_OFFSET, 4), TimeSignal()),
    )


def _offset(place: int) -> int:
    return _FIRST_OPERAND + place * _OPERAND_DISTANCE


def _operand(operand: OperandCase, place: int) -> Operand:
    address = MEMORY_BASE + _offset(place)
    match operand.kind:
        case OperandKind.LITERAL:
            (value,) = struct.unpack(">f", operand.literal.to_bytes(4, "big"))
            return LiteralOperand(value)
        case OperandKind.VARIABLE:
            return VariableOperand(operand.type, address)
        case OperandKind.BIT_FIELD:
            return BitFieldOperand(operand.type, address, operand.bit_offset, operand.bit_size)
        case OperandKind.RPV:
            return RpvOperand(RPV_IDS[operand.type])


def _set_row(case: TriggerCase, row: Row, byte_order: ByteOrder) -> Iterator[Command]:
    """Give all operands the values of a row."""
    values = iter(row)
    refused: list[int] = []
    for place, operand in enumerate(case.operands):
        if operand.kind is OperandKind.LITERAL:
            continue
        bits = next(values)
        if operand.kind is not OperandKind.RPV:
            assert bits is not None
            yield store(_offset(place), bits.to_bytes(operand.type.size, byte_order))
        elif bits is None:
            refused.append(RPV_IDS[operand.type])
        else:
            value = RpvValue(RPV_IDS[operand.type], bits.to_bytes(operand.type.size, "big"))
            yield receive(WriteRpvs((value,)).request(FMT).encode())
    yield refuse_values(refused)


def _sample(answers: Sequence[bytes], byte_order: ByteOrder) -> int | None:
    """Return the iteration at which the entry at the trigger was recorded."""
    metadata = GetMetadata().parse_answer(_response(answers[0]).payload, FMT)
    chunks = [
        ReadAcquisition().parse_answer(_response(answer).payload, FMT) for answer in answers[1:]
    ]
    ends = [index for index, chunk in enumerate(chunks) if chunk.is_last]
    data = b"".join(chunk.data for chunk in chunks[: ends[0] + 1])
    assert len(data) == metadata.data_size == metadata.point_count * _ENTRY
    if not data:
        return None
    entry = data[metadata.trigger_index * _ENTRY :][:_ENTRY]
    counter, time_100ns = int.from_bytes(entry[:4], byte_order), int.from_bytes(entry[4:], "big")
    assert time_100ns == counter * PERIOD_100NS
    return counter


def _response(frame: bytes) -> Response:
    (response,) = ResponseParser().feed(frame)
    return response

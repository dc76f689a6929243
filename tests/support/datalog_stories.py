"""Random stories about a datalogger: configurations good and bad, memory that changes, requests.

They keep to what is the same in all devices: no address that is not there, apart from those that
no target with such addresses has.
"""

from __future__ import annotations

import struct
from typing import Final, TypeAlias

from hypothesis import strategies as st

from scrutiny.core.types import DataType, TypeKind
from scrutiny.core.values import ByteOrder
from scrutiny.firmware_link.codes import (
    Command,
    DatalogControlFunction,
    MemoryControlFunction,
    OperandKind,
    SignalKind,
    TriggerCondition,
)
from scrutiny.firmware_link.frames import Request

from .reference_device import (
    COUNTER_OFFSET,
    EXCHANGES,
    FIRST_RPV,
    MEMORY_BASE,
    MEMORY_SIZE,
    SAMPLED_LOOP,
    advance,
    poll,
    receive,
    refuse_values,
    restart,
    run_loop,
    store,
)
from .reference_device import Command as DeviceCommand
from .trigger_numbers import TYPES, edges, float32_bits

Story: TypeAlias = list[DeviceCommand]

_AREA: Final = 0x400  # where variables lie
_AREA_SIZE: Final = 24
_MAX_REQUEST: Final = 128
_SESSION_TIMEOUT_US: Final = 5_000_000
_TIME_WRAPS_US: Final = (1 << 32) // 10

_U8: Final = st.integers(0, 0xFF)
_U16: Final = st.integers(0, 0xFFFF)
_U32: Final = st.integers(0, 0xFFFF_FFFF)


# --- Configurations -----------------------------------------------------------------------------

_GOOD_ADDRESSES: Final = st.one_of(
    st.integers(_AREA, _AREA + 8), st.integers(_AREA, _AREA + 8), st.just(COUNTER_OFFSET)
)
_ADDRESSES: Final = _GOOD_ADDRESSES | st.sampled_from(
    [0, 0xF8, 0xFC, 0xFE, 0xFF, 0x100, 0x180, 0x1FF, 0x200, MEMORY_SIZE - 255]
)
_BEYOND: Final = 0xFFFF_FFFF  # only one octet is there

_TYPE_IDS: Final = [data_type.value for data_type in TYPES]
_OTHER_TYPE_IDS: Final = [0x04, 0x15, 0x21, 0x24, 0x31, 0x32, 0x42, 0x5F, 0x62, 0x70, 0xFF]
_GOOD_TYPES: Final = st.sampled_from(_TYPE_IDS)
_TYPES: Final = _GOOD_TYPES | st.sampled_from(_OTHER_TYPE_IDS)
_GOOD_RPVS: Final = st.integers(FIRST_RPV, FIRST_RPV + 10)
_RPVS: Final = st.integers(FIRST_RPV, FIRST_RPV + 12)

_SMALL_FLOATS: Final = st.integers(-8, 300).map(lambda number: float32_bits(number / 2))
_FLOATS: Final = st.sampled_from(edges(DataType.FLOAT32))


def _literal(bits: int) -> bytes:
    return struct.pack(">BI", OperandKind.LITERAL, bits)


def _variable(data_type: int, offset: int) -> bytes:
    return struct.pack(">BBI", OperandKind.VARIABLE, data_type, MEMORY_BASE + offset)


def _bit_field(data_type: int, offset: int, bit_offset: int, bit_size: int) -> bytes:
    head = struct.pack(">BBI", OperandKind.BIT_FIELD, data_type, MEMORY_BASE + offset)
    return head + bytes((bit_offset, bit_size))


def _published(rpv_id: int) -> bytes:
    return struct.pack(">BH", OperandKind.RPV, rpv_id)


@st.composite
def _good_bit_fields(draw: st.DrawFn) -> bytes:
    data_type = draw(st.sampled_from([t for t in TYPES if t.kind is not TypeKind.FLOAT]))
    bit_offset = draw(st.integers(0, 8 * data_type.size - 1))
    bit_size = draw(st.integers(1, 8 * data_type.size - bit_offset))
    return _bit_field(data_type.value, draw(_GOOD_ADDRESSES), bit_offset, bit_size)


_GOOD_OPERANDS: Final = st.one_of(
    _SMALL_FLOATS.map(_literal),
    st.builds(_variable, _GOOD_TYPES, _GOOD_ADDRESSES),
    st.builds(_variable, _GOOD_TYPES, _GOOD_ADDRESSES),
    _good_bit_fields(),
    _GOOD_RPVS.map(_published),
)
_OPERANDS: Final = st.one_of(
    _GOOD_OPERANDS,
    _FLOATS.map(_literal),
    st.builds(_variable, _TYPES, _ADDRESSES),
    st.builds(_bit_field, _TYPES, _ADDRESSES, st.integers(0, 10) | _U8, st.integers(0, 33) | _U8),
    _RPVS.map(_published),
)


def _memory_signal(offset: int, size: int) -> bytes:
    return struct.pack(">BIB", SignalKind.MEMORY, MEMORY_BASE + offset, size)


def _rpv_signal(rpv_id: int) -> bytes:
    return struct.pack(">BH", SignalKind.RPV, rpv_id)


_TIME_SIGNAL: Final = st.just(bytes((SignalKind.TIME,)))
_GOOD_SIGNALS: Final = st.one_of(
    st.builds(_memory_signal, _GOOD_ADDRESSES, st.integers(1, 8)),
    _GOOD_RPVS.map(_rpv_signal),
    _TIME_SIGNAL,
)
_SIGNALS: Final = st.one_of(
    _GOOD_SIGNALS,
    st.builds(_memory_signal, _ADDRESSES, _U8),
    _RPVS.map(_rpv_signal),
    st.sampled_from(
        [
            struct.pack(">BIB", SignalKind.MEMORY, _BEYOND, 2),
            struct.pack(">BIB", SignalKind.MEMORY, _BEYOND, 0),
            struct.pack(">BIB", SignalKind.MEMORY, MEMORY_BASE, 0),
            b"\x07",
        ]
    ),
)

_SOON_TRUE: Final = (TriggerCondition.ALWAYS_TRUE, TriggerCondition.NOT_EQUAL)
_SHORT_TIMES: Final = st.sampled_from([0, 0, 1, 1000, 2500, 10_000, 40_000])
_PROBES: Final = st.sampled_from([0, 1, 127, 128, 254, 255]) | _U8


@st.composite
def good_configurations(draw: st.DrawFn) -> bytes:
    """Payloads of Configure that make sense, but for types that a target does not have."""
    condition = draw(st.sampled_from([*TriggerCondition, *_SOON_TRUE]))
    operands = [draw(_GOOD_OPERANDS) for _ in range(condition.operand_count)]
    signals = draw(st.lists(_GOOD_SIGNALS, min_size=1, max_size=5))
    head = struct.pack(
        ">BHHBIBIB",
        draw(st.sampled_from([SAMPLED_LOOP] * 3 + [1])),
        draw(_U16),
        draw(st.integers(1, 3)),
        draw(_PROBES),
        draw(_SHORT_TIMES),
        condition,
        draw(_SHORT_TIMES),
        len(operands),
    )
    return head + b"".join(operands) + bytes((len(signals),)) + b"".join(signals)


@st.composite
def bad_configurations(draw: st.DrawFn) -> bytes:
    """Payloads of Configure that may be wrong in any respect."""
    condition = draw(st.integers(0, 10))
    count = {0: 0, 8: 3}.get(condition, 2)
    right_number = st.lists(_OPERANDS, min_size=count, max_size=count)
    operands = draw(right_number | st.lists(_OPERANDS, max_size=4))
    some = st.lists(_GOOD_SIGNALS, min_size=1, max_size=4)
    signals = draw(some | st.lists(_SIGNALS, max_size=6) | st.lists(_TIME_SIGNAL, max_size=18))
    head = struct.pack(
        ">BHHBIBIB",
        draw(st.just(SAMPLED_LOOP) | st.integers(0, 3) | _U8),
        draw(_U16),
        draw(st.just(1) | st.integers(0, 2) | _U16),
        draw(_PROBES),
        draw(_U32),
        condition,
        draw(_U32),
        len(operands),
    )
    payload = head + b"".join(operands) + bytes((len(signals),)) + b"".join(signals)
    end = draw(st.just(len(payload)) | st.integers(0, len(payload)))
    return (payload[:end] + draw(st.just(b"") | st.binary(max_size=2)))[:_MAX_REQUEST]


# --- What happens -------------------------------------------------------------------------------


def _request(subfunction: int, payload: bytes = b"") -> DeviceCommand:
    return receive(Request(Command.DATALOG_CONTROL, subfunction, payload).encode())


def _write_rpv(rpv_id: int, data: bytes) -> DeviceCommand:
    payload = rpv_id.to_bytes(2, "big") + data
    function = MemoryControlFunction.WRITE_RPV
    return receive(Request(Command.MEMORY_CONTROL, function, payload).encode())


_Function = DatalogControlFunction

_GOOD_CONFIGURE: Final = good_configurations().map(lambda p: [_request(_Function.CONFIGURE, p)])
_BAD_CONFIGURE: Final = bad_configurations().map(lambda p: [_request(_Function.CONFIGURE, p)])
_STATUS: Final = [_request(_Function.GET_STATUS)]
_METADATA: Final = [_request(_Function.GET_METADATA)]
_ARM: Final = [_request(_Function.ARM)]
_ANY: Final = st.sampled_from(_Function).map(lambda function: [_request(function)])
_ODD: Final = _U8.map(lambda function: [_request(function, b"?")])
_READS: Final = st.integers(0, 12).map(lambda count: [_request(_Function.READ_ACQUISITION)] * count)


def _edges_as(byte_order: ByteOrder) -> st.SearchStrategy[bytes]:
    contents = [bits.to_bytes(t.size, byte_order) for t in TYPES for bits in edges(t)]
    return st.sampled_from(contents)


_CONTENT: Final = st.one_of(
    _edges_as("little"),
    _edges_as("big"),
    st.integers(0, 3).map(lambda number: bytes((number,)) * 8),
    st.binary(min_size=1, max_size=8),
)
_STORE: Final = st.builds(store, st.integers(_AREA, _AREA + _AREA_SIZE - 8), _CONTENT)
_WRITE: Final = st.builds(_write_rpv, _RPVS, _CONTENT)
_REFUSE: Final = st.lists(_GOOD_RPVS, max_size=2).map(lambda ids: refuse_values(set(ids)))
_LOOPS: Final = st.sampled_from([SAMPLED_LOOP] * 4 + [1, 1, 2])
_RUN: Final = st.builds(run_loop, _LOOPS, st.sampled_from([1, 1, 1, 2, 5]))
_PASS_TIME: Final = st.integers(0, 3000).map(advance)
_MOMENT: Final = st.one_of(_STORE, _STORE, _RUN, _RUN, _RUN, _WRITE, _REFUSE, _PASS_TIME)
_HISTORY: Final = st.lists(_MOMENT, max_size=8)
_LONG_RUN: Final = st.integers(1, 150).map(
    lambda count: [run_loop(SAMPLED_LOOP, count), advance(500), run_loop(1, count)]
)
_PAUSES: Final = st.sampled_from(
    [_SESSION_TIMEOUT_US - 1, _SESSION_TIMEOUT_US, (1 << 31) - 1, *[_TIME_WRAPS_US - 2000] * 3]
)
_LONG_PAUSE: Final = _PAUSES.map(
    lambda time_us: [advance(time_us), poll(), receive(EXCHANGES["connect"].request)]
)
_INTERRUPTION: Final = st.one_of(_ANY, _ODD, _BAD_CONFIGURE, _LONG_PAUSE, st.just(_ARM))


@st.composite
def _acquisitions(draw: st.DrawFn) -> Story:
    """The usual course of things, with interruptions."""
    course = [
        draw(_GOOD_CONFIGURE),
        draw(_HISTORY),
        draw(st.just([]) | _LONG_RUN),
        _ARM,
        draw(_HISTORY),
        _STATUS,
        draw(_HISTORY),
        draw(_LONG_RUN),
        _STATUS,
        draw(_LONG_RUN),
        _METADATA,
        draw(_READS),
    ]
    for place in draw(st.lists(st.integers(1, len(course)), max_size=3)):
        course.insert(place, draw(_INTERRUPTION))
    return [command for event in course for command in event]


_ANYTHING: Final = st.one_of(_INTERRUPTION, _HISTORY, _LONG_RUN, _READS, _GOOD_CONFIGURE)
_BUFFER_SIZES: Final = st.sampled_from([100, 256, 300, 4096]) | st.integers(0, 100)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A device starts, a session begins, and things happen."""
    start = [
        restart(draw(st.integers(32, 128)), draw(_BUFFER_SIZES)),
        receive(EXCHANGES["connect"].request),
    ]
    events = [
        draw(_BAD_CONFIGURE),
        draw(_acquisitions()),
        *draw(st.lists(_ANYTHING, max_size=6)),
        *draw(st.lists(_acquisitions(), max_size=1)),
    ]
    return start + [command for event in events for command in event]

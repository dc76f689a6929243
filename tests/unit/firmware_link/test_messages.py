"""Typed messages: encoding is inverse to decoding, and a wrong answer is noticed."""

from __future__ import annotations

import struct
from typing import Any, TypeVar, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from scrutiny.core.types import DataType
from scrutiny.firmware_link import messages
from scrutiny.firmware_link.codes import (
    DatalogEncoding,
    DatalogState,
    FeatureBits,
    LoopType,
    RegionType,
    ResponseCode,
    TriggerCondition,
)
from scrutiny.firmware_link.errors import AnswerMismatch, MessageError, UnsupportedRequest
from scrutiny.firmware_link.frames import Request
from scrutiny.firmware_link.messages import (
    AcquisitionChunk,
    AcquisitionMetadata,
    AddressFormat,
    AnswerMessage,
    AnyRequest,
    Arm,
    BitFieldOperand,
    Configure,
    Connect,
    ConnectAnswer,
    DatalogSetup,
    DatalogStatus,
    DeviceParams,
    Disarm,
    Disconnect,
    Discover,
    DiscoverAnswer,
    GetLoopCount,
    GetLoopDefinition,
    GetMetadata,
    GetParams,
    GetProtocolVersion,
    GetRpvCount,
    GetRpvDefinitions,
    GetSetup,
    GetSoftwareId,
    GetSpecialRegion,
    GetSpecialRegionCount,
    GetStatus,
    GetSupportedFeatures,
    Heartbeat,
    HeartbeatAnswer,
    LiteralOperand,
    LoopCount,
    LoopDefinition,
    MaskedMemoryData,
    MemoryBlock,
    MemoryData,
    MemorySignal,
    ProtocolVersion,
    PublishedValueDefinition,
    ReadAcquisition,
    ReadMemory,
    ReadMemoryAnswer,
    ReadRpvs,
    ReadRpvsAnswer,
    RequestMessage,
    Reset,
    RpvCount,
    RpvDefinitions,
    RpvOperand,
    RpvSignal,
    RpvValue,
    RpvWritten,
    SoftwareId,
    SpecialRegion,
    SpecialRegionCount,
    SupportedFeatures,
    TimeSignal,
    UserCommand,
    UserCommandAnswer,
    VariableOperand,
    WriteMemory,
    WriteMemoryAnswer,
    WriteMemoryMasked,
    WriteMemoryMaskedAnswer,
    WriteRpvs,
    WriteRpvsAnswer,
    parse_request,
)

AnswerT = TypeVar("AnswerT")

A32 = AddressFormat(4)
WIDE_CHARS = AddressFormat(4, char_bit=16)
RPV_SIZES = {rpv_id: 1 << rpv_id % 4 for rpv_id in range(16)}
UINT_OF_SIZE = {1: DataType.UINT8, 2: DataType.UINT16, 4: DataType.UINT32, 8: DataType.UINT64}

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
octets = st.binary(max_size=40)
firmware_ids = st.binary(min_size=16, max_size=16)
sized_types = st.sampled_from([data_type for data_type in DataType if data_type.size])
rpv_ids = st.sampled_from(sorted(RPV_SIZES))


def some(items: SearchStrategy[Any]) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=1, max_size=6).map(tuple)


def texts(max_octets: int) -> SearchStrategy[str]:
    return st.text(max_size=max_octets // 4)


def rpv_values() -> SearchStrategy[RpvValue]:
    return rpv_ids.flatmap(
        lambda rpv_id: st.builds(
            RpvValue,
            st.just(rpv_id),
            st.binary(min_size=RPV_SIZES[rpv_id], max_size=RPV_SIZES[rpv_id]),
        )
    )


def masked_data(addresses: SearchStrategy[int]) -> SearchStrategy[MaskedMemoryData]:
    return octets.flatmap(
        lambda data: st.builds(
            MaskedMemoryData,
            addresses,
            st.just(data),
            st.binary(min_size=len(data), max_size=len(data)),
        )
    )


def configurations(addresses: SearchStrategy[int]) -> SearchStrategy[Configure]:
    operands = st.one_of(
        st.builds(LiteralOperand, st.floats(width=32, allow_nan=False)),
        st.builds(VariableOperand, sized_types, addresses),
        st.builds(BitFieldOperand, sized_types, addresses, u8, u8),
        st.builds(RpvOperand, u16),
    )
    signals = st.one_of(
        st.builds(MemorySignal, addresses, u8),
        st.builds(RpvSignal, u16),
        st.builds(TimeSignal),
    )
    return st.builds(
        Configure,
        u8,
        u16,
        u16,
        u8,
        u32,
        st.sampled_from(TriggerCondition),
        u32,
        st.lists(operands, max_size=3).map(tuple),
        st.lists(signals, max_size=20).map(tuple),
    )


EMPTY_REQUESTS: tuple[AnyRequest, ...] = (
    Discover(),
    Connect(),
    GetParams(),
    GetProtocolVersion(),
    GetSoftwareId(),
    GetSupportedFeatures(),
    GetSpecialRegionCount(),
    GetRpvCount(),
    GetLoopCount(),
    GetSetup(),
    Arm(),
    Disarm(),
    GetStatus(),
    GetMetadata(),
    ReadAcquisition(),
    Reset(),
)


def requests(fmt: AddressFormat) -> SearchStrategy[AnyRequest]:
    addresses = st.integers(0, fmt.mask)
    readable = rpv_ids.map(
        lambda rpv_id: PublishedValueDefinition(rpv_id, UINT_OF_SIZE[RPV_SIZES[rpv_id]])
    )
    return st.one_of(
        st.sampled_from(EMPTY_REQUESTS),
        st.builds(Heartbeat, u32, u16),
        st.builds(Disconnect, u32),
        st.builds(GetSpecialRegion, st.sampled_from(RegionType), u8),
        st.builds(GetRpvDefinitions, u16, u16),
        st.builds(GetLoopDefinition, u8),
        st.builds(ReadMemory, some(st.builds(MemoryBlock, addresses, st.integers(0, 10_000)))),
        st.builds(WriteMemory, some(st.builds(MemoryData, addresses, octets))),
        st.builds(WriteMemoryMasked, some(masked_data(addresses))),
        st.builds(ReadRpvs, some(readable)),
        st.builds(WriteRpvs, some(rpv_values())),
        st.builds(UserCommand, u8, octets),
        configurations(addresses),
    )


def loop_definitions() -> SearchStrategy[LoopDefinition]:
    return st.one_of(
        st.builds(
            LoopDefinition, u8, st.just(LoopType.FIXED_FREQUENCY), st.booleans(), u32, texts(32)
        ),
        st.builds(
            LoopDefinition,
            u8,
            st.just(LoopType.VARIABLE_FREQUENCY),
            st.booleans(),
            st.none(),
            texts(32),
        ),
    )


def read_memory_exchange(blocks: tuple[MemoryData, ...]) -> tuple[AnyRequest, AnswerMessage]:
    asked = tuple(MemoryBlock(address, len(data)) for address, data in blocks)
    return ReadMemory(asked), ReadMemoryAnswer(blocks)


def write_memory_exchange(blocks: tuple[MemoryData, ...]) -> tuple[AnyRequest, AnswerMessage]:
    written = tuple(MemoryBlock(address, len(data)) for address, data in blocks)
    return WriteMemory(blocks), WriteMemoryAnswer(written)


def masked_write_exchange(
    blocks: tuple[MaskedMemoryData, ...],
) -> tuple[AnyRequest, AnswerMessage]:
    written = tuple(MemoryBlock(address, len(data)) for address, data, _ in blocks)
    return WriteMemoryMasked(blocks), WriteMemoryMaskedAnswer(written)


def read_rpvs_exchange(values: tuple[RpvValue, ...]) -> tuple[AnyRequest, AnswerMessage]:
    asked = tuple(PublishedValueDefinition(i, UINT_OF_SIZE[len(data)]) for i, data in values)
    return ReadRpvs(asked), ReadRpvsAnswer(values)


def write_rpvs_exchange(values: tuple[RpvValue, ...]) -> tuple[AnyRequest, AnswerMessage]:
    written = tuple(RpvWritten(rpv_id, len(data)) for rpv_id, data in values)
    return WriteRpvs(values), WriteRpvsAnswer(written)


def device_params() -> SearchStrategy[DeviceParams]:
    return st.builds(
        DeviceParams,
        u16,
        u16,
        u32,
        u32,
        u32,
        st.sampled_from([1, 2, 4, 8]),
        st.sampled_from([8, 16]),
    )


def exchanges(fmt: AddressFormat) -> SearchStrategy[tuple[AnyRequest, AnswerMessage]]:
    """Pairs of a request and an answer that fits it."""
    addresses = st.integers(0, fmt.mask)
    memory = some(st.builds(MemoryData, addresses, octets))
    definitions = st.builds(PublishedValueDefinition, u16, sized_types)
    plain: list[tuple[AnyRequest, SearchStrategy[AnswerMessage]]] = [
        (Discover(), st.builds(DiscoverAnswer, u8, u8, firmware_ids, texts(64))),
        (Connect(), st.builds(ConnectAnswer, u32)),
        (GetParams(), device_params()),
        (GetProtocolVersion(), st.builds(ProtocolVersion, u8, u8)),
        (GetSoftwareId(), st.builds(SoftwareId, firmware_ids)),
        (GetSupportedFeatures(), st.builds(SupportedFeatures, u8.map(FeatureBits))),
        (GetSpecialRegionCount(), st.builds(SpecialRegionCount, u8, u8)),
        (GetRpvCount(), st.builds(RpvCount, u16)),
        (GetLoopCount(), st.builds(LoopCount, u8)),
        (UserCommand(1, b""), st.builds(UserCommandAnswer, octets)),
        (GetSetup(), st.builds(DatalogSetup, u32, st.just(DatalogEncoding.RAW), u8)),
        (GetStatus(), st.builds(DatalogStatus, st.sampled_from(DatalogState), u32, u32)),
        (GetMetadata(), st.builds(AcquisitionMetadata, u16, u16, u32, u32, u32)),
        (
            ReadAcquisition(),
            st.builds(AcquisitionChunk, u8, u16, octets, st.one_of(st.none(), u32)),
        ),
    ]
    regions = st.builds(SpecialRegion, st.sampled_from(RegionType), u8, addresses, addresses)
    return st.one_of(
        *(st.tuples(st.just(request), answers) for request, answers in plain),
        st.builds(Heartbeat, u32, u16).map(
            lambda beat: (beat, HeartbeatAnswer(beat.session_id, beat.challenge_response))
        ),
        regions.map(lambda region: (GetSpecialRegion(region.kind, region.index), region)),
        some(definitions).map(lambda d: (GetRpvDefinitions(3, len(d)), RpvDefinitions(d))),
        loop_definitions().map(lambda loop: (GetLoopDefinition(loop.loop_id), loop)),
        memory.map(read_memory_exchange),
        memory.map(write_memory_exchange),
        some(masked_data(addresses)).map(masked_write_exchange),
        some(rpv_values()).map(read_rpvs_exchange),
        some(rpv_values()).map(write_rpvs_exchange),
    )


formats = st.sampled_from([1, 2, 4, 8]).map(AddressFormat)


@given(st.data())
def test_request_parsing_inverts_encoding(data: st.DataObject) -> None:
    fmt = data.draw(formats)
    message = data.draw(requests(fmt))

    frame = Request.decode(message.request(fmt).encode())

    assert parse_request(frame, fmt, RPV_SIZES) == message


@given(st.data())
def test_answer_parsing_inverts_encoding(data: st.DataObject) -> None:
    fmt = data.draw(formats)
    request, answer = data.draw(exchanges(fmt))

    payload = answer.payload(fmt)

    assert request.parse_answer(payload, fmt) == answer


@given(st.data())
def test_answer_size_is_the_size_of_the_answer(data: st.DataObject) -> None:
    fmt = data.draw(formats)
    request, answer = data.draw(exchanges(fmt))
    size = len(answer.payload(fmt))

    if isinstance(request, Discover | GetLoopDefinition):
        assert size <= request.answer_size(fmt)
    elif isinstance(request, UserCommand):
        assert size >= request.answer_size(fmt)
    elif not isinstance(request, ReadAcquisition):
        assert size == request.answer_size(fmt)


@given(st.data())
def test_any_octets_are_an_answer_or_a_message_error(data: st.DataObject) -> None:
    fmt = data.draw(formats)
    request = data.draw(requests(fmt))
    payload = data.draw(st.binary(max_size=60))

    try:
        answer = request.parse_answer(payload, fmt)
    except MessageError:
        return
    answer.payload(fmt)


@given(st.integers(1, 5), st.integers(0, 10), st.binary(max_size=60))
def test_any_octets_are_a_request_or_a_message_error(
    command: int, subfunction: int, payload: bytes
) -> None:
    try:
        message = parse_request(Request(command, subfunction, payload), A32, RPV_SIZES)
    except MessageError:
        return
    message.request(A32).encode()


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_addresses_are_big_endian_and_masked_to_their_size(size: int) -> None:
    fmt = AddressFormat(size)
    address = 0x1122334455667788

    assert fmt.encode(address) == address.to_bytes(8, "big")[-size:]
    assert fmt.decode(b"\xff" + fmt.encode(address), 1) == address & fmt.mask


@pytest.mark.parametrize(("size", "char_bit"), [(3, 8), (0, 8), (4, 9)])
def test_an_address_format_no_device_has_is_refused(size: int, char_bit: int) -> None:
    with pytest.raises(ValueError, match="not one of"):
        AddressFormat(size, char_bit)


@pytest.mark.parametrize("offset", [-1, 1, 4, 5])
def test_an_address_beyond_the_data_is_a_message_error(offset: int) -> None:
    with pytest.raises(MessageError):
        A32.decode(bytes(4), offset)


@pytest.mark.parametrize(
    ("request_", "payload", "field"),
    [
        (Connect(), "8290226712345678", "magic"),
        (Heartbeat(1, 2), "00000002fffd", "session id"),
        (Heartbeat(1, 2), "000000010002", "challenge response"),
        (GetSpecialRegion(RegionType.FORBIDDEN, 0), "00000000000000000001", "region type"),
        (GetSpecialRegion(RegionType.FORBIDDEN, 0), "01010000000000000001", "region index"),
        (GetLoopDefinition(0), "01018000", "loop id"),
        (ReadMemory((MemoryBlock(0x10, 2),)), "000000110002abcd", "address"),
        (ReadMemory((MemoryBlock(0x10, 2),)), "000000100003abcd", "block size"),
        (WriteMemory((MemoryData(0x10, b"ab"),)), "000000110002", "address"),
        (WriteMemory((MemoryData(0x10, b"ab"),)), "000000100001", "block size"),
        (WriteMemoryMasked((MaskedMemoryData(0x10, b"a", b"b"),)), "000000110001", "address"),
        (ReadRpvs((PublishedValueDefinition(1, DataType.UINT8),)), "000200", "published value id"),
        (WriteRpvs((RpvValue(1, b"a"),)), "000201", "published value id"),
        (WriteRpvs((RpvValue(1, b"a"),)), "000102", "published value size"),
    ],
)
def test_an_answer_to_something_else_is_a_mismatch(
    request_: AnyRequest, payload: str, field: str
) -> None:
    with pytest.raises(AnswerMismatch, match=field) as caught:
        request_.parse_answer(bytes.fromhex(payload), A32)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("request_", "payload", "text"),
    [
        (Disconnect(1), "00", "1 octets of payload, not 0"),
        (GetParams(), "00" * 16, "16 octets"),
        (GetParams(), "00" * 19, "19 octets"),
        (GetParams(), "00" * 16 + "0308", "address size 3"),
        (GetParams(), "00" * 16 + "0409", "char_bit 9"),
        (GetRpvDefinitions(0, 2), "000110", "the answer has 3"),
        (GetSetup(), "000001000110", "DatalogEncoding 1 is unknown"),
        (GetStatus(), "060000000000000000", "DatalogState 6 is unknown"),
        (GetLoopDefinition(0), "00028000", "LoopType 2 is unknown"),
        (GetLoopDefinition(0), "0001800141ff", "1 octets too many"),
        (GetLoopDefinition(0), "0001800541", "truncated"),
        (ReadAcquisition(), "01000001aabbcc", "not 8 or more"),
    ],
)
def test_a_malformed_answer_says_what_is_wrong(
    request_: AnyRequest, payload: str, text: str
) -> None:
    with pytest.raises(MessageError, match=text):
        request_.parse_answer(bytes.fromhex(payload), A32)


def test_a_missing_acknowledgement_is_noticed() -> None:
    """Reference firmware may write the last block without acknowledging it."""
    request = WriteMemory((MemoryData(0x10, b"a"), MemoryData(0x20, b"b")))
    acknowledged = WriteMemoryAnswer((MemoryBlock(0x10, 1),)).payload(A32)

    with pytest.raises(MessageError, match="2 writes were asked for, 1 are acknowledged"):
        request.parse_answer(acknowledged, A32)


def test_params_of_old_firmware_have_bytes_of_8_bits() -> None:
    old = DeviceParams(128, 64, 0, 5_000_000, 50_000, 2, is_short_form=True)

    payload = old.payload(A32)

    assert len(payload) == 17
    assert GetParams().parse_answer(payload, A32) == old
    assert old.char_bit == 8


@pytest.mark.parametrize(
    ("payload", "name"),
    [("000180 03 61c3a9", "aé"), ("000180 02 61c3", "a\N{REPLACEMENT CHARACTER}")],
)
def test_a_name_cut_inside_a_character_is_still_a_name(payload: str, name: str) -> None:
    assert GetLoopDefinition(0).parse_answer(bytes.fromhex(payload), A32).name == name


@pytest.mark.parametrize(
    ("payload", "period", "is_known"),
    [
        ("00008000000000 00", 0, False),
        ("000080000003e8 00", 1000, True),
        ("000180 00", None, False),
    ],
)
def test_a_period_of_zero_is_kept_and_flagged(
    payload: str, period: int | None, is_known: bool
) -> None:
    loop = GetLoopDefinition(0).parse_answer(bytes.fromhex(payload), A32)

    assert loop.period_100ns == period
    assert loop.is_period_known is is_known


def test_unknown_features_are_kept() -> None:
    answer = GetSupportedFeatures().parse_answer(b"\x8f", A32)

    assert FeatureBits.MEMORY_WRITE in answer.features
    assert FeatureBits.DATALOGGING not in answer.features
    assert answer.payload(A32) == b"\x8f"


@pytest.mark.parametrize(
    ("points", "after", "index"), [(25, 13, 11), (25, 26, 0), (25, 25, 0), (25, 0, 24), (0, 0, 0)]
)
def test_the_trigger_lies_before_the_points_after_it(points: int, after: int, index: int) -> None:
    assert AcquisitionMetadata(1, 1, points, 0, after).trigger_index == index


@pytest.mark.parametrize(
    ("to_acquire", "since", "expected"),
    [(0, 0, None), (100, 0, None), (0, 50, None), (100, 50, 0.5), (100, 120, 1.0)],
)
def test_completion_is_a_share_or_unknown(
    to_acquire: int, since: int, expected: float | None
) -> None:
    assert DatalogStatus(DatalogState.TRIGGERED, to_acquire, since).completion == expected


@pytest.mark.parametrize("condition", TriggerCondition)
def test_conditions_know_how_many_operands_they_take(condition: TriggerCondition) -> None:
    expected = {TriggerCondition.ALWAYS_TRUE: 0, TriggerCondition.IS_WITHIN: 3}

    assert condition.operand_count == expected.get(condition, 2)


def configure(*operands: LiteralOperand, config_id: int = 1) -> Configure:
    return Configure(0, config_id, 1, 0, 0, TriggerCondition.EQUAL, 0, operands, (TimeSignal(),))


@pytest.mark.parametrize(
    "message",
    [
        Heartbeat(-1, 0),
        Heartbeat(0, 0x10000),
        GetLoopDefinition(256),
        ReadMemory(()),
        ReadMemory((MemoryBlock(0, 0x10000),)),
        WriteMemory(()),
        WriteMemoryMasked((MaskedMemoryData(0, b"ab", b"a"),)),
        WriteMemoryMasked(()),
        ReadRpvs(()),
        WriteRpvs(()),
        WriteRpvs((RpvValue(0x10000, b""),)),
        configure(LiteralOperand(1e39)),
        configure(config_id=0x10000),
        DiscoverAnswer(1, 0, bytes(15), ""),
        DiscoverAnswer(1, 0, bytes(16), "x" * 256),
        SoftwareId(bytes(17)),
        LoopDefinition(0, LoopType.FIXED_FREQUENCY, True, None, ""),
        LoopDefinition(0, LoopType.VARIABLE_FREQUENCY, True, 1, ""),
    ],
)
def test_what_does_not_fit_the_wire_is_the_callers_mistake(message: AnswerMessage) -> None:
    with pytest.raises(ValueError, match=r"."):
        message.payload(A32)


def test_memory_of_wide_chars_comes_in_whole_chars() -> None:
    odd, even = MemoryBlock(0x10, 3), MemoryBlock(0x10, 4)

    with pytest.raises(ValueError, match="whole chars"):
        ReadMemory((odd,)).payload(WIDE_CHARS)
    with pytest.raises(MessageError, match="whole chars"):
        ReadMemory.parse(ReadMemory((odd,)).payload(A32), WIDE_CHARS)
    with pytest.raises(MessageError, match="whole chars"):
        WriteMemory.parse(WriteMemory((MemoryData(0, b"abc"),)).payload(A32), WIDE_CHARS)
    assert ReadMemory.parse(ReadMemory((even,)).payload(WIDE_CHARS), WIDE_CHARS).blocks == (even,)


def test_a_read_above_the_largest_response_is_refused() -> None:
    payload = ReadMemory((MemoryBlock(0, 65_000), MemoryBlock(0, 508))).payload(A32)

    with pytest.raises(MessageError, match="65519"):
        ReadMemory.parse(payload, A32)


@pytest.mark.parametrize(
    ("command", "subfunction"), [(0, 0), (1, 0), (1, 10), (2, 6), (3, 6), (5, 9), (6, 1), (127, 1)]
)
def test_a_request_that_does_not_exist_is_unsupported(command: int, subfunction: int) -> None:
    with pytest.raises(UnsupportedRequest) as caught:
        parse_request(Request(command, subfunction, b""), A32, RPV_SIZES)

    assert caught.value.code is ResponseCode.UNSUPPORTED_FEATURE


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("", ResponseCode.INVALID_REQUEST),
        ("00", ResponseCode.INVALID_REQUEST),
        ("ffff", ResponseCode.FAILURE_TO_PROCEED),
    ],
)
def test_reading_published_values_tells_malformed_from_unknown(
    payload: str, code: ResponseCode
) -> None:
    with pytest.raises(MessageError) as caught:
        parse_request(Request(3, 4, bytes.fromhex(payload)), A32, RPV_SIZES)

    assert caught.value.code is code


def test_literals_are_rounded_to_float32() -> None:
    frame = configure(LiteralOperand(0.1)).request(A32)

    message = parse_request(frame, A32, {})

    assert isinstance(message, Configure)
    assert message.operands == (LiteralOperand(struct.unpack(">f", struct.pack(">f", 0.1))[0]),)


def test_only_what_does_no_harm_twice_is_idempotent() -> None:
    not_idempotent = (Arm, Connect, Disconnect, Heartbeat, ReadAcquisition, UserCommand)
    exported = [getattr(messages, name) for name in messages.__all__]
    idempotent = {
        t: vars(t)["idempotent"]
        for t in exported
        if isinstance(t, type) and "idempotent" in vars(t)
    }

    assert len(idempotent) == 28
    assert {t for t, harmless in idempotent.items() if not harmless} == set(not_idempotent)


def ask(request: RequestMessage[AnswerT], payload: bytes) -> AnswerT:
    return request.parse_answer(payload, A32)


def test_the_type_of_a_request_names_the_type_of_its_answer() -> None:
    assert_type(ask(GetLoopCount(), b"\x03"), LoopCount)
    assert_type(ask(UserCommand(1, b""), b""), UserCommandAnswer)
    assert_type(ask(ReadRpvs(()), b""), ReadRpvsAnswer)


def test_all_names_are_exported() -> None:
    assert all(hasattr(messages, name) for name in messages.__all__)


@pytest.mark.parametrize("number", ["7f", "5f", "ff"])
def test_one_value_of_an_unknown_type_does_not_hide_the_others(number: str) -> None:
    payload = bytes.fromhex(f"0001{number}" + "000222")

    answer = GetRpvDefinitions(0, 2).parse_answer(payload, AddressFormat(4))

    assert [(rpv.id, rpv.type.is_readable) for rpv in answer.rpvs] == [(1, False), (2, True)]

"""What the device does for a session: information, memory, published values, user commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import FeatureBits, RegionType, ResponseCode
from scrutiny.firmware_link.frames import Request, Response, ResponseParser
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Connect,
    GetLoopDefinition,
    GetRpvDefinitions,
    GetSpecialRegion,
    GetSupportedFeatures,
    MaskedMemoryData,
    MemoryBlock,
    MemoryData,
    PublishedValueDefinition,
    ReadMemory,
    ReadRpvs,
    RpvValue,
    UserCommand,
    WriteMemory,
    WriteMemoryMasked,
    WriteRpvs,
)
from scrutiny.firmware_link.simulator import (
    AddressRange,
    DeviceSettings,
    MemorySegment,
    SimulatedDevice,
)
from tests.support.reference_device import DOCUMENT, MEMORY_BASE
from tests.support.reference_simulator import (
    ReferenceApplication,
    reference_settings,
    reference_values,
)

BASE = MEMORY_BASE
FORBIDDEN = BASE + 0x100
READ_ONLY = BASE + 0x200
FMT = AddressFormat(4)


SETTINGS = replace(
    reference_settings(), segments=(MemorySegment(BASE, 1024, bytes(range(256)) * 4),)
)


def make_device(settings: DeviceSettings = SETTINGS) -> SimulatedDevice:
    device = SimulatedDevice(settings, ReferenceApplication(reference_values()))
    device.receive(Connect().request(FMT).encode(), 0)
    device.take_output()
    return device


@pytest.fixture
def device() -> SimulatedDevice:
    return make_device()


def send(device: SimulatedDevice, request: Request) -> Response:
    device.receive(request.encode(), 0)
    (response,) = ResponseParser().feed(device.take_output())
    assert (response.command, response.subfunction) == (request.command, request.subfunction)
    assert not (response.code and response.payload)
    return response


def code_of(device: SimulatedDevice, request: Request) -> ResponseCode:
    return ResponseCode(send(device, request).code)


def read(*blocks: tuple[int, int]) -> Request:
    return ReadMemory(tuple(MemoryBlock(*block) for block in blocks)).request(FMT)


def write(*blocks: tuple[int, bytes]) -> Request:
    return WriteMemory(tuple(MemoryData(*block) for block in blocks)).request(FMT)


def write_masked(*blocks: tuple[int, bytes, bytes]) -> Request:
    return WriteMemoryMasked(tuple(MaskedMemoryData(*block) for block in blocks)).request(FMT)


def write_rpvs(*values: tuple[int, bytes]) -> Request:
    return WriteRpvs(tuple(RpvValue(*value) for value in values)).request(FMT)


def vector_exchanges(address_size: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each request of the vectors with the answer it gets, in order.

    Left out is the datalogger, whose answers depend on what its loops have done.
    """
    vectors: list[dict[str, Any]] = DOCUMENT["vectors"]
    for vector, after in zip(vectors, vectors[1:] + vectors[:1], strict=True):
        if vector["direction"] != "request" or vector["address_size"] != address_size:
            continue
        if vector["exchange"].startswith("datalog"):
            continue
        yield vector, "" if vector.get("expect") == "no response" else after["hex"]


@pytest.mark.parametrize("address_size", [4, 8], ids="{}-octet addresses".format)
def test_the_device_says_what_the_reference_device_says(address_size: int) -> None:
    settings = replace(SETTINGS, address_size=address_size)
    device = SimulatedDevice(settings, ReferenceApplication(reference_values()))
    checked = 0

    for vector, expected in vector_exchanges(address_size):
        device.receive(bytes.fromhex(vector["hex"]), 0)
        assert device.take_output().hex() == expected, vector["name"]
        checked += 1

    assert checked >= 10


@pytest.mark.parametrize("command", [0, 6, 0x7F])
def test_an_unknown_command_is_unsupported(device: SimulatedDevice, command: int) -> None:
    assert code_of(device, Request(command, 1, b"")) == ResponseCode.UNSUPPORTED_FEATURE


@pytest.mark.parametrize(("command", "subfunction"), [(1, 0), (1, 10), (2, 6), (3, 6), (5, 9)])
def test_an_unknown_subfunction_is_unsupported(
    device: SimulatedDevice, command: int, subfunction: int
) -> None:
    assert code_of(device, Request(command, subfunction, b"")) == ResponseCode.UNSUPPORTED_FEATURE


@pytest.mark.parametrize("subfunction", [1, 2, 3, 4, 6, 8])
def test_questions_without_payload_ignore_octets_in_it(
    device: SimulatedDevice, subfunction: int
) -> None:
    assert code_of(device, Request(1, subfunction, b"xyz")) == ResponseCode.OK


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"supports_memory_write": False}, FeatureBits.MEMORY_WRITE),
        ({"supports_user_command": False}, FeatureBits.USER_COMMAND),
        ({"supports_64bits": False}, FeatureBits.SUPPORT_64BITS),
        ({"datalog_buffer_size": 0}, FeatureBits.DATALOGGING),
        ({"loops": SETTINGS.loops[:0]}, FeatureBits.DATALOGGING),
        ({}, FeatureBits(0)),
    ],
)
def test_feature_bits_follow_the_settings(change: dict[str, Any], missing: FeatureBits) -> None:
    everything = FeatureBits(0xF0)
    device = make_device(replace(SETTINGS, **change))

    response = send(device, GetSupportedFeatures().request(FMT))

    assert FeatureBits(response.payload[0]) == everything & ~missing


def test_a_region_has_an_inclusive_end(device: SimulatedDevice) -> None:
    question = GetSpecialRegion(RegionType.FORBIDDEN, 0)

    answer = question.parse_answer(send(device, question.request(FMT)).payload, FMT)

    assert (answer.start, answer.end) == (FORBIDDEN, FORBIDDEN + 0xFF)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\0", ResponseCode.INVALID_REQUEST),
        (b"\2\0", ResponseCode.INVALID_REQUEST),
        (b"\0\2", ResponseCode.FAILURE_TO_PROCEED),
        (b"\1\1", ResponseCode.FAILURE_TO_PROCEED),
    ],
)
def test_a_region_that_does_not_exist(
    device: SimulatedDevice, payload: bytes, code: ResponseCode
) -> None:
    assert code_of(device, Request(1, 5, payload)) == code


@pytest.mark.parametrize(
    ("start", "count", "code"),
    [
        (0, 8, ResponseCode.OK),
        (7, 0, ResponseCode.OK),
        (7, 2, ResponseCode.FAILURE_TO_PROCEED),
        (8, 0, ResponseCode.FAILURE_TO_PROCEED),
    ],
)
def test_rpv_definitions_are_asked_for_by_position(
    device: SimulatedDevice, start: int, count: int, code: ResponseCode
) -> None:
    assert code_of(device, GetRpvDefinitions(start, count).request(FMT)) == code


def test_rpv_definitions_that_do_not_fit_overflow() -> None:
    settings = replace(SETTINGS, max_tx_payload=32, display_name="")
    rpvs = tuple(PublishedValueDefinition(rpv_id, DataType.UINT8) for rpv_id in range(11))
    device = make_device(replace(settings, rpvs=rpvs))

    assert code_of(device, GetRpvDefinitions(0, 10).request(FMT)) == ResponseCode.OK
    assert code_of(device, GetRpvDefinitions(0, 11).request(FMT)) == ResponseCode.OVERFLOW


def test_without_64_bits_values_of_8_octets_are_left_out() -> None:
    device = make_device(replace(SETTINGS, supports_64bits=False))

    assert send(device, Request(1, 6, b"")).payload == (6).to_bytes(2, "big")
    assert code_of(device, Request(3, 4, b"\x10\x05")) == ResponseCode.FAILURE_TO_PROCEED


def test_a_device_without_published_values() -> None:
    device = make_device(replace(SETTINGS, rpvs=()))

    assert code_of(device, GetRpvDefinitions(0, 0).request(FMT)) == ResponseCode.FAILURE_TO_PROCEED
    assert code_of(device, Request(3, 4, b"")) == ResponseCode.UNSUPPORTED_FEATURE
    assert code_of(device, Request(3, 5, b"")) == ResponseCode.UNSUPPORTED_FEATURE


def test_loop_definitions_are_checked(device: SimulatedDevice) -> None:
    assert code_of(device, Request(1, 9, b"")) == ResponseCode.INVALID_REQUEST
    assert code_of(device, GetLoopDefinition(3).request(FMT)) == ResponseCode.FAILURE_TO_PROCEED


def test_memory_that_was_written_is_read(device: SimulatedDevice) -> None:
    response = send(device, write((BASE, b"\xde\xad"), (BASE + 1, b"\xbe")))

    assert response.payload == bytes.fromhex("201000000002201000010001")
    assert send(device, read((BASE, 3))).payload[6:] == b"\xde\xbe\x02"


def test_a_masked_write_changes_the_bits_of_the_mask_only(device: SimulatedDevice) -> None:
    send(device, write((BASE, b"\x55\x55")))

    send(device, write_masked((BASE, b"\xfa\x0c", b"\x0f\x0e")))

    assert send(device, read((BASE, 2))).payload[6:] == b"\x5a\x5d"


def test_masked_blocks_of_one_request_build_on_each_other(device: SimulatedDevice) -> None:
    send(device, write_masked((BASE, b"\xff", b"\x0f"), (BASE, b"\xff", b"\xf0")))

    assert send(device, read((BASE, 1))).payload[6:] == b"\xff"


@pytest.mark.parametrize(
    ("start", "size", "code"),
    [
        (FORBIDDEN - 4, 4, ResponseCode.OK),
        (FORBIDDEN - 4, 5, ResponseCode.FORBIDDEN),
        (FORBIDDEN + 0xFF, 1, ResponseCode.FORBIDDEN),
        (FORBIDDEN + 0x100, 1, ResponseCode.OK),
        (FORBIDDEN + 1, 0, ResponseCode.FORBIDDEN),
        (FORBIDDEN - 1, 0, ResponseCode.OK),
        (READ_ONLY, 4, ResponseCode.OK),
        (BASE + 1024, 1, ResponseCode.FAILURE_TO_PROCEED),
    ],
)
def test_what_may_be_read(
    device: SimulatedDevice, start: int, size: int, code: ResponseCode
) -> None:
    assert code_of(device, read((start, size))) == code


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (FORBIDDEN - 1, ResponseCode.FORBIDDEN),
        (READ_ONLY + 0x7F, ResponseCode.FORBIDDEN),
        (READ_ONLY + 0x80, ResponseCode.OK),
        (BASE + 1023, ResponseCode.FAILURE_TO_PROCEED),
    ],
)
def test_what_may_be_written(device: SimulatedDevice, start: int, code: ResponseCode) -> None:
    assert code_of(device, write((start, b"\1\2"))) == code
    assert code_of(device, write_masked((start, b"\1\2", b"\xff\xff"))) == code


@pytest.mark.parametrize("bad", [FORBIDDEN, READ_ONLY, BASE + 1024])
def test_nothing_is_written_when_one_block_is_refused(device: SimulatedDevice, bad: int) -> None:
    assert code_of(device, write((BASE, b"\x99"), (bad, b"\x99"))) != ResponseCode.OK
    assert code_of(device, write_masked((BASE, b"\x99", b"\xff"), (bad, b"\x99", b"\xff")))

    assert send(device, read((BASE, 1))).payload[6:] == b"\0"


def test_a_read_that_fills_the_transmit_buffer_fits(device: SimulatedDevice) -> None:
    assert code_of(device, read((BASE, 122))) == ResponseCode.OK
    assert code_of(device, read((BASE, 123))) == ResponseCode.OVERFLOW


def test_protection_is_looked_at_before_the_size_of_the_last_block(
    device: SimulatedDevice,
) -> None:
    assert code_of(device, read((FORBIDDEN, 200))) == ResponseCode.FORBIDDEN
    assert code_of(device, read((BASE, 200), (FORBIDDEN, 1))) == ResponseCode.OVERFLOW


@pytest.mark.parametrize("subfunction", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("payload", [b"", b"\x20"], ids=["empty", "truncated"])
def test_a_malformed_request_is_invalid(
    device: SimulatedDevice, subfunction: int, payload: bytes
) -> None:
    assert code_of(device, Request(3, subfunction, payload)) == ResponseCode.INVALID_REQUEST


def test_more_than_a_frame_can_hold_is_invalid(device: SimulatedDevice) -> None:
    assert code_of(device, read((BASE, 0xFFFF), (BASE, 1))) == ResponseCode.INVALID_REQUEST


def test_without_memory_write_even_a_malformed_write_is_forbidden() -> None:
    device = make_device(replace(SETTINGS, supports_memory_write=False))

    assert code_of(device, Request(3, 2, b"")) == ResponseCode.FORBIDDEN
    assert code_of(device, write_masked((BASE, b"\0", b"\1"))) == ResponseCode.FORBIDDEN
    assert code_of(device, write_rpvs((0x1007, b"\7"))) == ResponseCode.OK


def test_an_acknowledgement_that_does_not_fit_overflows_before_anything_is_written() -> None:
    device = make_device(replace(SETTINGS, max_tx_payload=32))

    assert code_of(device, write(*((BASE + i, b"\x99") for i in range(6)))) == ResponseCode.OVERFLOW
    assert send(device, read((BASE, 1))).payload[6:] == b"\0"


def test_a_published_value_that_was_written_is_read(device: SimulatedDevice) -> None:
    send(device, write_rpvs((0x1001, b"\xbe\xef"), (0x1007, b"\x2a")))

    question = ReadRpvs(
        (
            PublishedValueDefinition(0x1007, DataType.UINT8),
            PublishedValueDefinition(0x1001, DataType.UINT16),
        )
    )
    assert send(device, question.request(FMT)).payload == bytes.fromhex("10072a1001beef")


def test_a_published_value_that_the_application_lacks_fails() -> None:
    rpvs = (*SETTINGS.rpvs, PublishedValueDefinition(0x7777, DataType.UINT8))
    device = make_device(replace(SETTINGS, rpvs=rpvs))

    assert code_of(device, Request(3, 4, b"\x77\x77")) == ResponseCode.FAILURE_TO_PROCEED
    assert code_of(device, write_rpvs((0x7777, b"\1"))) == ResponseCode.FAILURE_TO_PROCEED


def test_published_values_that_do_not_fit_overflow() -> None:
    device = make_device(replace(SETTINGS, max_tx_payload=32, max_rx_payload=256))

    assert code_of(device, Request(3, 4, b"\x10\x05" * 3)) == ResponseCode.OK
    assert code_of(device, Request(3, 4, b"\x10\x05" * 4)) == ResponseCode.OVERFLOW
    assert code_of(device, write_rpvs(*[(0x1007, b"\1")] * 11)) == ResponseCode.OVERFLOW


def test_user_commands(device: SimulatedDevice) -> None:
    assert send(device, UserCommand(10, b"abc").request(FMT)).payload == b"cba"
    assert code_of(device, UserCommand(0xEE, b"").request(FMT)) == ResponseCode.OVERFLOW


def test_an_answer_of_the_application_that_does_not_fit_overflows() -> None:
    device = make_device(replace(SETTINGS, max_tx_payload=32))

    assert code_of(device, UserCommand(10, bytes(33)).request(FMT)) == ResponseCode.OVERFLOW


def test_without_a_handler_user_commands_are_unsupported() -> None:
    device = make_device(replace(SETTINGS, supports_user_command=False))

    assert code_of(device, UserCommand(10, b"").request(FMT)) == ResponseCode.UNSUPPORTED_FEATURE


def test_a_target_of_16_bit_chars_counts_addresses_in_chars() -> None:
    fmt = AddressFormat(4, 16)
    settings = DeviceSettings(
        char_bit=16,
        segments=(MemorySegment(0x2000, 64, bytes(range(64))),),
        readonly_regions=(),
        forbidden_regions=(AddressRange(0x1008, 0x1009),),
    )
    device = make_device(settings)

    def read_chars(address: int, size: int) -> Request:
        return ReadMemory((MemoryBlock(address, size),)).request(fmt)

    assert send(device, read_chars(0x1001, 4)).payload[6:] == b"\2\3\4\5"
    assert code_of(device, read_chars(0x1006, 4)) == ResponseCode.OK
    assert code_of(device, read_chars(0x1006, 6)) == ResponseCode.FORBIDDEN
    assert code_of(device, read((0x1000, 3))) == ResponseCode.INVALID_REQUEST

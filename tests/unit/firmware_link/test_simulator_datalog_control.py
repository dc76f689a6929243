"""Reading what was recorded, chunk by chunk, and what the datalogger tells about itself."""

from __future__ import annotations

import dataclasses
import zlib

import pytest
from msgspec.structs import replace

from scrutiny.core.types import DataType
from scrutiny.firmware_link.codes import DatalogEncoding, ResponseCode, TriggerCondition
from scrutiny.firmware_link.frames import Request
from scrutiny.firmware_link.messages import (
    Arm,
    BitFieldOperand,
    DatalogSetup,
    Disarm,
    GetMetadata,
    GetSetup,
    GetStatus,
    LiteralOperand,
    MemorySignal,
    PublishedValueDefinition,
    ReadAcquisition,
    Reset,
    RpvSignal,
    TimeSignal,
)

from .recording_rig import ALWAYS, COUNTER, SETTINGS, VALUE_ID, RecordingRig

RING = bytes(range(1, 65))


@pytest.fixture
def rig() -> RecordingRig:
    return RecordingRig(max_tx_payload=32)


def test_the_setup_is_that_of_the_settings() -> None:
    rig = RecordingRig(datalog_buffer_size=12345, datalog_max_signals=3)

    assert rig.ask(GetSetup()) == DatalogSetup(12345, DatalogEncoding.RAW, 3)


@pytest.mark.parametrize("subfunction", range(10))
def test_without_a_buffer_there_is_no_datalogger(subfunction: int) -> None:
    rig = RecordingRig(datalog_buffer_size=0)

    assert rig.code(Request(5, subfunction, b"")) is ResponseCode.UNSUPPORTED_FEATURE


@pytest.mark.parametrize("subfunction", [0, 9, 0xFF])
def test_there_are_eight_subfunctions(rig: RecordingRig, subfunction: int) -> None:
    assert rig.code(Request(5, subfunction, b"")) is ResponseCode.UNSUPPORTED_FEATURE


@pytest.mark.parametrize("subfunction", [1, 3, 4, 5, 6, 7, 8])
def test_octets_in_a_request_without_payload_are_ignored(
    rig: RecordingRig, subfunction: int
) -> None:
    rig.record()

    assert rig.code(Request(5, subfunction, b"xyz")) is ResponseCode.OK


def test_chunks_are_numbered_and_the_last_has_the_crc_of_all(rig: RecordingRig) -> None:
    rig.record()

    chunks = rig.read_chunks()

    assert [len(chunk.data) for chunk in chunks] == [28, 28, 8]
    assert [chunk.rolling_counter for chunk in chunks] == [0, 1, 2]
    assert {chunk.acquisition_id for chunk in chunks} == {1}
    assert b"".join(chunk.data for chunk in chunks) == RING
    assert chunks[-1].crc == zlib.crc32(RING)


@pytest.mark.parametrize(
    ("transmit_size", "sizes"),
    [
        (72, [64]),
        (71, [64, 0]),  # the data fit, the CRC does not
        (68, [64, 0]),
        (67, [63, 1]),
        (36, [32, 32, 0]),
        (40, [36, 28]),
    ],
)
def test_the_crc_may_need_a_chunk_of_its_own(transmit_size: int, sizes: list[int]) -> None:
    rig = RecordingRig(max_tx_payload=transmit_size)
    rig.record()

    assert [len(chunk.data) for chunk in rig.read_chunks()] == sizes


def test_the_number_of_a_chunk_wraps() -> None:
    rig = RecordingRig(max_tx_payload=32, datalog_buffer_size=28 * 300)
    rig.record(replace(ALWAYS, signals=(MemorySignal(COUNTER, 28),)), count=300)

    counters = [chunk.rolling_counter for chunk in rig.read_chunks()]

    assert counters == [number % 256 for number in range(301)]


def test_after_the_last_chunk_it_starts_over(rig: RecordingRig) -> None:
    rig.record()

    assert rig.read_chunks() == rig.read_chunks()


@pytest.mark.parametrize("message", [Arm(), Disarm(), ALWAYS, Reset()])
def test_a_pass_ends_with_its_recording(rig: RecordingRig, message: Arm | Disarm | Reset) -> None:
    rig.record()
    rig.ask(ReadAcquisition())

    rig.ask(message)

    assert rig.code(ReadAcquisition()) is ResponseCode.FAILURE_TO_PROCEED
    rig.record()
    assert [chunk.rolling_counter for chunk in rig.read_chunks()] == [0, 1, 2]


def test_questions_do_not_disturb_a_pass(rig: RecordingRig) -> None:
    rig.record()
    first = rig.ask(ReadAcquisition())

    rig.ask(GetMetadata())
    rig.ask(GetStatus())
    rig.ask(GetSetup())
    rig.run(10)

    assert first.data + rig.read() == RING


def test_a_pass_outlives_the_session(rig: RecordingRig) -> None:
    rig.record()
    rig.ask(ReadAcquisition())
    rig.now_ns += 10_000_000_000
    rig.connect()

    assert rig.ask(ReadAcquisition()).rolling_counter == 1


# --- Bytes of 16 bits ---------------------------------------------------------------------------


def test_bytes_of_16_bits_are_what_is_counted_and_chunks_have_whole_ones() -> None:
    rig = RecordingRig(
        char_bit=16,
        max_tx_payload=33,
        datalog_buffer_size=35,
        segments=(dataclasses.replace(SETTINGS.segments[0], start=2 * COUNTER),),
        rpvs=(PublishedValueDefinition(VALUE_ID, DataType.UINT16),),
    )
    signals = (MemorySignal(COUNTER, 2), RpvSignal(VALUE_ID), TimeSignal())
    counter_is_4 = (BitFieldOperand(DataType.UINT16, COUNTER, 2, 1), LiteralOperand(1.0))
    equal = replace(ALWAYS, condition=TriggerCondition.EQUAL, operands=counter_is_4)
    rig.record(replace(equal, signals=signals))

    metadata = rig.ask(GetMetadata())
    chunks = rig.read_chunks()

    assert (metadata.point_count, metadata.data_size) == (7, 35)
    assert [len(chunk.data) for chunk in chunks] == [28, 28, 14]
    assert chunks[0].data[:10] == bytes.fromhex("02000000 1234 00004e20")
    assert chunks[0].data[10 * metadata.trigger_index] == 4

"""Fetching an acquisition in chunks from a device that is told from its specification."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrutiny.firmware_link.acquisition_transfer import AcquisitionTransfer
from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.errors import LinkError, RecordingFailed
from scrutiny.firmware_link.frames import crc32
from scrutiny.firmware_link.messages import (
    AcquisitionChunk,
    AcquisitionMetadata,
    GetMetadata,
)

from .fake_datalogger import FMT, FakeDatalogger, Fault, Line, profile, run_transfer

VECTORS = Path(__file__).parents[2] / "data" / "device-protocol-vectors.json"

CHUNK = 28  # octets of data, with a transmit buffer of 32
LARGE = 64 * 1024  # 2341 chunks


def make_data(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def transfer_of(device: FakeDatalogger, announced: int | None = None) -> AcquisitionTransfer:
    """Fetch from this device, which announces its transmit buffer, or another."""
    return AcquisitionTransfer(
        device.metadata, profile(max_tx_payload=announced or device.transmit_size)
    )


def fetch(device: FakeDatalogger, faults: list[Fault] | None = None) -> bytes:
    transfer = transfer_of(device)
    run_transfer(transfer, Line(device, faults or []), 100_000)
    return transfer.result()


def chunk(counter: int, data: bytes, crc: int | None = None, acquisition_id: int = 5) -> bytes:
    return AcquisitionChunk(counter & 0xFF, acquisition_id, data, crc).payload(FMT)


def passes(device: FakeDatalogger) -> int:
    """Return how many chunks with data a pass has."""
    return -(-len(device.data) // (device.transmit_size - 4))


def run_until(transfer: AcquisitionTransfer, device: FakeDatalogger, request_count: int) -> None:
    """Let so many requests be answered."""
    while transfer.request_count < request_count:
        transfer.received(device.next_chunk().payload(FMT))


# ------------------------------------------------------------------ an undisturbed pass


@pytest.mark.parametrize("short_by", [0, 1])
@pytest.mark.parametrize("size", range(1, 3 * CHUNK + 2))
def test_every_size_arrives_with_one_pass(size: int, short_by: int) -> None:
    data = make_data(size)
    device = FakeDatalogger(data, final_from=32 - 8 - short_by)
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device), 10)

    assert transfer.result() == data
    assert transfer.request_count <= size // CHUNK + 2
    assert (device.offset, device.counter) == (0, 0)  # nothing was asked for in vain


def test_the_acquisition_of_the_specification_is_fetched() -> None:
    vectors = {vector["name"]: vector for vector in json.loads(VECTORS.read_text())["vectors"]}
    payloads = [bytes.fromhex(vectors[f"datalog_read_{i}.rsp"]["payload_hex"]) for i in range(3)]
    metadata = GetMetadata().parse_answer(
        bytes.fromhex(vectors["datalog_metadata.rsp"]["payload_hex"]), FMT
    )
    transfer = AcquisitionTransfer(metadata, profile(max_tx_payload=128))

    for payload in payloads:
        transfer.received(payload)

    assert transfer.result() == payloads[0][4:] + payloads[1][4:] + payloads[2][4:-4]


def test_the_counter_wraps_within_a_large_acquisition() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device), 2400)

    assert transfer.result() == device.data
    assert transfer.request_count == 2341


@pytest.mark.parametrize("chunks", [255, 256, 257, 512, 513])
@pytest.mark.parametrize("rest", [0, 1, 24, 25, 27])
def test_counters_are_right_where_they_wrap(chunks: int, rest: int) -> None:
    device = FakeDatalogger(make_data(chunks * CHUNK + rest))
    faults = [Fault.NONE] * (chunks - 1) + [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.LATE]

    assert fetch(device, faults) == device.data


@pytest.mark.parametrize("announced", [32, 100, 1024])
def test_chunks_may_be_smaller_than_the_buffer_that_was_announced(announced: int) -> None:
    device = FakeDatalogger(make_data(1000), transmit_size=23)
    transfer = transfer_of(device, announced)

    run_transfer(transfer, Line(device), 1000)

    assert transfer.result() == device.data


def test_data_of_16_bit_bytes_are_counted_in_octets() -> None:
    data = make_data(100)
    metadata = AcquisitionMetadata(5, 1, 25, 50, 12)
    transfer = AcquisitionTransfer(metadata, profile(char_bit=16))

    run_transfer(transfer, Line(FakeDatalogger(data)), 10)

    assert transfer.result() == data


def test_nothing_is_fetched_if_there_is_nothing() -> None:
    transfer = AcquisitionTransfer(AcquisitionMetadata(5, 1, 0, 0, 0), profile())

    assert transfer.is_done
    assert transfer.completion == 1.0
    assert transfer.result() == b""


def test_a_request_waits_for_the_largest_chunk_that_may_come() -> None:
    large = transfer_of(FakeDatalogger(make_data(5000), transmit_size=1024))
    small = transfer_of(FakeDatalogger(make_data(100), transmit_size=1024))

    assert large.transaction.max_size == 1024
    assert small.transaction.max_size == 108
    assert large.transaction.retries == 0


@pytest.mark.parametrize("size", [1, 27, 28, 29, 56, 57, 200])
def test_one_more_request_is_certain_only_if_it_is(size: int) -> None:
    device = FakeDatalogger(make_data(size))
    transfer = transfer_of(device)

    while not transfer.is_done:
        was_certain = transfer.are_certain(2)
        transfer.received(device.next_chunk().payload(FMT))
        assert not (was_certain and transfer.is_done)

    assert transfer.result() == device.data


def test_no_request_is_certain_if_the_missing_chunk_may_come_now() -> None:
    device = FakeDatalogger(make_data(10 * CHUNK))
    transfer = transfer_of(device)
    run_until(transfer, device, 2)
    device.next_chunk()
    transfer.lost()
    run_until(transfer, device, 13)  # to the end, and in the next pass up to that chunk

    assert not transfer.are_certain(2)
    run_until(transfer, device, 14)
    assert transfer.result() == device.data


def test_all_but_the_last_requests_are_certain() -> None:
    device = FakeDatalogger(make_data(100 * CHUNK + 3))
    transfer = transfer_of(device)
    certain = 0

    while not transfer.is_done:
        certain += transfer.are_certain(2)
        transfer.received(device.next_chunk().payload(FMT))

    assert certain == 100


# ------------------------------------------------------------------ lost, late, doubled


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.NONE])
@pytest.mark.parametrize("size", [20, 28, 250, 252, 300 * CHUNK, 300 * CHUNK + 5])
def test_any_single_fault_costs_one_more_pass_at_most(size: int, fault: Fault) -> None:
    data = make_data(size)
    count = -(-size // CHUNK)
    for position in {0, 1, count // 2, count - 1, count, 256} & set(range(count + 1)):
        device = FakeDatalogger(data)
        transfer = transfer_of(device)
        faults = [Fault.NONE] * position + [fault]

        run_transfer(transfer, Line(device, faults), 2 * count + 5)

        assert transfer.result() == data


def test_a_lost_request_costs_nothing_but_itself() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device, [Fault.NONE] * 700 + [Fault.REQUEST_LOST] * 50), 2500)

    assert transfer.result() == device.data
    assert transfer.request_count == 2341 + 50


def test_a_lost_chunk_is_filled_in_by_the_next_pass() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device, [Fault.NONE] * 9 + [Fault.ANSWER_LOST]), 5000)

    assert transfer.result() == device.data
    assert transfer.request_count == 2341 + 10


def test_what_lies_behind_a_gap_may_come_when_the_gap_is_filled() -> None:
    device = FakeDatalogger(make_data(8 * CHUNK))
    lost = [Fault.NONE] * 2 + [Fault.ANSWER_LOST] + [Fault.NONE] * 3 + [Fault.ANSWER_LOST] * 2
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device, lost), 100)

    assert transfer.result() == device.data
    assert transfer.request_count == 8 + 1 + 8  # one chunk has nothing but the CRC


@pytest.mark.parametrize("lost", [1, 2, 100, 199])
def test_many_chunks_in_a_row_may_get_lost_at_the_end_of_a_pass(lost: int) -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    faults = [Fault.NONE] * (2341 - lost // 2) + [Fault.ANSWER_LOST] * lost

    run_transfer(transfer, Line(device, faults), 3 * 2342)

    assert transfer.result() == device.data


def test_where_the_device_is_may_be_lost_altogether() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    faults = [Fault.NONE] * 100 + [Fault.ANSWER_LOST] * 300

    run_transfer(transfer, Line(device, faults), 3 * 2341)

    assert transfer.result() == device.data


@pytest.mark.parametrize("chunks", [1, 3, 4, 100, 256, 300, 512, 2000, 2340])
def test_a_pass_that_somebody_else_has_half_read_is_no_problem(chunks: int) -> None:
    device = FakeDatalogger(make_data(LARGE))
    device.half_read(chunks)
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device), 4 * 2341)

    assert transfer.result() == device.data


def test_where_the_device_is_shows_even_if_the_end_of_the_pass_is_lost() -> None:
    device = FakeDatalogger(make_data(LARGE))
    device.half_read(1000)
    transfer = transfer_of(device)

    run_transfer(transfer, Line(device, [Fault.NONE] * 1340 + [Fault.ANSWER_LOST]), 1341 + 2341)

    assert transfer.result() == device.data


@pytest.mark.parametrize("size", range(8 * CHUNK + 20, 9 * CHUNK + 1))
def test_a_small_pass_may_be_half_read_up_to_anywhere(size: int) -> None:
    for chunks in range(10):
        device = FakeDatalogger(make_data(size))
        device.half_read(chunks)
        transfer = transfer_of(device)

        run_transfer(transfer, Line(device), 30)

        assert transfer.result() == device.data


@pytest.mark.parametrize("meanwhile", [0, 1, 5, 100])
def test_a_pass_that_begins_anew_in_between_costs_no_chunk_that_is_there(meanwhile: int) -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    run_until(transfer, device, 1500)
    device.begin_pass()
    device.half_read(meanwhile)
    held = transfer.completion

    run_transfer(transfer, Line(device), 2 * 2341)

    assert transfer.result() == device.data
    assert held > 0.6
    assert transfer.request_count <= 1500 + 2 * 2341


def test_answers_that_are_all_one_request_late_are_sorted_out() -> None:
    device = FakeDatalogger(make_data(LARGE))
    line = Line(device, [Fault.NONE] * 20 + [Fault.LATE])  # from here on each is the one before
    transfer = transfer_of(device)

    run_transfer(transfer, line, 2400)

    assert transfer.result() == device.data
    assert transfer.request_count <= 2343


def test_completion_grows_up_to_one() -> None:
    device = FakeDatalogger(make_data(280))
    transfer = transfer_of(device)
    told = [transfer.completion]

    while not transfer.is_done:
        transfer.received(device.next_chunk().payload(FMT))
        told.append(transfer.completion)

    assert told == sorted(told)
    assert (told[0], told[1], told[-1]) == (0.0, 0.1, 1.0)


def test_completion_does_not_shrink_when_all_begins_anew() -> None:
    device = FakeDatalogger(make_data(280))
    transfer = transfer_of(device)
    told: list[float] = []
    device.half_read(1)
    for _ in range(9):
        transfer.received(device.next_chunk().payload(FMT))
        told.append(transfer.completion)
    device.data = make_data(280, seed=2)  # and the first chunk will be of these
    while not transfer.is_done:
        transfer.received(device.next_chunk().payload(FMT))
        told.append(transfer.completion)

    assert told == sorted(told)
    assert transfer.result() == device.data


# ------------------------------------------------------------------ what cannot be had


def test_data_that_do_not_match_the_crc_are_never_returned() -> None:
    data = make_data(100)
    transfer = transfer_of(FakeDatalogger(data))
    wrong = crc32(data) ^ 1

    for _ in range(100):
        for counter in range(3):
            transfer.received(chunk(counter, data[counter * CHUNK :][:CHUNK]))
        transfer.received(chunk(3, data[3 * CHUNK :], wrong))
        if transfer.is_done:
            break

    with pytest.raises(RecordingFailed, match="do not fit together, in 4 attempts"):
        transfer.result()


def test_a_wrong_chunk_is_thrown_away_with_all_others_and_fetched_again() -> None:
    data = make_data(100)
    device = FakeDatalogger(data)
    transfer = transfer_of(device)
    transfer.received(chunk(0, b"?" * CHUNK))
    device.half_read(1)

    run_transfer(transfer, Line(device), 20)

    assert transfer.result() == data


def test_a_wrong_chunk_of_a_large_acquisition_costs_one_more_pass() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    transfer.received(chunk(0, b"?" * CHUNK))
    device.half_read(1)

    run_transfer(transfer, Line(device), 2 * 2341)

    assert transfer.result() == device.data


@pytest.mark.parametrize("size", [1, 26, 30, 44])
def test_a_last_chunk_of_a_size_that_does_not_fit_in_costs_one_more_pass(size: int) -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    run_until(transfer, device, 2300)
    transfer.received(chunk(2300, b"?" * size, 0))
    device.begin_pass()
    device.half_read(1)
    transfer.lost()

    run_transfer(transfer, Line(device), 2341)

    assert transfer.result() == device.data


def test_a_recording_that_is_armed_again_meanwhile_fails() -> None:
    device = FakeDatalogger(make_data(1000))
    transfer = transfer_of(device)
    transfer.received(device.next_chunk().payload(FMT))

    transfer.received(chunk(1, b"?" * CHUNK, acquisition_id=6))
    assert not transfer.is_done  # a late answer
    transfer.received(device.next_chunk().payload(FMT))
    transfer.received(chunk(2, b"?" * CHUNK, acquisition_id=6))
    assert not transfer.is_done  # another one
    transfer.received(chunk(3, b"?" * CHUNK, acquisition_id=6))

    with pytest.raises(RecordingFailed, match="now sends acquisition 6, no longer 5"):
        transfer.result()


def test_a_late_chunk_of_the_acquisition_before_does_no_harm() -> None:
    device = FakeDatalogger(make_data(1000))
    transfer = transfer_of(device)
    transfer.received(chunk(0, b"?" * CHUNK, acquisition_id=4))

    run_transfer(transfer, Line(device), 100)

    assert transfer.result() == device.data


def test_a_device_that_sends_chunks_without_end_is_given_up() -> None:
    transfer = transfer_of(FakeDatalogger(make_data(200 * CHUNK)))

    counters = itertools.count()
    while not transfer.is_done:
        transfer.received(chunk(next(counters) % 200, b"?" * CHUNK))

    with pytest.raises(RecordingFailed, match="never the end of the acquisition"):
        transfer.result()
    assert transfer.request_count < 10 * 201


def test_a_chunk_that_never_comes_is_given_up_after_eight_passes() -> None:
    device = FakeDatalogger(make_data(200 * CHUNK))
    transfer = transfer_of(device)
    request_count = 0

    while not transfer.is_done:
        request_count += 1
        sent = device.next_chunk()
        if sent.rolling_counter == 17:
            transfer.lost()
        else:
            transfer.received(sent.payload(FMT))

    with pytest.raises(RecordingFailed, match="28 of 5600 octets of the acquisition never arrived"):
        transfer.result()
    assert 8 * 200 < request_count < 10 * 201


def test_a_line_that_carries_no_chunk_at_all_is_given_up() -> None:
    transfer = transfer_of(FakeDatalogger(make_data(LARGE)))

    while not transfer.is_done:
        transfer.lost()

    with pytest.raises(RecordingFailed, match="the line damages long frames"):
        transfer.result()
    assert transfer.request_count < 100


def test_a_refusal_ends_the_transfer_until_it_asks_again() -> None:
    device = FakeDatalogger(make_data(LARGE))
    transfer = transfer_of(device)
    run_until(transfer, device, 700)

    transfer.refused(ResponseCode.FAILURE_TO_PROCEED)
    device.begin_pass()

    assert transfer.is_done
    assert transfer.refusal is ResponseCode.FAILURE_TO_PROCEED
    assert not transfer.are_certain(2)
    with pytest.raises(RecordingFailed, match="incomplete"):
        transfer.result()

    transfer.ask_again()
    run_transfer(transfer, Line(device), 2400)

    assert transfer.result() == device.data


@pytest.mark.parametrize("size", [0, 1, 3, 4])
@pytest.mark.parametrize("finished", [0, 1])
def test_a_chunk_without_content_is_a_lost_one(size: int, finished: int) -> None:
    device = FakeDatalogger(make_data(100))
    transfer = transfer_of(device)
    transfer.received(device.next_chunk().payload(FMT))
    transfer.received(bytes((finished, 1, 0, 5))[:size])

    run_transfer(transfer, Line(device), 3)

    assert transfer.result() == device.data


def test_nothing_is_allocated_before_it_has_come() -> None:
    size = 0xFFFF_FFFF  # of a device that announces whatever it likes
    metadata = AcquisitionMetadata(5, 1, size, size, 0)
    transfer = AcquisitionTransfer(metadata, profile())

    transfer.received(chunk(0, b"?"))
    last = (size - 1) & 0xFF
    transfer.received(chunk(last, b"?", 0))
    transfer.received(chunk(0, b"?"))

    assert not transfer.is_done
    assert transfer.completion == 1 / size


# ------------------------------------------------------------------ any faults


def random_faults(weights: dict[Fault, int], count: int, seed: int) -> list[Fault]:
    return Random(seed).choices(list(weights), list(weights.values()), k=count)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("transmit_size", [32, 128, 1024])
def test_a_bad_line_costs_time_and_no_data(transmit_size: int, seed: int) -> None:
    weights = {
        Fault.NONE: 80,
        Fault.REQUEST_LOST: 5,
        Fault.ANSWER_LOST: 10,
        Fault.LATE: 3,
        Fault.DOUBLED: 2,
    }
    device = FakeDatalogger(make_data(LARGE, seed), transmit_size=transmit_size)

    assert fetch(device, random_faults(weights, 100_000, seed)) == device.data


FAULTS = st.lists(st.sampled_from(Fault), max_size=60)
SIZES = st.integers(1, 12 * CHUNK) | st.sampled_from([256 * CHUNK, 300 * CHUNK + 26])


@given(size=SIZES, half_read=st.integers(0, 400), faults=FAULTS, quiet=st.integers(0, 320))
def test_faults_of_the_line_that_end_never_cost_the_recording(
    size: int, half_read: int, faults: list[Fault], quiet: int
) -> None:
    device = FakeDatalogger(make_data(size))
    device.half_read(half_read)

    assert fetch(device, [Fault.NONE] * quiet + faults) == device.data


def begin_pass(device: FakeDatalogger) -> None:
    device.begin_pass()


def skip_some(device: FakeDatalogger) -> None:
    device.half_read(3)


def change_data(device: FakeDatalogger) -> None:
    device.data = bytes(octet ^ 0x55 for octet in device.data)


def record_again(device: FakeDatalogger) -> None:
    change_data(device)
    begin_pass(device)
    old = device.metadata
    device.metadata = AcquisitionMetadata(
        old.acquisition_id + 1, old.config_id, old.point_count, old.data_size, 0
    )


def answer_in_other_sizes(device: FakeDatalogger) -> None:
    device.transmit_size = 41 if device.transmit_size == 32 else 32


MEDDLING = [begin_pass, skip_some, change_data, record_again, answer_in_other_sizes]
Meddling = tuple[int, Callable[[FakeDatalogger], None]]


@settings(max_examples=300)
@given(
    size=SIZES,
    faults=FAULTS,
    meddling=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(MEDDLING)), max_size=5),
)
def test_whatever_happens_the_data_are_right_or_the_recording_fails(
    size: int, faults: list[Fault], meddling: list[Meddling]
) -> None:
    device = FakeDatalogger(make_data(size))
    transfer = transfer_of(device)
    possible = {device.data, bytes(octet ^ 0x55 for octet in device.data)}
    steps = itertools.count()

    def meddle() -> None:
        step = next(steps)
        for when, what in meddling:
            if when == step:
                what(device)

    run_transfer(transfer, Line(device, faults), 100 * (size // CHUNK + 10), meddle)

    try:
        assert transfer.result() in possible
    except RecordingFailed:
        assert any(what is not begin_pass for _, what in meddling)


ANSWERS = st.binary(max_size=80) | st.builds(
    chunk,
    st.integers(0, 255),
    st.binary(max_size=40),
    st.none() | st.integers(0, 0xFFFF_FFFF),
)


@settings(max_examples=300)
@given(size=st.integers(1, 400) | st.just(0xFFFF_FFFF), answers=st.lists(ANSWERS, min_size=1))
def test_nonsense_ends_with_an_error_of_the_link(size: int, answers: list[bytes]) -> None:
    metadata = AcquisitionMetadata(5, 1, size, size, 0)
    transfer = AcquisitionTransfer(metadata, profile())

    for answer in itertools.islice(itertools.cycle(answers), 100):
        if answer and answer[0] == 0xFF:
            transfer.refused(ResponseCode.FAILURE_TO_PROCEED)
            transfer.ask_again()
        transfer.received(answer)
        assert 0.0 <= transfer.completion <= 1.0

    try:
        result = transfer.result()
    except LinkError:
        return
    assert len(result) == size

"""The C library, configured like the device behind the test vectors, answers as they say."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scrutiny.firmware_link.codes import FeatureBits
from scrutiny.firmware_link.frames import Response
from tests.support.reference_device import (
    ARM_TOO_EARLY,
    DOCUMENT,
    EXCHANGES,
    ReferenceDevice,
    check_arm_right_after_configure,
    check_chunks_of_32_octets,
    expected_answer,
    replay,
)
from tests.support.reference_process import build, running

SILENCE_US = 50_000
FEATURES = "get_supported_features"

ANSWERED_IN_ITS_OWN_TEST = {
    ARM_TOO_EARLY,
    "get_forbidden_region_0_a16",  # the region covers the address of read_one_a16
    "get_forbidden_region_0_a8",  # likewise
    "ignored_bad_crc",  # silence means something only in a session
    "ignored_msb_set",
    "ignored_oversize",
}


def library_answer(name: str) -> bytes:
    """Return what the C library has to answer: it announces one feature more."""
    if name != FEATURES:
        return expected_answer(name)
    original = Response.decode(EXCHANGES[FEATURES].response)
    features = FeatureBits(original.payload[0]) | FeatureBits.REQUEST_AHEAD
    return original._replace(payload=bytes([features])).encode()


@contextmanager
def in_session(program: Path, arguments: Sequence[str] = ()) -> Generator[ReferenceDevice]:
    """Run a fresh device, with a session."""
    with running([program, *arguments]) as device:
        device.connect()
        yield device


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Build the reference device once per address size."""
    folder = tmp_path_factory.mktemp("reference_device")
    names = {size: f"reference_device_a{size}" for size in (1, 2, 4, 8)}
    build(folder, list(names.values()))
    return {size: folder / name for size, name in names.items()}


@pytest.fixture
def device(programs: dict[int, Path]) -> Iterator[ReferenceDevice]:
    """A fresh device with addresses of 4 octets, in a session."""
    with in_session(programs[4]) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def answers(programs: dict[int, Path]) -> dict[str, bytes]:
    """What the library answers to all requests, asked in the order of the vectors."""
    told = [e for e in EXCHANGES.values() if e.name not in ANSWERED_IN_ITS_OWN_TEST]
    found: dict[str, bytes] = {}
    for size, program in programs.items():
        with running([program]) as device:
            if size < 4:
                device.connect()
            found |= replay(device, [e for e in told if e.address_size == size])
    return found


@pytest.mark.parametrize("name", sorted(set(EXCHANGES) - ANSWERED_IN_ITS_OWN_TEST))
def test_response_is_that_of_the_vectors(answers: dict[str, bytes], name: str) -> None:
    assert answers[name].hex() == library_answer(name).hex()


@pytest.mark.parametrize("size", [1, 2])
def test_regions_with_short_addresses(programs: dict[int, Path], size: int) -> None:
    start = {1: 0x45, 2: 0x845}[size]
    exchange = EXCHANGES[f"get_forbidden_region_0_a{8 * size}"]
    with in_session(programs[size], ["128", str(start), str(start + 15)]) as device:
        assert device.send(exchange.request) == exchange.response


def test_handshake_in_the_order_of_a_server(programs: dict[int, Path]) -> None:
    with running([programs[4]]) as device:
        for name in DOCUMENT["sequences"]["handshake"]:
            assert device.ask(name) == library_answer(name), name


def test_arm_succeeds_right_after_configure(device: ReferenceDevice) -> None:
    check_arm_right_after_configure(device)


def test_masked_write_changes_the_masked_bits_only(device: ReferenceDevice) -> None:
    device.store(0xA0, b"\x55\x55")
    device.ask("write_masked")
    assert device.load(0xA0, 2) == b"\x5a\x5d"


def test_small_transmit_buffer_splits_an_acquisition_as_in_the_vectors(
    programs: dict[int, Path],
) -> None:
    with in_session(programs[4], ["32"]) as device:
        check_chunks_of_32_octets(device)


def test_bad_crc_costs_one_frame_only(device: ReferenceDevice) -> None:
    answer = device.send(
        EXCHANGES["ignored_bad_crc"].request + EXCHANGES["get_protocol_version"].request
    )
    assert answer == EXCHANGES["get_protocol_version"].response


@pytest.mark.parametrize("name", ["ignored_msb_set", "ignored_oversize"])
def test_bad_header_makes_deaf_until_a_silence(device: ReferenceDevice, name: str) -> None:
    version = EXCHANGES["get_protocol_version"]
    assert device.ask(name) == b""
    device.advance(SILENCE_US - 1)
    assert device.send(version.request) == b""
    device.advance(SILENCE_US)
    assert device.send(version.request) == version.response


@pytest.mark.parametrize("limit", [1, 3, 17])
def test_port_may_take_few_octets(device: ReferenceDevice, limit: int) -> None:
    device.limit_writes(limit)
    assert device.ask("read_two") == EXCHANGES["read_two"].response


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunking_carries_no_meaning(device: ReferenceDevice, size: int) -> None:
    request = EXCHANGES["read_two"].request * 3
    answer = b"".join(device.send(request[i : i + size]) for i in range(0, len(request), size))
    assert answer == EXCHANGES["read_two"].response * 3

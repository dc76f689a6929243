"""The C library, configured like the device behind the test vectors, answers as they say."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pytest

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "data" / "device-protocol-vectors.json"

SILENCE_US = 50_000
COUNTER_OFFSET = 0x40
SAMPLED_LOOP = 0


@dataclass(frozen=True)
class Exchange:
    """A request, and the response that the vectors give; empty if there must be none."""

    name: str
    address_size: int
    request: bytes
    response: bytes


def load_exchanges() -> list[Exchange]:
    vectors = cast("list[dict[str, object]]", json.loads(VECTORS.read_text())["vectors"])
    responses = {v["name"]: bytes.fromhex(str(v["hex"])) for v in vectors}
    return [
        Exchange(
            name=str(v["exchange"]),
            address_size=int(str(v["address_size"])),
            request=bytes.fromhex(str(v["hex"])),
            response=b"" if v.get("expect") == "no response" else responses[f"{v['exchange']}.rsp"],
        )
        for v in vectors
        if v["direction"] == "request"
    ]


EXCHANGES = {exchange.name: exchange for exchange in load_exchanges()}

OK_ARM = EXCHANGES["datalog_arm"].response
OK_RESET = EXCHANGES["datalog_reset"].response

DEVIATIONS: dict[str, tuple[bytes, str]] = {
    "datalog_arm_too_early": (
        OK_ARM,
        "a configuration is complete when it is acknowledged: nobody has to run a loop first",
    ),
    "datalog_reset_stuck": (
        OK_RESET,
        "the poll takes the datalogger back itself, so a loop that has stopped cannot block it",
    ),
}
"""Where the answer is better than the reference firmware's, with the reason."""

ANSWERED_IN_ITS_OWN_TEST = {
    "datalog_arm_too_early",  # succeeds, and so would arm the acquisition that follows
    "get_forbidden_region_0_a16",  # the region covers the address of read_one_a16
    "get_forbidden_region_0_a8",  # likewise
    "ignored_bad_crc",  # silence means something only in a session
    "ignored_msb_set",
    "ignored_oversize",
}


class Device:
    """The reference device as a process; see reference_device.c for its commands."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._stdin = stdin
        self._stdout = stdout

    def _command(self, letter: bytes, data: bytes = b"") -> bytes:
        self._stdin.write(letter + struct.pack("<H", len(data)) + data)
        self._stdin.flush()
        (size,) = struct.unpack("<I", self._stdout.read(4))
        return self._stdout.read(size)

    def send(self, octets: bytes) -> bytes:
        """Bring octets to the device; return all that it sends."""
        return self._command(b"R", octets)

    def poll(self) -> bytes:
        return self._command(b"P")

    def advance(self, time_us: int) -> None:
        self._command(b"T", struct.pack("<I", time_us))

    def run_loop(self, loop_id: int, count: int) -> None:
        """Run a loop; each run counts the counter in memory up, then samples."""
        self._command(b"L", struct.pack("<BH", loop_id, count))

    def store(self, offset: int, octets: bytes) -> None:
        self._command(b"S", struct.pack("<H", offset) + octets)

    def load(self, offset: int, size: int) -> bytes:
        return self._command(b"G", struct.pack("<HH", offset, size))

    def limit_writes(self, size: int) -> None:
        """Let the port take at most so many octets per call."""
        self._command(b"W", struct.pack("<H", size))

    def ask(self, name: str) -> bytes:
        return self.send(EXCHANGES[name].request)

    def connect(self) -> None:
        assert self.ask("connect") == EXCHANGES["connect"].response


@contextmanager
def running(program: Path, arguments: Sequence[str] = ()) -> Generator[Device]:
    with subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Device(process.stdin, process.stdout)
            process.stdin.close()
            assert process.wait(timeout=10) == 0, "a sanitizer complained, see stderr"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Build the reference device once per address size."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    make = shutil.which("make")
    if compiler is None or make is None:
        assert not os.environ.get("CI"), "a C compiler and make are needed"
        pytest.skip("needs a C compiler and make")
    build = tmp_path_factory.mktemp("reference_device")
    found = {size: build / f"reference_device_a{size}" for size in (1, 2, 4, 8)}
    command = [make, "-s", "-j4", "-C", str(HERE), f"BUILD={build}", f"CC={compiler}"]
    subprocess.run([*command, *map(str, found.values())], check=True)
    return found


@pytest.fixture
def device(programs: dict[int, Path]) -> Iterator[Device]:
    """A fresh device with addresses of 4 octets, in a session."""
    with running(programs[4]) as fresh:
        fresh.connect()
        yield fresh


def prepare(device: Device, exchange: Exchange) -> None:
    """Do what happened, according to the vectors, before this request."""
    match exchange.name:
        case "write_masked" | "write_masked_a64":
            device.store(0xA0, b"\x55\x55")
        case "read_one_a16":
            device.store(0x845, b"\xc0\xde")
        case "read_one_a8":
            device.store(0x45, b"\xc0\xde")
        case "datalog_acq_configure":
            device.store(COUNTER_OFFSET, bytes(4))
        case "datalog_arm":
            device.run_loop(SAMPLED_LOOP, 20)
        case "datalog_status_armed":
            device.run_loop(SAMPLED_LOOP, 1)
        case "datalog_status_triggered":
            device.run_loop(SAMPLED_LOOP, 24)
        case "datalog_status_completed":
            device.run_loop(SAMPLED_LOOP, 8)
        case "datalog_status_after_reset" | "datalog_reset_stuck":
            device.run_loop(SAMPLED_LOOP, 1)
        case _:
            pass


def replay(device: Device, exchanges: Sequence[Exchange]) -> dict[str, bytes]:
    answers: dict[str, bytes] = {}
    for exchange in exchanges:
        prepare(device, exchange)
        answers[exchange.name] = device.send(exchange.request)
    return answers


@pytest.fixture(scope="module")
def answers(programs: dict[int, Path]) -> dict[str, bytes]:
    """What the library answers to all requests, asked in the order of the vectors."""
    told = [e for e in EXCHANGES.values() if e.name not in ANSWERED_IN_ITS_OWN_TEST]
    found: dict[str, bytes] = {}
    for size, program in programs.items():
        with running(program) as device:
            if size < 4:
                device.connect()
            found |= replay(device, [e for e in told if e.address_size == size])
    return found


@pytest.mark.parametrize("name", sorted(set(EXCHANGES) - ANSWERED_IN_ITS_OWN_TEST))
def test_response_is_that_of_the_vectors(answers: dict[str, bytes], name: str) -> None:
    expected = DEVIATIONS[name][0] if name in DEVIATIONS else EXCHANGES[name].response
    assert answers[name].hex() == expected.hex()


@pytest.mark.parametrize("size", [1, 2])
def test_regions_with_short_addresses(programs: dict[int, Path], size: int) -> None:
    start = {1: 0x45, 2: 0x845}[size]
    exchange = EXCHANGES[f"get_forbidden_region_0_a{8 * size}"]
    with running(programs[size], ["128", str(start), str(start + 15)]) as device:
        device.connect()
        assert device.send(exchange.request) == exchange.response


def test_handshake_in_the_order_of_a_server(programs: dict[int, Path]) -> None:
    names = cast("list[str]", json.loads(VECTORS.read_text())["sequences"]["handshake"])
    with running(programs[4]) as device:
        for name in names:
            assert device.ask(name) == EXCHANGES[name].response, name


def test_arm_succeeds_right_after_configure(device: Device) -> None:
    device.ask("datalog_acq_configure")
    answer = device.ask("datalog_arm_too_early")
    assert answer == DEVIATIONS["datalog_arm_too_early"][0]
    assert device.ask("datalog_status_armed") == EXCHANGES["datalog_status_armed"].response


def test_masked_write_changes_the_masked_bits_only(device: Device) -> None:
    device.store(0xA0, b"\x55\x55")
    device.ask("write_masked")
    assert device.load(0xA0, 2) == b"\x5a\x5d"


def test_small_transmit_buffer_splits_an_acquisition_as_in_the_vectors(
    programs: dict[int, Path],
) -> None:
    vectors = cast("list[dict[str, object]]", json.loads(VECTORS.read_text())["vectors"])
    expected = [v["hex"] for v in vectors if "tx32" in str(v["name"])]
    with running(programs[4], ["32"]) as device:
        device.connect()
        device.store(COUNTER_OFFSET, bytes(4))
        device.ask("datalog_acq_configure")
        device.ask("datalog_arm")
        device.run_loop(SAMPLED_LOOP, 53)
        chunks = [device.ask("datalog_read_0").hex() for _ in range(10)]
        assert chunks[7:] == expected
        assert device.ask("datalog_read_0").hex() == chunks[0], "a new pass starts over"


def test_bad_crc_costs_one_frame_only(device: Device) -> None:
    answer = device.send(
        EXCHANGES["ignored_bad_crc"].request + EXCHANGES["get_protocol_version"].request
    )
    assert answer == EXCHANGES["get_protocol_version"].response


@pytest.mark.parametrize("name", ["ignored_msb_set", "ignored_oversize"])
def test_bad_header_makes_deaf_until_a_silence(device: Device, name: str) -> None:
    version = EXCHANGES["get_protocol_version"]
    assert device.ask(name) == b""
    device.advance(SILENCE_US - 1)
    assert device.send(version.request) == b""
    device.advance(SILENCE_US)
    assert device.send(version.request) == version.response


@pytest.mark.parametrize("limit", [1, 3, 17])
def test_port_may_take_few_octets(device: Device, limit: int) -> None:
    device.limit_writes(limit)
    assert device.ask("read_two") == EXCHANGES["read_two"].response


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunking_carries_no_meaning(device: Device, size: int) -> None:
    request = EXCHANGES["read_two"].request * 3
    answer = b"".join(device.send(request[i : i + size]) for i in range(0, len(request), size))
    assert answer == EXCHANGES["read_two"].response * 3

"""The device behind the test vectors: what there is of it, driven by the same commands.

There is a C program (`tests/firmware/reference_device.c`, which lists the commands) and a simulated
device (`reference_simulator`). Tests drive either through `ReferenceDevice`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args

from scrutiny.core.types import DataType
from scrutiny.core.values import ByteOrder

VECTORS: Final = Path(__file__).resolve().parents[1] / "data" / "device-protocol-vectors.json"
DOCUMENT: Final[dict[str, Any]] = json.loads(VECTORS.read_text())
REFERENCE: Final[dict[str, Any]] = DOCUMENT["reference_device"]

MEMORY_BASE: Final[int] = REFERENCE["memory_base"]
MEMORY_SIZE: Final = 0x1_0000
COUNTER_OFFSET: Final = 0x40
SAMPLED_LOOP: Final = 0

# Types that the vectors' device does not publish; it does when it is restarted with them.
MORE_RPVS: Final = {0x1008: DataType.SINT16, 0x1009: DataType.UINT32, 0x100A: DataType.SINT64}
FIRST_RPV: Final = 0x1000

Command: TypeAlias = tuple[bytes, bytes]
"""A letter and its octets."""

Executor: TypeAlias = Callable[[Sequence[Command]], list[bytes]]
"""Carries out commands in order and returns their replies."""


@dataclass(frozen=True)
class Target:
    """What a device runs on, or seems to run on.

    Attributes:
        supports_64bits: whether it has the types of 8 octets.
    """

    byte_order: ByteOrder = "little"
    supports_64bits: bool = True

    def __str__(self) -> str:
        return f"{self.byte_order} endian, {64 if self.supports_64bits else 32} bits"


VECTORS_TARGET: Final = Target()
TARGETS: Final = tuple(
    Target(byte_order, supports_64bits)
    for byte_order in get_args(ByteOrder)
    for supports_64bits in (True, False)
)


@dataclass(frozen=True)
class Exchange:
    """A request, and the response that the vectors give; empty if there must be none."""

    name: str
    address_size: int
    request: bytes
    response: bytes


def _load_exchanges() -> list[Exchange]:
    vectors: list[dict[str, Any]] = DOCUMENT["vectors"]
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


EXCHANGES: Final = {exchange.name: exchange for exchange in _load_exchanges()}

DEVIATIONS: Final[dict[str, tuple[bytes, str]]] = {
    "datalog_arm_too_early": (
        EXCHANGES["datalog_arm"].response,
        "a configuration is complete when it is acknowledged: nobody has to run a loop first",
    ),
    "datalog_reset_stuck": (
        EXCHANGES["datalog_reset"].response,
        "the datalogger is taken back from a loop that has stopped",
    ),
}
"""Where our answer is better than the reference firmware's, with the reason."""

# Its success would arm the acquisition that follows: it is asked in a test of its own.
ARM_TOO_EARLY: Final = "datalog_arm_too_early"


class ReferenceDevice:
    """Drives a device; how its commands are carried out is for the executor."""

    def __init__(self, execute: Executor) -> None:
        self._execute = execute

    def run(self, commands: Sequence[Command]) -> list[bytes]:
        """Carry out commands; return their replies."""
        return self._execute(commands)

    def send(self, octets: bytes) -> bytes:
        """Bring octets to the device; return all that it sends."""
        return self._one(receive(octets))

    def poll(self) -> bytes:
        return self._one(poll())

    def advance(self, time_us: int) -> None:
        self._one(advance(time_us))

    def run_loop(self, loop_id: int, count: int) -> None:
        """Run a loop; each run counts the counter in memory up, then samples."""
        self._one(run_loop(loop_id, count))

    def store(self, offset: int, octets: bytes) -> None:
        self._one(store(offset, octets))

    def load(self, offset: int, size: int) -> bytes:
        return self._one((b"G", struct.pack("<HH", offset, size)))

    def limit_writes(self, size: int) -> None:
        """Let the port take at most so many octets per call; the C program only."""
        self._one((b"W", struct.pack("<H", size)))

    def ask(self, name: str) -> bytes:
        return self.send(EXCHANGES[name].request)

    def connect(self) -> None:
        assert self.ask("connect") == EXCHANGES["connect"].response

    def _one(self, command: Command) -> bytes:
        (reply,) = self._execute([command])
        return reply


def receive(octets: bytes) -> Command:
    return b"R", octets


def poll() -> Command:
    return b"P", b""


def advance(time_us: int) -> Command:
    return b"T", struct.pack("<I", time_us)


def run_loop(loop_id: int, count: int) -> Command:
    return b"L", struct.pack("<BH", loop_id, count)


def store(offset: int, octets: bytes) -> Command:
    return b"S", struct.pack("<H", offset) + octets


def restart(transmit_payload: int, buffer_size: int) -> Command:
    """Be as at the beginning, but for two sizes, and publish values of all types."""
    return b"B", struct.pack("<HI", transmit_payload, buffer_size)


def refuse_values(rpv_ids: Collection[int]) -> Command:
    """Refuse to read these published values, and no others, until told otherwise."""
    return b"V", struct.pack("<I", sum(1 << (rpv_id - FIRST_RPV) for rpv_id in rpv_ids))


# --- The story of the vectors -------------------------------------------------------------------


def replay(device: ReferenceDevice, exchanges: Sequence[Exchange]) -> dict[str, bytes]:
    """Ask in order, and do in between what happened according to the vectors."""
    answers: dict[str, bytes] = {}
    for exchange in exchanges:
        _prepare(device, exchange)
        answers[exchange.name] = device.send(exchange.request)
    return answers


def _prepare(device: ReferenceDevice, exchange: Exchange) -> None:
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


def expected_answer(name: str) -> bytes:
    """Return what our devices have to answer."""
    return DEVIATIONS[name][0] if name in DEVIATIONS else EXCHANGES[name].response


def check_arm_right_after_configure(device: ReferenceDevice) -> None:
    """Arm before a loop has run; in a session."""
    device.ask("datalog_acq_configure")
    assert device.ask(ARM_TOO_EARLY) == DEVIATIONS[ARM_TOO_EARLY][0]
    assert device.ask("datalog_status_armed") == EXCHANGES["datalog_status_armed"].response


def check_chunks_of_32_octets(device: ReferenceDevice) -> None:
    """Read an acquisition with a transmit buffer of 32 octets; in a session."""
    vectors: list[dict[str, Any]] = DOCUMENT["vectors"]
    expected = [v["hex"] for v in vectors if "tx32" in str(v["name"])]
    assert len(expected) == 3
    device.store(COUNTER_OFFSET, bytes(4))
    device.ask("datalog_acq_configure")
    device.ask("datalog_arm")
    device.run_loop(SAMPLED_LOOP, 53)
    chunks = [device.ask("datalog_read_0").hex() for _ in range(10)]
    assert chunks[7:] == expected
    assert device.ask("datalog_read_0").hex() == chunks[0], "a new pass starts over"

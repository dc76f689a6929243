"""The example application on the AVR boards, in an emulator that loses octets as silicon does."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.messages import (
    AddressFormat,
    Discover,
    GetRpvDefinitions,
    MemoryBlock,
    MemoryData,
    PublishedValueDefinition,
    ReadMemory,
    ReadRpvs,
    RpvValue,
    UserCommand,
    WriteMemory,
    WriteRpvs,
)
from scrutiny.sfd.package import read_package
from scrutiny.sfd.store import check_package
from scrutiny.sfd.tagged_program import read_firmware_id
from tests.support.avr_board import CLOCK_HZ, AvrBoard, connect
from tests.support.board_kinds import AVR_KINDS, AvrKind, BuiltFirmware
from tests.support.board_wire import Wire
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run

# The smallest board with recordings is the tightest of all.
RECORDING: Final = replace(AVR_KINDS[0], has_recordings=True, options=("-DBOARD_DATALOG_SIZE=256",))
KINDS: Final = {**{kind.name: kind for kind in AVR_KINDS}, "recording atmega328p": RECORDING}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the build needs make and a shell")

RAM_END: Final = {"atmega328p": 0x08FF, "atmega2560": 0x21FF}
# Receive, room to send, timer.
VECTORS: Final = {"atmega328p": (18, 19, 11), "atmega2560": (25, 26, 17)}
RECEIVE_CYCLES_MAX: Final = 600  # 37 us
OCTET_CYCLES: Final = CLOCK_HZ * 10 // 115_200
UPTIME: Final = PublishedValueDefinition(0x1007, DataType.UINT32)
SCRATCH: Final = PublishedValueDefinition(0x2000, DataType.UINT32)
ECHO: Final = 0
EXCHANGES: Final = 60
LOOP_PERIOD_MS: Final = 5
BUSY_US: Final = 2000
STACK_RESERVE: Final = 200  # octets that nobody has used
STACK_RESERVE_RECORDING: Final = 50
PAINT: Final = 0xC5  # of avr/stack.c


@dataclass
class Desk:
    """A board that is switched on, and a client of its UART.

    Attributes:
        addresses: of its variables, by path, as in the protocol.
    """

    firmware: BuiltFirmware
    board: AvrBoard
    wire: Wire
    addresses: dict[str, int]

    def number(self, path: str, size: int = 4) -> int:
        """Return a variable, past the protocol."""
        return int.from_bytes(self.board.read_memory(self.addresses[path], size), "little")

    def counter(self, name: str) -> int:
        return self.number(f"/global/app_scrutiny/counters/{name}")

    def uptime_ms(self) -> int:
        answer = self.wire.exchange(ReadRpvs((UPTIME,)))
        return int.from_bytes(answer.values[0].data, "big")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> AvrKind:
    return KINDS[request.param]


@pytest.fixture(scope="module")
def firmware(kind: AvrKind) -> BuiltFirmware:
    try:
        return kind.build()
    except CannotBuild as reason:
        cannot_run(f"{reason}")


@pytest.fixture(params=[True, False], ids=["strict", "patient"])
def desk(
    request: pytest.FixtureRequest, kind: AvrKind, firmware: BuiltFirmware, emulator: Path
) -> Iterator[Desk]:
    leaves = check_package(read_package(firmware.description))[0].leaves
    addresses = {leaf.path: leaf.address & 0xFFFF for leaf in leaves}
    with (
        tempfile.TemporaryDirectory(prefix="avr-") as folder,
        AvrBoard(
            emulator, firmware.program, Path(folder), kind.name, strict=request.param
        ) as board,
    ):
        wire = Wire(connect(board.port), AddressFormat(address_size=2))
        wire.exchange(Discover())
        yield Desk(firmware, board, wire, addresses)
        wire.close()


def test_a_board_says_which_firmware_it_has(desk: Desk) -> None:
    answer = desk.wire.exchange(Discover())

    assert answer.firmware_id.hex() == read_firmware_id(desk.firmware.program)
    assert answer.display_name.startswith("Motor example (ATmega")


def test_nothing_is_lost_while_the_application_has_time(desk: Desk) -> None:
    """Requests and answers as large as the smallest board takes them."""
    requests_before = desk.counter("requests")
    losses_before = losses(desk)  # at its start it has been deaf

    for number in range(EXCHANGES // 3):
        data = bytes(number + index for index in range(64))
        assert desk.wire.exchange(UserCommand(ECHO, data)).data == data
        written = RpvValue(SCRATCH.id, number.to_bytes(4, "big"))
        desk.wire.exchange(WriteRpvs((written,)))
        assert desk.wire.exchange(ReadRpvs((SCRATCH,))).values == (written,)

    assert losses(desk) == losses_before
    assert desk.counter("requests") >= requests_before + EXCHANGES


def test_the_clock_is_true(desk: Desk) -> None:
    first = read_clock(desk)
    last = first
    while last.shown_ms < first.shown_ms + 200:
        last = read_clock(desk)

    assert_true(first, last)


def test_the_clock_is_true_while_interrupts_are_off_half_of_the_time(desk: Desk) -> None:
    busy = MemoryData(desk.addresses["/global/board_busy_us"], BUSY_US.to_bytes(2, "little"))
    desk.wire.exchange(WriteMemory((busy,)))

    first = read_ticks(desk)
    last = first
    while last.shown_ms < first.shown_ms + 200:
        last = read_ticks(desk)

    assert_true(first, last)
    assert desk.number("/global/board_busy_count") > 0


def test_reset_starts_again(desk: Desk) -> None:
    for _ in range(3):
        before_ms = 1000 * desk.board.time_s
        desk.board.reset()
        start = Clock(0, before_ms, 1000 * desk.board.time_s)
        desk.wire.exchange(Discover())

        assert_true(start, read_ticks(desk))


def test_interrupts_leave_time_for_the_next_octet(desk: Desk, kind: AvrKind) -> None:
    """All at once, and the longest of each that there was, while octets go both ways."""
    for _ in range(10):
        desk.wire.exchange(UserCommand(ECHO, bytes(64)))

    longest = [desk.board.cycles_of_interrupt(vector).most for vector in VECTORS[kind.name]]

    assert min(longest) > 0
    assert longest[0] <= RECEIVE_CYCLES_MAX
    assert sum(longest) < OCTET_CYCLES


def test_there_is_room_left_for_the_stack(desk: Desk, kind: AvrKind) -> None:
    """After all that the application does, and the largest of what a client asks for."""
    memory = tuple(MemoryBlock(desk.addresses["/global/app_tick_count"], 6) for _ in range(6))
    for number in range(8):
        desk.wire.exchange(UserCommand(ECHO, bytes(64)))
        desk.wire.exchange(WriteRpvs((RpvValue(SCRATCH.id, bytes(4)),) * 10))
        desk.wire.exchange(ReadRpvs((SCRATCH,) * 10))
        desk.wire.exchange(GetRpvDefinitions(number, 10))
        desk.wire.exchange(ReadMemory(memory))

    reserve = STACK_RESERVE_RECORDING if kind is RECORDING else STACK_RESERVE
    assert unused_stack(desk, kind) >= reserve
    # The board finds the same, a few octets at a time.
    assert any(
        desk.number("/global/stack_unused", 2) == unused_stack(desk, kind) for _ in range(3000)
    )


def unused_stack(desk: Desk, kind: AvrKind) -> int:
    """Count the octets that still have their paint, from the end of the variables on."""
    end = desk.firmware.symbols()["_end"] & 0xFFFF
    stack = b"".join(
        desk.board.read_memory(address, min(256, RAM_END[kind.name] + 1 - address))
        for address in range(end, RAM_END[kind.name] + 1, 256)
    )
    return len(stack) - len(stack.lstrip(bytes([PAINT])))


def losses(desk: Desk) -> list[int]:
    """Return counts of all that can be lost on the way in."""
    counters = ("lost_octets", "crc_errors", "header_errors", "silences")
    seen_by_board = desk.number("/global/board_overruns")
    return [desk.board.overruns, seen_by_board, *map(desk.counter, counters)]


@dataclass(frozen=True)
class Clock:
    """What a board says that its time is, and when it says so by the cycles that it has had."""

    shown_ms: int
    before_ms: float
    after_ms: float


def read_clock(desk: Desk) -> Clock:
    before_s = desk.board.time_s
    shown_ms = desk.uptime_ms()
    return Clock(shown_ms, 1000 * before_s, 1000 * desk.board.time_s)


def read_ticks(desk: Desk) -> Clock:
    before_s = desk.board.time_s
    ticks = desk.number("/global/app_tick_count", 8)
    return Clock(LOOP_PERIOD_MS * ticks, 1000 * before_s, 1000 * desk.board.time_s)


def assert_true(first: Clock, last: Clock) -> None:
    """Compare what has passed; both ends may be just before or after an iteration of the loop."""
    passed_ms = last.shown_ms - first.shown_ms
    assert passed_ms <= last.after_ms - first.before_ms + 2 * LOOP_PERIOD_MS
    assert passed_ms >= last.before_ms - first.after_ms - 2 * LOOP_PERIOD_MS

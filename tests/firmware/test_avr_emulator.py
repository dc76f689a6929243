"""What the emulated AVR does that a real one does, with a program that says what it sees."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.avr_board import AvrBoard, Cycles, connect
from tests.support.example_board import ROOT
from tests.support.missing_tools import cannot_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets with a file name")

MCU: Final = "atmega328p"
BAUD: Final = 115_200
BITS_PER_OCTET: Final = 10
GREETING: Final = b"hello\n"
MASK_INTERRUPTS: Final = b"\x01"
MEASURE: Final = b"\x02"
END: Final = b"\x03"
RECEIVE_VECTOR: Final = 18
UNREAD_MAX: Final = 3  # two in the receive buffer, one in the shift register
TEXT: Final = bytes(range(16, 256)) * 10


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("avr-gcc") is None:
        cannot_run("avr-gcc not found")
    program = tmp_path_factory.mktemp("program") / "line_probe.elf"
    source = ROOT / "tests" / "firmware" / "avr_programs" / "line_probe.c"
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
    command = ["avr-gcc", f"-mmcu={MCU}", "-DF_CPU=16000000UL", "-std=gnu99", "-Os", *warnings]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    return program


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, as a socket needs it."""
    with tempfile.TemporaryDirectory(prefix="avr-") as name:
        yield Path(name)


@pytest.fixture(params=[False, True], ids=["patient", "strict"])
def board(
    request: pytest.FixtureRequest, emulator: Path, program: Path, folder: Path
) -> Iterator[AvrBoard]:
    with AvrBoard(emulator, program, folder, MCU, strict=request.param) as board:
        yield board


@pytest.fixture
def strict_board(emulator: Path, program: Path, folder: Path) -> Iterator[AvrBoard]:
    with AvrBoard(emulator, program, folder, MCU, strict=True) as board:
        yield board


def receive(line: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count and (more := line.recv(count - len(octets))):
        octets += more
    return octets


@contextmanager
def connected(board: AvrBoard) -> Generator[socket.socket]:
    """Connect, and wait until nothing that it said at its start is on its way."""
    with connect(board.port) as line:
        line.sendall(b"?")
        while receive(line, 1) != b"?":
            pass
        yield line


def seconds_of(octets: int) -> float:
    return octets * BITS_PER_OCTET / BAUD


def test_octets_come_and_go_at_the_pace_of_the_line(board: AvrBoard) -> None:
    with connected(board) as line:
        started_s = board.time_s
        sender = threading.Thread(target=line.sendall, args=(TEXT,))
        sender.start()
        echo = receive(line, len(TEXT))
        took_s = board.time_s - started_s
        sender.join()

    assert echo == TEXT
    assert board.overruns == 0
    assert took_s >= seconds_of(len(TEXT))


def test_clients_come_and_go(board: AvrBoard) -> None:
    with connected(board):
        pass

    for number in range(20):
        with connect(board.port) as line:
            line.sendall(bytes([b"a"[0] + number]))
            assert receive(line, 1) == bytes([b"a"[0] + number])


def test_a_client_waits_until_the_other_has_left(board: AvrBoard) -> None:
    with connected(board) as first, connect(board.port) as second:
        second.sendall(b"2")
        first.sendall(b"1")
        assert receive(first, 1) == b"1"
        first.close()
        assert receive(second, 1) == b"2"


def test_reset_starts_again(board: AvrBoard) -> None:
    with connected(board) as line:
        for _ in range(3):
            board.reset()
            assert receive(line, len(GREETING)) == GREETING

        line.sendall(b"x")
        assert receive(line, 1) == b"x"


def test_masked_interrupts_lose_what_does_not_fit_the_uart(strict_board: AvrBoard) -> None:
    count = 100  # in less than the 10 ms without interrupts
    with connected(strict_board) as line:
        line.sendall(MASK_INTERRUPTS + bytes(count))
        left, overrun_seen = receive(line, 2)

    assert left == UNREAD_MAX
    assert overrun_seen == 1
    assert strict_board.overruns == count - UNREAD_MAX


def test_without_overruns_the_host_waits(emulator: Path, program: Path, folder: Path) -> None:
    with AvrBoard(emulator, program, folder, MCU) as board, connected(board) as line:
        line.sendall(MASK_INTERRUPTS + b"x" * 100)
        left, overrun_seen = receive(line, 2)

        assert left == UNREAD_MAX
        assert overrun_seen == 0
        assert receive(line, 100 - left) == b"x" * (100 - left)
        assert board.overruns == 0


def test_marked_pieces_are_measured_to_the_cycle(board: AvrBoard) -> None:
    with connected(board) as line:
        for _ in range(3):
            line.sendall(MEASURE)
            assert receive(line, 1) == MEASURE

    # One more than the delay is the instruction that sets the mark.
    assert board.cycles(1) == Cycles(count=3, most=1001, total=3003)
    assert board.cycles(2) == Cycles(count=3, most=5001, total=15003)
    assert board.cycles(3) == Cycles(0, 0, 0)


def test_interrupts_are_measured_without_marks(board: AvrBoard) -> None:
    with connected(board) as line:
        before = board.cycles_of_interrupt(RECEIVE_VECTOR)
        line.sendall(b"x" * 10)
        receive(line, 10)

    after = board.cycles_of_interrupt(RECEIVE_VECTOR)
    assert after.count == before.count + 10
    # The same instructions each time, and more than to jump there and back.
    assert after.total == after.count * after.most
    assert after.most > 4 + 4
    assert board.cycles_of_interrupt(RECEIVE_VECTOR + 2) == Cycles(0, 0, 0)


def test_memory_is_seen_past_the_program(board: AvrBoard) -> None:
    with connected(board) as line:
        line.sendall(MEASURE)
        receive(line, 1)

    assert board.read_memory(0x3E, 1) == MEASURE  # GPIOR0 holds the last mark


def test_end_of_the_program_is_told(board: AvrBoard) -> None:
    with connected(board) as line:
        line.sendall(END)

        assert board.finish() == 3
        board.wait_for_line("the program has ended at 0x")

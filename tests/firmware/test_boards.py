"""`make boards`, and what it builds: QEMU runs each program, with UART, timer and interrupts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.core.types import DataType
from scrutiny.firmware_link.messages import (
    Discover,
    MemoryData,
    PublishedValueDefinition,
    ReadRpvs,
    UserCommand,
    WriteMemory,
)
from scrutiny.sfd.package import read_package
from scrutiny.sfd.store import check_package
from scrutiny.sfd.tagged_program import read_firmware_id
from tests.support.board_build import BUILD, EXAMPLE, make
from tests.support.board_kinds import BOARD_KINDS, BuiltFirmware, QemuKind
from tests.support.board_wire import Wire
from tests.support.emulated_board import QemuBoard
from tests.support.example_board import ROOT
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the build needs make and a shell")

BOARDS: Final = sorted(file.stem for file in (EXAMPLE / "boards").glob("*.mk"))

_QEMU: Final = {kind.name: kind.machine for kind in BOARD_KINDS if isinstance(kind, QemuKind)}
MACHINES: Final = {
    **_QEMU,
    "mps2-an385-m0": _QEMU["mps2-an385"],
    "mps2-an500": ("qemu-system-arm", "-machine", "mps2-an500", "-kernel"),
}

# What the boards use and QEMU does not have, as `-d unimp` calls it: both are for silicon only.
NOT_EMULATED: Final = {"netduinoplus2": r"(RCC|GPIOA): unimplemented device (read|write) "}

AVR_DATA: Final = 0x80_0000  # where its compiler puts RAM, which is not what the processor uses
VARIABLES: Final = (
    "/global/motor_speed_rpm",
    "/global/motor_gains/kp",
    "/global/motor_energy_j",
    "/global/statistics/speed_rpm/mean",
    "/global/board_busy_us",
    "/static/motor.c/parameters/supply_v",
)
UPTIME: Final = PublishedValueDefinition(0x1007, DataType.UINT32)
ECHO: Final = 0
LATE_TIMER_MS: Final = 5  # after which iterations that were missed come all at once


def firmware_of(board: str) -> BuiltFirmware:
    folder = BUILD / board
    program = f"{board}.elf"
    return BuiltFirmware(folder / program, folder / "objects" / program, folder / f"{board}.sfd")


@pytest.fixture(scope="module")
def output() -> str:
    """What make says when all boards are built."""
    if shutil.which("make") is None:
        cannot_run("make not found")
    result = make("-C", str(EXAMPLE), "boards")
    if missing := re.findall(r"\S+ not found \(Debian: .*\)", result.stderr):
        cannot_run(", ".join(missing))
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# --- The build ----------------------------------------------------------------------------------


def test_each_size_is_printed(output: str) -> None:
    sizes = re.findall(r"^(\S+) +(\d+) octets of flash, +(\d+) of RAM$", output, re.MULTILINE)

    assert sorted(board for board, _, _ in sizes) == BOARDS
    assert all(int(flash) > 5_000 and int(ram) > 500 for _, flash, ram in sizes)


@pytest.mark.parametrize("board", BOARDS)
def test_a_program_is_tagged_and_described(output: str, board: str) -> None:
    firmware = firmware_of(board)

    package = read_package(firmware.description)
    leaves = {leaf.path: leaf for leaf in check_package(package)[0].leaves}

    assert read_firmware_id(firmware.program) == package.firmware_id
    assert package.firmware_id != PLACEHOLDER.hex()
    assert set(VARIABLES) <= set(leaves)
    assert package.aliases


@pytest.mark.parametrize("board", BOARDS)
def test_variables_are_where_the_linker_has_put_them(output: str, board: str) -> None:
    firmware = firmware_of(board)
    symbols = firmware.symbols()
    leaves = check_package(read_package(firmware.description))[0].leaves

    globals_ = {leaf.path.removeprefix("/global/"): leaf.address for leaf in leaves}
    wrong = {
        name: (address, symbols[name])
        for name, address in globals_.items()
        if name in symbols and symbols[name] not in (address, address + AVR_DATA)
    }

    assert wrong == {}
    assert "motor_speed_rpm" in symbols.keys() & globals_.keys()


def test_a_missing_compiler_is_named_and_the_other_boards_are_built(
    output: str, tmp_path: Path
) -> None:
    for folder in os.environ["PATH"].split(os.pathsep):
        for tool in Path(folder).glob("[!.]*"):
            link = tmp_path / tool.name
            if "riscv" not in tool.name and not link.is_symlink():
                link.symlink_to(tool)

    result = make("-C", str(EXAMPLE), "boards", path=str(tmp_path))

    assert result.returncode != 0
    assert "riscv64-unknown-elf-gcc not found (Debian: gcc-riscv64-unknown-elf)" in result.stderr
    for board in BOARDS:
        assert (f"\n{board} " in f"\n{result.stdout}") == (board != "rv32-virt")


# --- The instructions ---------------------------------------------------------------------------


def emulator_commands() -> Iterator[tuple[str, list[str]]]:
    for page in sorted((EXAMPLE / "boards").glob("*/README.md")):
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^(qemu-system-.*)$", text, re.MULTILINE):
            yield page.parent.name, shlex.split(line)


@pytest.mark.parametrize("command", [pytest.param(c, id=name) for name, c in emulator_commands()])
def test_a_board_runs_in_the_emulator_as_its_page_says(output: str, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        cannot_run(f"{command[0]} not found")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [word.replace(":5555,", f":{port},") for word in command]
    assert words != command

    process = subprocess.Popen(words, cwd=ROOT)
    try:
        wire = Wire(connect_soon(port))
        assert wire.exchange(Discover()).display_name.startswith("Motor example (")
        wire.close()
    finally:
        process.kill()
        process.wait()


def connect_soon(port: int) -> socket.socket:
    """Connect to a program that is about to listen."""
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline_s, "nobody listens"


# --- The programs, in their emulators -----------------------------------------------------------


@dataclass
class Bench:
    """A board that runs, and somebody who talks to it."""

    name: str
    firmware: BuiltFirmware
    board: QemuBoard
    wire: Wire
    log: Path

    def number(self, symbol: str) -> int:
        """Return a variable of 4 octets, past the protocol."""
        address = self.firmware.symbols()[symbol]
        return int.from_bytes(self.board.read_memory(address, 4), "little")

    def uptime_ms(self) -> int:
        answer = self.wire.exchange(ReadRpvs((UPTIME,)))
        return int.from_bytes(answer.values[0].data, "big")


@pytest.fixture(scope="module", params=sorted(MACHINES))
def bench(
    request: pytest.FixtureRequest, output: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    name: str = request.param
    emulator, *options = MACHINES[name]
    if shutil.which(emulator) is None:
        cannot_run(f"{emulator} not found")
    folder = tmp_path_factory.mktemp("board")
    log = folder / "log"
    machine = (emulator, "-d", "guest_errors,unimp", "-D", f"{log}", *options)
    board = QemuBoard(machine, firmware_of(name).program, folder)
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"{board.port}")
        wire = Wire(connection)
        yield Bench(name, firmware_of(name), board, wire, log)
        wire.close()
    finally:
        board.kill()


def test_a_board_says_which_firmware_it_has(bench: Bench) -> None:
    answer = bench.wire.exchange(Discover())

    assert answer.firmware_id.hex() == read_firmware_id(bench.firmware.program)
    assert answer.display_name.startswith("Motor example (")


@pytest.mark.parametrize("size", [1, 17, 1023, 1024], ids="{} octets".format)
def test_octets_get_through_in_both_directions(bench: Bench, size: int) -> None:
    data = bytes(index * 7 % 256 for index in range(size))

    for _ in range(3):  # the transmit ring has room for one of the largest, and wraps
        assert bench.wire.exchange(UserCommand(ECHO, data)).data == data


def test_the_control_loop_keeps_time(bench: Bench) -> None:
    begun_s = time.monotonic()
    before_ms = now_ms = bench.uptime_ms()

    while now_ms < before_ms + 100:
        now_ms = bench.uptime_ms()
        assert time.monotonic() < begun_s + DEADLINE_S, "it does not run"

    # Not faster than it should; a busy machine may make it slower.
    assert (time.monotonic() - begun_s) * 1000 > now_ms - before_ms - LATE_TIMER_MS


def test_a_busy_application_answers_between_its_bursts(bench: Bench) -> None:
    busy = bench.firmware.symbols()["board_busy_us"]
    bench.wire.exchange(WriteMemory((MemoryData(busy, (2000).to_bytes(2, "little")),)))

    for _ in range(20):
        bench.uptime_ms()
    bursts = bench.number("board_busy_count")
    bench.wire.exchange(WriteMemory((MemoryData(busy, bytes(2)),)))

    assert bursts > 0
    assert bench.number("board_overruns") == 0


def test_only_registers_are_used_that_are_there(bench: Bench) -> None:
    bench.uptime_ms()

    expected = NOT_EMULATED.get(bench.name)
    lines = bench.log.read_text().splitlines()

    assert [line for line in lines if expected is None or not re.match(expected, line)] == []

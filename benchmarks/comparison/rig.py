"""What all scenarios share: the board's program and its description, the loop, and both sides."""

from __future__ import annotations

import random
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from benchmarks.firmware import Firmware, build_big_firmware
from benchmarks.measured import MeasuredBoard
from benchmarks.users_python import users_python
from scrutiny.core.types import DataType
from scrutiny.core.watchables import Variable
from tests.support.example_board import build_board, description_of
from tests.support.peer import NoPeer, peer_python

from .bare_loop import BareLoop
from .rows import OURS, PEER
from .sides import Side, Sides

TABLE: Final = "measured_table"
CLOCK: Final = "measured_clock_ns"
ELEMENT: Final = 4  # octets
STRIDE: Final = 16  # elements from one to the next, where they are scattered
LEAVES_PER_UNIT: Final = 250
LAYOUTS: Final = ("contiguous", "scattered")


@dataclass(frozen=True, slots=True)
class Duration:
    """How long things are measured.

    Attributes:
        settle_s: before a measurement.
        measure_s: of each, below the 5 s after which a device ends a session without heartbeat.
        rounds: of everything.
    """

    settle_s: float
    measure_s: float
    rounds: int


FULL: Final = Duration(0.3, 1.5, 2)
QUICK: Final = Duration(0.2, 0.5, 1)


class Rig:
    """Builds what is measured, and starts it.

    Attributes:
        firmware: the example application.
        clock: a variable of it that holds the time at which it is read.
    """

    def __init__(self, folder: Path, duration: Duration, *, with_peer: bool) -> None:
        self.duration = duration
        self._folder = folder
        program = build_board(folder / "build", described=True)
        self.firmware = Firmware(program, description_of(program))
        self._table_address = _address_of(program, TABLE)
        address = _address_of(program, CLOCK)
        self.clock = Variable(f"/global/{CLOCK}", DataType.UINT64, "little", address)
        self._big: dict[int, Firmware] = {}
        self.loop = BareLoop(folder)
        python: Path | None = None
        if with_peer:
            try:
                python = peer_python()
            except NoPeer as reason:
                print(f"without the peer: {reason}")
        self._sides = Sides(folder, users_python(), python)
        self._port_count = 0

    @property
    def table_address(self) -> int:
        """Where the table is in the memory of the board."""
        return self._table_address

    def indices(self, layout: str, count: int) -> list[int]:
        """Return elements of the table, in the order in which somebody may think of them."""
        step = STRIDE if layout == "scattered" else 1
        found = [number * step for number in range(count)]
        random.Random(count).shuffle(found)
        return found

    def paths(self, indices: Sequence[int]) -> list[str]:
        """Return the paths of elements."""
        return [f"/global/{TABLE}/{TABLE}[{index}]" for index in indices]

    def variables(self, indices: Sequence[int]) -> list[Variable]:
        """Return elements as the server sees them."""
        return [
            Variable(path, DataType.UINT32, "little", self._table_address + ELEMENT * index)
            for index, path in zip(indices, self.paths(indices), strict=True)
        ]

    def big_firmware(self, leaves: int) -> Firmware:
        """Return the example application with generated variables besides, built once."""
        if leaves not in self._big:
            self.progress(f"building {leaves:,} variables")
            folder = self._folder / f"big{leaves}"
            units = leaves // LEAVES_PER_UNIT
            self._big[leaves] = build_big_firmware(folder, units, LEAVES_PER_UNIT)
        return self._big[leaves]

    @contextmanager
    def board(
        self, baud: int, buffer_size: int, *options: str, firmware: Firmware | None = None
    ) -> Generator[MeasuredBoard]:
        """A board with a line of its own; 0 baud: as fast as the terminal is."""
        port = self.new_port()
        board = self.start_board(port, baud, buffer_size, *options, firmware=firmware)
        try:
            yield board
        finally:
            board.kill()

    def new_port(self) -> Path:
        """Return a name that no terminal has had."""
        self._port_count += 1
        return self._folder / f"port{self._port_count}"

    def start_board(
        self,
        port: Path,
        baud: int,
        buffer_size: int,
        *options: str,
        firmware: Firmware | None = None,
    ) -> MeasuredBoard:
        """Switch a board on, by default with the example application."""
        program = (firmware or self.firmware).program
        line = ("--baud", f"{baud}", "--exact")
        sizes = ("--rx-size", f"{buffer_size}", "--tx-size", f"{buffer_size}")
        return MeasuredBoard(program, port, "--freeze", *line, *sizes, *options)

    def contenders(
        self, baud: int, buffer_size: int, *options: str, firmware: Firmware | None = None
    ) -> Generator[tuple[str, Side, MeasuredBoard]]:
        """Yield ours and the peer, if it can be had: its name in rows, its server, its board.

        Each has a board of its own, and ends when the next one is asked for.
        """
        for who in self.who:
            with (
                self.board(baud, buffer_size, *options, firmware=firmware) as board,
                self.side(who, board, baud, firmware=firmware) as side,
            ):
                yield who, side, board

    @contextmanager
    def side(
        self, who: str, board: MeasuredBoard, baud: int, *, firmware: Firmware | None = None
    ) -> Generator[Side]:
        """A server of ours or of the peer, with the board."""
        description = (firmware or self.firmware).description
        with ExitStack() as stack:
            yield self._sides.start(who, stack, board, baud, description)

    @property
    def who(self) -> Sequence[str]:
        """Those that are compared: ours, and the peer if it can be had."""
        return (OURS, PEER) if self._sides.has_peer else (OURS,)

    def progress(self, text: str) -> None:
        """Tell what is being measured."""
        if sys.stderr.isatty():
            print(f"\r{text:70}", end="", file=sys.stderr, flush=True)


def line_text(baud: int) -> str:
    """Return what a line is called in rows."""
    return f"{baud:,} baud" if baud else "unthrottled"


def _address_of(program: Path, name: str) -> int:
    with program.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = table.get_symbol_by_name(name)
        assert symbols is not None
    return int(symbols[0]["st_value"])

"""The boards that the example firmware runs on, and what is particular about each. POSIX only."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from .avr_board import AvrBoard, build_avr_emulator
from .board_build import BUILD, EXAMPLE, make
from .emulated_board import QemuBoard
from .example_board import Board, CannotBuild, description_of
from .shared_programs import example_program


class RunningBoard(Protocol):
    """A board that is switched on."""

    @property
    def port(self) -> Path:
        """Terminal or socket of its UART."""
        ...

    @property
    def overruns(self) -> int:
        """Octets lost for want of reading, since start; 0 where the emulator loses none."""
        ...

    def reset(self) -> None:
        """Push the reset button; whoever is connected to the port may have to do it again."""
        ...

    def read_memory(self, address: int, size: int) -> bytes:
        """Return what is in memory, past the protocol."""
        ...

    def kill(self) -> None:
        """Cut its power."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltFirmware:
    """A program for a board, and where its variables are.

    Attributes:
        program: an ELF file, tagged.
        linked: the same before it was tagged.
        description: of its variables, as our tools made it.
    """

    program: Path
    linked: Path
    description: Path

    def symbols(self) -> dict[str, int]:
        """Return the addresses of all that has a name, as in the file."""
        with self.program.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            assert isinstance(table, SymbolTableSection)
            return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


class BoardKind(Protocol):
    """A kind of board.

    Attributes:
        name: as the makefiles call it.
        has_recordings: whether its firmware has the datalogger.
        busy_us: how long interrupts are off each time in the firmware's busy mode, so that some
            requests lose an octet and most do not; 0 if there is no such mode.
        uart_room: octets that the UART keeps meanwhile.
        loses_octets: whether the emulator does, too; otherwise the line has to.
    """

    @property
    def name(self) -> str: ...

    @property
    def has_recordings(self) -> bool: ...

    @property
    def busy_us(self) -> int: ...

    @property
    def uart_room(self) -> int: ...

    @property
    def loses_octets(self) -> bool: ...

    def build(self) -> BuiltFirmware:
        """Build the example firmware with its description.

        Raises:
            CannotBuild: a tool is missing on this machine.
            AssertionError: it does not compile.
        """
        ...

    def start(self, firmware: BuiltFirmware, folder: Path) -> RunningBoard:
        """Switch on a board with a firmware in it; the folder is for its ports."""
        ...

    def address_of(self, firmware: BuiltFirmware, symbol: str) -> int:
        """Return the address of a variable, as it is in the protocol."""
        ...


class HostBoard:
    """This machine as a board."""

    def __init__(self, program: Path, port: Path) -> None:
        self.port = port
        self.overruns = 0
        self._program = program
        self._run = self._start()

    def reset(self) -> None:
        """Start the program anew."""
        self._run.kill()
        self._run = self._start()

    def read_memory(self, address: int, size: int) -> bytes:
        """Return what is in the memory of the process."""
        with Path(f"/proc/{self._run.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)

    def kill(self) -> None:
        """End the program."""
        self._run.kill()

    def _start(self) -> Board:
        return Board(self._program, self.port, "--datalog-size", "4096")


@dataclass(frozen=True, slots=True)
class HostKind:
    """The example firmware as a program of this machine."""

    name: str = "host"
    has_recordings: bool = True
    busy_us: int = 0
    uart_room: int = 0
    loses_octets: bool = False

    def build(self) -> BuiltFirmware:
        """Build it with the compiler of this machine, for all tests of a run."""
        program = example_program(described=True)
        linked = program.parent / "objects" / program.name
        return BuiltFirmware(program, linked, description_of(program))

    def start(self, firmware: BuiltFirmware, folder: Path) -> RunningBoard:
        """Start it with a terminal."""
        return HostBoard(firmware.program, folder / "uart")

    def address_of(self, firmware: BuiltFirmware, symbol: str) -> int:
        """Return what is in the file: it does not move."""
        return firmware.symbols()[symbol]


@dataclass(frozen=True, slots=True)
class QemuKind:
    """A microcontroller board that QEMU emulates.

    Attributes:
        compiler: that its makefile uses.
        machine: the emulator and its options, the one that takes the program last.
    """

    name: str
    compiler: str
    machine: tuple[str, ...]
    has_recordings: bool = True
    busy_us: int = 174
    uart_room: int = 2  # what is being received, and what was before
    loses_octets: bool = False

    def build(self) -> BuiltFirmware:
        """Build it with the board's makefile, in the place where that puts it."""
        return _build(self.name, (self.compiler, self.machine[0]))

    def start(self, firmware: BuiltFirmware, folder: Path) -> RunningBoard:
        """Start the emulator."""
        return QemuBoard(self.machine, firmware.program, folder)

    def address_of(self, firmware: BuiltFirmware, symbol: str) -> int:
        """Return what is in the file."""
        return firmware.symbols()[symbol]


@dataclass(frozen=True, slots=True)
class AvrKind:
    """A board with an AVR, as `tests/firmware/avr_board` emulates it: it loses what is not read.

    Attributes:
        name: of the microcontroller, as the compiler and the makefiles call it.
        options: for the compiler, to change sizes of the board.
    """

    name: str
    has_recordings: bool
    options: tuple[str, ...] = ()
    busy_us: int = 257
    uart_room: int = 3  # two in its buffer, and one in the shift register
    loses_octets: bool = True

    def build(self) -> BuiltFirmware:
        """Build it with the board's makefile, in the place where that puts it."""
        return _build(self.name, ("avr-gcc",), self.options)

    def start(self, firmware: BuiltFirmware, folder: Path) -> RunningBoard:
        """Build the emulator, and start it."""
        return AvrBoard(
            build_avr_emulator(folder), firmware.program, folder, self.name, strict=True
        )

    def address_of(self, firmware: BuiltFirmware, symbol: str) -> int:
        """Return what is in the file, without the mark for RAM that the compiler adds."""
        return firmware.symbols()[symbol] & 0xFFFF


def _build(name: str, tools: tuple[str, ...], options: Sequence[str] = ()) -> BuiltFirmware:
    if missing := [tool for tool in ("make", *tools) if shutil.which(tool) is None]:
        raise CannotBuild(f"{' and '.join(missing)} not found, needed for the board {name}")
    place = BUILD.with_name("-".join((BUILD.name, *options)))
    result = make(
        *("-C", str(EXAMPLE / "boards"), name, f"BUILD={place}", f"OPTIONS={' '.join(options)}")
    )
    assert result.returncode == 0, result.stdout + result.stderr
    built = place / name
    program = f"{name}.elf"
    return BuiltFirmware(built / program, built / "objects" / program, built / f"{name}.sfd")


def _arm(name: str, machine: str) -> QemuKind:
    return QemuKind(name, "arm-none-eabi-gcc", ("qemu-system-arm", "-machine", machine, "-kernel"))


# Without -bios, QEMU looks for a firmware that starts ours.
_VIRT: Final = ("qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-kernel")

AVR_KINDS: Final = (
    AvrKind("atmega328p", has_recordings=False),
    AvrKind("atmega2560", has_recordings=True),
)
BOARD_KINDS: Final[tuple[BoardKind, ...]] = (
    *AVR_KINDS,
    _arm("mps2-an385", "mps2-an385"),
    _arm("mps2-an386", "mps2-an386"),
    _arm("netduinoplus2", "netduinoplus2"),
    QemuKind("rv32-virt", "riscv64-unknown-elf-gcc", _VIRT),
    HostKind(),  # the last one stays switched on until all tests have ended; this one then sleeps
)

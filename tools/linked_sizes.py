"""What the device library takes of a microcontroller's memory, measured in a program that uses it.

The small application of `footprint_app/` is linked twice, with the library and without it. The
difference of what `size` says of the two is the library: its code and constants, what its calls add
to the application, and what it needs of the compiler's and of the C library. The buffers that the
application lends it are not counted.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FIRMWARE: Final = ROOT / "firmware"
APPLICATION: Final = ROOT / "tools" / "footprint_app"

_OPTIONS: Final = ("-std=c99", "-Os", "-ffunction-sections", "-fdata-sections")
ONE_FILE: Final = (FIRMWARE / "scrutiny_all.c",)
_FILES: Final = tuple(sorted((FIRMWARE / "src").glob("*.c")))
_BARE: Final = ("-nostartfiles", "-Wl,-e,main")
_ARM_LIBRARY: Final = ("--specs=nano.specs", "--specs=nosys.specs")
_NO_LIBRARY: Final = ROOT / "firmware_example" / "boards" / "freestanding"
_FREESTANDING: Final = ("-ffreestanding", "-fbuiltin", "-nostdlib", f"-I{_NO_LIBRARY}")

FEATURES: Final[dict[str, tuple[str, ...]]] = {
    "min": ("DATALOGGING=0", "64BIT=0", "SPECIAL_REGIONS=0", "COUNTERS=0"),
    "std": ("DATALOGGING=0", "64BIT=1", "SPECIAL_REGIONS=1", "COUNTERS=0"),
    "dl min": ("DATALOGGING=1", "64BIT=0", "SPECIAL_REGIONS=0", "COUNTERS=0"),
    "dl": ("DATALOGGING=1", "64BIT=1", "SPECIAL_REGIONS=1", "COUNTERS=0"),
    "all": ("DATALOGGING=1", "64BIT=1", "SPECIAL_REGIONS=1", "COUNTERS=1"),
}
"""Values of SCRUTINY_ENABLE_*: std has 64-bit types and protected regions, dl records as well."""


class CannotMeasure(Exception):
    """A tool is missing on this machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of microcontroller, and how to build for it.

    Attributes:
        name: as users know it.
        tools: what the names of compiler and tools start with.
        options: of the compiler, that make it build for this target.
        small: whether the application lends small buffers.
        sources: what else has to be linked.
        libraries: options at the end of the command.
    """

    name: str
    tools: str
    options: tuple[str, ...]
    small: bool = False
    sources: tuple[Path, ...] = ()
    libraries: tuple[str, ...] = ()


def _arm(name: str, *options: str) -> Target:
    return Target(name, "arm-none-eabi-", ("-mthumb", *options, *_BARE, *_ARM_LIBRARY))


def _avr(name: str, mcu: str) -> Target:
    return Target(name, "avr-", (f"-mmcu={mcu}", "-Wl,--relax"), small=True)


TARGETS: Final = (
    _arm("Cortex-M0", "-mcpu=cortex-m0"),
    _arm("Cortex-M3", "-mcpu=cortex-m3"),
    _arm("Cortex-M4F", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    Target(
        "RV32IMAC",
        "riscv64-unknown-elf-",
        ("-march=rv32imac", "-misa-spec=2.2", "-mabi=ilp32", *_BARE, *_FREESTANDING),
        sources=(_NO_LIBRARY / "memory.c",),
        libraries=("-lgcc",),
    ),
    _avr("ATmega328P", "atmega328p"),
    _avr("ATmega2560", "atmega2560"),
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Memory that the library takes.

    Attributes:
        flash: code and constants, with the initial values of variables, in octets.
        ram: variables, without the buffers lent by the application, in octets.
    """

    flash: int
    ram: int


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    kind: str
    size: int
    file: Path


def measure(target: Target, features: str, folder: Path, *, by_files: bool = False) -> Footprint:
    """Build with the library and without it, and compare.

    Args:
        target: one of `TARGETS`.
        features: a key of `FEATURES`.
        folder: where the programs go.
        by_files: compile the files of the library one by one, which takes longer.

    Raises:
        CannotMeasure: a tool is missing on this machine.
    """
    without = link(target, features, folder / "without.elf", ())
    program = link(target, features, folder / "with.elf", _FILES if by_files else ONE_FILE)
    flash_before, ram_before = _size(target, without)
    flash, ram = _size(target, program)
    lent = sum(
        symbol.size for symbol in _symbols(target, program) if symbol.name.startswith("measured_")
    )
    return Footprint(flash - flash_before, ram - ram_before - lent)


def modules(target: Target, features: str, folder: Path) -> dict[str, int]:
    """Return flash by source file of the library, the largest first.

    "application" is what the library's calls add there, "other" what comes with compiler and C
    library, or has no name.

    Args:
        target: one of `TARGETS`.
        features: a key of `FEATURES`.
        folder: where the programs go.

    Raises:
        CannotMeasure: a tool is missing on this machine.
    """
    without = link(target, features, folder / "without.elf", (), "-g")
    program = link(target, features, folder / "with.elf", ONE_FILE, "-g")
    parts = _by_module(target, program)
    parts.subtract(_by_module(target, without))
    parts["other"] = _size(target, program)[0] - _size(target, without)[0] - parts.total()
    return {name: size for name, size in parts.most_common() if size != 0}


def compiler_version(tools: str) -> str:
    """Return the version of a compiler, as 12.2.1.

    Raises:
        CannotMeasure: it is missing on this machine.
    """
    return output_of(f"{tools}gcc", "-dumpversion").strip()


def link(
    target: Target, features: str, program: Path, library: Sequence[Path], *options: str
) -> Path:
    """Build the application, with the files of the library if there are any."""
    settings = [
        f"-DWITH_LIBRARY={int(bool(library))}",
        f"-DSMALL_BUFFERS={int(target.small)}",
        *(f"-DSCRUTINY_ENABLE_{feature}" for feature in FEATURES[features]),
        "-DSCRUTINY_MAX_LOOPS=1",
    ]
    output_of(
        f"{target.tools}gcc",
        *(*_OPTIONS, *target.options, *options),
        *(*settings, f"-I{FIRMWARE / 'include'}", f"-I{FIRMWARE / 'src'}", "-Wl,--gc-sections"),
        *map(str, (APPLICATION / "application.c", *library, *target.sources)),
        *(*target.libraries, "-o", str(program)),
        folder=program.parent,
    )
    return program


def _size(target: Target, program: Path) -> tuple[int, int]:
    """Return flash and RAM."""
    line = output_of(f"{target.tools}size", str(program)).splitlines()[1]
    text, data, bss = map(int, line.split()[:3])
    return text + data, data + bss


def _symbols(target: Target, program: Path) -> list[_Symbol]:
    output = output_of(f"{target.tools}nm", "-S", "-l", "--defined-only", str(program))
    found = re.findall(r"^\w+ (\w+) (\w) (\S+)(?:\t(.*):\d+)?$", output, re.MULTILINE)
    return [_Symbol(name, kind, int(size, 16), Path(file)) for size, kind, name, file in found]


def _by_module(target: Target, program: Path) -> Counter[str]:
    """Return flash by module, without what has no name or comes from elsewhere."""
    parts: Counter[str] = Counter()
    for symbol in _symbols(target, program):
        if symbol.kind in "bB" or symbol.name.startswith("__"):
            continue
        if FIRMWARE in symbol.file.parents:
            parts[symbol.file.stem] += symbol.size
        elif symbol.file.name == "application.c":
            parts["application"] += symbol.size
    return parts


def output_of(command: str, *arguments: str, folder: Path | None = None) -> str:
    """Run a command, in a folder if that matters, and return what it prints.

    Raises:
        CannotMeasure: it is missing on this machine.
    """
    if shutil.which(command) is None:
        raise CannotMeasure(f"{command} not found")
    result = subprocess.run(
        [command, *arguments], capture_output=True, text=True, check=False, cwd=folder
    )
    assert result.returncode == 0, result.stderr
    return result.stdout

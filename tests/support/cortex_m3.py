"""Programs for an emulated Cortex-M3 with the C library in them: built and run without a board."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .example_board import ROOT, CannotBuild

_COMPILER: Final = "arm-none-eabi-gcc"
_EMULATOR: Final = "qemu-system-arm"
_SPECS: Final = "nano.specs"

_LIBRARY: Final = ROOT / "firmware"
_BOARDS: Final = ROOT / "firmware_example" / "boards"
_CORE: Final = _BOARDS / "cortex_m"
_SCRIPT: Final = _BOARDS / "mps2" / "mps2.ld"
_TESTS: Final = ROOT / "tests" / "firmware"

_WARNINGS: Final = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
_DEADLINE_S: Final = 600.0  # generous: machines that run tests are often busy


def build_for_cortex_m3(
    folder: Path, *sources: Path, optimization: str = "-Os", core: str = "cortex-m3"
) -> Path:
    """Build a program from its own sources, the board, a bare device and the library.

    Args:
        folder: where the program goes.
        sources: its files; it is named after the first one.
        optimization: as the compiler spells it.
        core: whose instructions to use; those of smaller ones run on a Cortex-M3, too.

    Raises:
        CannotBuild: a tool is missing on this machine.
        AssertionError: it does not compile.
    """
    _check_tools()
    program = folder / f"{sources[0].stem}.elf"
    command = [
        _COMPILER,
        *(f"-mcpu={core}", "-mthumb", optimization, "-std=c99", "-g", *_WARNINGS),
        *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"),
        *("-nostartfiles", f"--specs={_SPECS}", f"-L{_CORE}", "-T", str(_SCRIPT)),
        *(f"-I{path}" for path in (_LIBRARY / "include", _LIBRARY / "src", _CORE, _TESTS)),
        *map(str, sorted((_LIBRARY / "src").glob("*.c"))),
        *map(str, sorted(_CORE.glob("*.c"))),
        *map(str, (_TESTS / "bare_device.c", *sources)),
        *("-o", str(program)),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return program


def run_on_cortex_m3(program: Path) -> tuple[int, list[str]]:
    """Run a program to its end, each instruction in 256 ns; return its exit code and its lines."""
    command: Sequence[str] = (
        _EMULATOR,
        *("-M", "mps2-an385", "-icount", "shift=8,sleep=off", "-kernel", str(program)),
        *("-nodefaults", "-display", "none", "-monitor", "none", "-serial", "none"),
        *("-semihosting-config", "enable=on,target=native"),
    )
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False
    )
    lines = result.stderr.splitlines()  # where the emulator prints what the program says
    return result.returncode, [line for line in lines if not line.startswith(_EMULATOR)]


def _check_tools() -> None:
    missing = [tool for tool in (_COMPILER, _EMULATOR) if shutil.which(tool) is None]
    if missing:
        raise CannotBuild(f"{' and '.join(missing)} not found")
    found = subprocess.run(
        [_COMPILER, f"-print-file-name={_SPECS}"], capture_output=True, text=True, check=True
    )
    if not Path(found.stdout.strip()).is_absolute():
        raise CannotBuild(f"{_COMPILER} has no C library (Debian: libnewlib-arm-none-eabi)")

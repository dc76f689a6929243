"""The C unit tests (unit_*.c) pass under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
UNITS = sorted(path.stem for path in HERE.glob("unit_*.c"))


def compiler_with_cmocka(folder: Path) -> str:
    """Return a C compiler that finds CMocka; skip the test if there is none."""
    source = folder / "probe.c"
    source.write_text(
        "#include <setjmp.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n"
        "#include <cmocka.h>\nint main(void) { return 0; }\n"
    )
    for compiler in filter(None, map(shutil.which, ("gcc", "clang", "cc"))):
        probe = [compiler, str(source), "-lcmocka", "-o", str(folder / "probe")]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return compiler
    assert not os.environ.get("CI"), "a C compiler and CMocka (Debian: libcmocka-dev) are needed"
    pytest.skip("needs a C compiler and CMocka")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build all unit test programs."""
    folder = tmp_path_factory.mktemp("units")
    compiler = compiler_with_cmocka(folder)
    make = shutil.which("make")
    if make is None:
        assert not os.environ.get("CI"), "make is needed"
        pytest.skip("needs make")
    command = [make, "-s", "-j4", "-C", str(HERE), f"BUILD={folder}", f"CC={compiler}", "units"]
    subprocess.run(command, check=True)
    return folder


@pytest.mark.parametrize("unit", UNITS)
def test_unit(build: Path, unit: str) -> None:
    result = subprocess.run([build / unit], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr

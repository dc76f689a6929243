"""Mutated frames do no harm to the C library; see tests/firmware/fuzz_device.c.

SCRUTINY_FUZZ_COUNT sets the number of frames; SCRUTINY_FUZZ_SEED the first of the seeds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FIRMWARE_TESTS = Path(__file__).resolve().parents[1] / "firmware"

# One million takes about a second under both sanitizers, after a build of three.
FRAMES = int(os.environ.get("SCRUTINY_FUZZ_COUNT", "1000000"))
FIRST_SEED = int(os.environ.get("SCRUTINY_FUZZ_SEED", "1"))
SEEDS = 2


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    make = shutil.which("make")
    if compiler is None or make is None:
        assert not os.environ.get("CI"), "a C compiler and make are needed"
        pytest.skip("needs a C compiler and make")
    build = tmp_path_factory.mktemp("fuzz")
    target = build / "fuzz_device"
    command = [make, "-s", "-C", str(FIRMWARE_TESTS), f"BUILD={build}", f"CC={compiler}"]
    subprocess.run([*command, str(target)], check=True)
    return target


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_mutated_frames_do_no_harm(program: Path, seed: int) -> None:
    command = [str(program), str(FRAMES), str(seed)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith(f"{FRAMES} frames")

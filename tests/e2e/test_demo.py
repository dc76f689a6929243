"""The first command of every newcomer, as a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 100


def run_demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrutiny.cli.main", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


NAMES = (
    r"The symbols of 'Motor example' are loaded: \d+ variables, \d+ array leaves,\s+8 aliases",
    r"/global/motor_speed_rpm +\d+\.\d\d",
    r"/global/\*statistics_focus/mean +\d+\.\d\d   behind a pointer",
    r"/motor/drive \[%\] +\d+\.\d\d   an alias",
    r"/motor/state +MOTOR_(RUNNING|STARTING)   an enumeration",
    r"Wrote 1000 \+ 2\*floor\(.*\) to .*: the device has 1212\.0",
    r"The motor is MOTOR_RUNNING at 12\d\d rpm",
)


def check_story(output: str, names: tuple[str, ...] = ()) -> None:
    """Connected, ready, values, a write, gone, ready again with another session: in this order."""
    steps = (
        r"Connected to the server",
        r"DeviceReady  session (?P<first>\w{32})",
        r"Live values:",
        r"setpoint  1500\.0 rpm",
        r"the device confirmed 2200\.0",
        *names,
        r"DeviceGone   session (?P<gone>\w{32})",
        r"DeviceReady  session (?P<second>\w{32})",
        r"The values are back",
    )
    match = re.search(".*?".join(steps), output, re.DOTALL)
    assert match is not None, output
    assert match["first"] == match["gone"]
    assert match["first"] != match["second"]


@pytest.mark.skipif(sys.platform == "win32", reason="the example firmware runs on POSIX")
def test_the_demo_runs_on_the_c_application() -> None:
    result = run_demo()

    assert result.returncode == 0, result.stdout + result.stderr
    assert "the example firmware (C)" in result.stdout
    check_story(result.stdout, NAMES if sys.platform == "linux" else ())


def test_without_a_compiler_the_demo_says_so_and_simulates(tmp_path: Path) -> None:
    result = run_demo(PATH=str(tmp_path))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "a simulated device: there is no C compiler here" in result.stdout
    check_story(result.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="the example firmware runs on POSIX")
def test_a_compiler_that_fails_is_quoted_and_the_demo_goes_on() -> None:
    result = run_demo(CC="false")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "compiling the example firmware failed" in result.stdout
    check_story(result.stdout)

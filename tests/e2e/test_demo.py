"""The first command of every newcomer, as a process."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import LoggedProcess

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 100


COMMAND = (sys.executable, "-m", "scrutiny.cli.main")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
CSV_NAME = "scrutiny-demo.csv"


@pytest.fixture(autouse=True)
def current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo leaves a file where it is started."""
    monkeypatch.chdir(tmp_path)


def run_demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "demo", *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        encoding="utf-8",
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
        r"The board records by itself now, at 1 kHz",
        r"Step of the setpoint: \d+ samples\nrpm\n",
        r"2200 \u2502.* setpoint\n",
        r"\n +Time \(ideal\) \[ms\]  \u25b2 trigger at \d+ ms\n",
        rf"Saved the samples as \S+{CSV_NAME}\n",
    )
    match = re.search(".*?".join(steps), output, re.DOTALL)
    assert match is not None, output
    assert match["first"] == match["gone"]
    assert match["first"] != match["second"]


def check_samples(file: Path) -> None:
    """The step is inside, the trigger stands at it, and the motor follows."""
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["Acquisition Name", "Step of the setpoint"]
    assert rows[6] == ["Time (ideal)", "setpoint", "speed", "Trigger"]
    samples = [tuple(map(float, row)) for row in rows[7:]]
    before = [sample for sample in samples if not sample[3]]
    after = [sample for sample in samples if sample[3]]
    assert {setpoint for _, setpoint, _, _ in before} == {1500.0}
    # With a decimation the trigger fires up to so many iterations after the sample it stands at.
    assert {setpoint for _, setpoint, _, _ in after[1:]} == {2200.0}
    assert before[-1][2] == pytest.approx(1500, abs=20)
    assert after[-1][2] == pytest.approx(2200, abs=50)
    assert samples[1][0] - samples[0][0] == pytest.approx(0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="the example firmware runs on POSIX")
def test_the_demo_runs_on_the_c_application() -> None:
    result = run_demo()

    assert result.returncode == 0, result.stdout + result.stderr
    assert "the example firmware (C)" in result.stdout
    check_story(result.stdout, NAMES if sys.platform == "linux" else ())
    check_samples(Path(CSV_NAME))


def test_without_a_compiler_the_demo_says_so_and_simulates(tmp_path: Path) -> None:
    result = run_demo(PATH=str(tmp_path))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "a simulated device: there is no C compiler here" in result.stdout
    check_story(result.stdout)
    check_samples(Path(CSV_NAME))


@pytest.mark.skipif(sys.platform == "win32", reason="the example firmware runs on POSIX")
def test_a_compiler_that_fails_is_quoted_and_the_demo_goes_on() -> None:
    result = run_demo(CC="false")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "compiling the example firmware failed" in result.stdout
    check_story(result.stdout)


def test_a_file_for_the_samples_can_be_named_and_is_looked_at_before() -> None:
    refused = run_demo("--csv", "nowhere/step.csv")

    assert refused.returncode == 1
    assert "there is no folder nowhere" in refused.stderr
    assert "Connected" not in refused.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX here")
def test_board_and_server_can_be_kept_for_others() -> None:
    demo = LoggedProcess(
        [*COMMAND, "demo", "--simulator", "--keep", "--port", "0", "--csv", "step.csv"],
        environment=ENVIRONMENT,
    )
    try:
        match, _ = demo.wait_for_line(
            "^    scrutiny scope --port ([0-9]+) (--signal .*)$", TIMEOUT_S
        )
        scope = subprocess.run(
            [*COMMAND, "scope", "--port", match[1], *match[2].split(), "--duration", "0.1"],
            env=ENVIRONMENT,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
        demo.interrupt()
        assert demo.finish() == 0
    finally:
        demo.kill()

    assert scope.returncode == 0, scope.stderr
    assert "x1001" in scope.stdout
    check_samples(Path("step.csv"))
    assert not Path(CSV_NAME).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to react to")
def test_a_demo_that_is_terminated_takes_its_server_along() -> None:
    demo = LoggedProcess([*COMMAND, "demo", "--simulator"], environment=ENVIRONMENT)
    try:
        match, _ = demo.wait_for_line(r"^Server  ws://localhost:([0-9]+)$", TIMEOUT_S)
        assert demo.stop() == 128 + signal.SIGTERM
    finally:
        demo.kill()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(match[1])))

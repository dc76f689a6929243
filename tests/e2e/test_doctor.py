"""``scrutiny doctor``: what people and programs are told, and how it ends."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest

from scrutiny.firmware_link.simulator.device import SimulatedDevice
from tests.support.odd_port import OddPort, as_device
from tests.support.server_process import ServerProcess
from tests.support.terminal_process import TerminalProcess
from tests.support.verb_desk import ENVIRONMENT, PROGRAM, run_here

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo terminals")


def test_a_device_that_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with OddPort(as_device(SimulatedDevice(now_ns=time.monotonic_ns()))) as port:
        result = run_here(capsys, "doctor", f"{port.path}")

    assert (result.code, result.errors) == (0, "")
    pattern = r"ok: device 'Motor example \(simulated\)' answers within \S+ ms and gives .*\n"
    assert re.fullmatch(pattern, result.output)


def test_a_problem_has_something_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with OddPort(lambda data, speed: data) as port:
        result = run_here(capsys, "doctor", f"serial:{port.path}?baudrate=9600")

    assert (result.code, result.errors) == (1, "")
    problem, advice = result.output.splitlines()
    assert problem.startswith("problem: what is sent comes back, and nothing else")
    assert advice.startswith("  to do: TX and RX of the adapter are connected to each other")


def test_json_has_the_cause(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = run_here(capsys, "doctor", f"serial:{tmp_path / 'ttyUSB9'}", "--json")

    assert (result.code, result.errors) == (1, "")
    (finding,) = json.loads(result.output)
    assert finding["cause"] == "no-such-port"
    assert finding["prevents"] is True
    assert set(finding) == {"cause", "text", "advice", "prevents"}


def test_people_see_what_it_does(tmp_path: Path) -> None:
    with OddPort(lambda data, speed: data) as port:
        doctor = TerminalProcess([*PROGRAM, "doctor", f"{port.path}"], environment=ENVIRONMENT)
        try:
            assert doctor.finish() == 1
        finally:
            doctor.close()

    assert "asking who is there" in doctor.shown
    assert "problem: what is sent comes back" in doctor.shown


def test_without_a_server_and_a_link_it_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "doctor", "--port", "1")

    assert (result.code, result.errors) == (1, "")
    assert "problem: cannot connect to localhost:1" in result.output
    assert "to do: name a link, as `scrutiny doctor serial:/dev/ttyACM0`; " in result.output


def test_a_server_tells_of_its_device(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with OddPort(as_device(SimulatedDevice(now_ns=time.monotonic_ns()))) as port:
        server = ServerProcess(tmp_path, "--link", f"serial:{port.path}")
        try:
            result = run_here(capsys, "doctor", "--port", f"{server.tcp_port}", "--timeout", "20")
            busy = run_here(capsys, "doctor", f"{port.path}")
        finally:
            server.kill()

    assert result == (0, "ok: the server talks to device 'Motor example (simulated)'\n", "")
    assert busy.code == 1
    if sys.platform == "linux":
        assert re.search(r"problem: .*scrutiny\.server.* \(process \d+\) ha", busy.output)


@pytest.mark.parametrize(
    ("link", "cause", "words"),
    [
        (None, "no-link", "name a link"),
        ("/no/port", "cannot-open", "there is no serial port /no/port"),
        ("silent", "silence", "only one program can have the link"),
    ],
)
def test_a_server_without_a_device(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, link: str | None, cause: str, words: str
) -> None:
    with OddPort(lambda data, speed: b"") as port:
        path = f"{port.path}" if link == "silent" else link
        server = ServerProcess(tmp_path, *(() if path is None else ("--link", f"serial:{path}")))
        try:
            result = run_here(capsys, "doctor", "--port", f"{server.tcp_port}", "--json")
        finally:
            server.kill()

    assert result.code == 1
    (finding,) = json.loads(result.output)
    assert finding["cause"] == cause
    assert words in finding["text"] + finding["advice"]


def test_a_link_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "doctor", "carrier-pigeon:7")

    assert (result.code, result.output) == (2, "")
    assert "argument LINK: " in result.errors

"""The example scripts that need a board, run as users run them."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import DataloggingConfig
from tests.support.bench import Bench
from tests.support.example_board import ROOT
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def server(bench: Bench) -> ServerProcess:
    return bench.start_server(bench.start_board().port)


@pytest.fixture
def client(bench: Bench, server: ServerProcess) -> ScrutinyClient:
    client = bench.connect(server)
    client.wait_device_ready(DEADLINE_S)
    return client


class Example(LoggedProcess):
    def __init__(self, name: str, *arguments: str) -> None:
        script = str(ROOT / "examples" / name)
        super().__init__([sys.executable, script, *arguments], environment=ENVIRONMENT)


@pytest.fixture
def events(server: ServerProcess, client: ScrutinyClient) -> Iterator[Example]:
    example = Example("events.py", "127.0.0.1", f"{server.tcp_port}")
    yield example
    example.kill()


def test_scope_measures_a_step(
    server: ServerProcess, client: ScrutinyClient, tmp_path: Path
) -> None:
    port = ("--host", "127.0.0.1", "--port", f"{server.tcp_port}")
    example = Example("scope.py", *port, "--ki", "1.5", "--csv", f"{tmp_path}/step.csv")
    assert example.finish() == 0, example.lines

    told = dict(line.split(maxsplit=1) for line in example.lines)
    assert told["Recording"] == "at 1000 Hz in the loop 'control'."
    match, _ = example.wait_for_line(r"Rise time  ([\d.]+) ms")
    assert 5 <= float(match[1]) <= 20  # 11 ms with this gain
    match, _ = example.wait_for_line(r"Overshoot  ([\d.]+)%")
    assert 8 <= float(match[1]) <= 16
    assert told["Settles"] in {f"at {rpm} rpm" for rpm in range(1998, 2003)}
    rows = list(csv.reader((tmp_path / "step.csv").read_text().splitlines()))
    assert rows[6] == ["Time (ideal)", "setpoint", "speed", "Trigger"]
    assert rows[7][1] == "1000.0"
    assert rows[-1][1] == "2000.0"


def test_events_prints_that_an_acquisition_is_ready(
    client: ScrutinyClient, events: Example
) -> None:
    events.wait_for_line("^Connected to ")
    config = DataloggingConfig(0, name="for the events")
    config.add_signal("/rpv/x1001", config.add_axis("rpm"))
    client.start_datalog(config).wait_for_completion(DEADLINE_S)

    events.wait_for_line("^Datalogging acquisition ready!$")
    events.wait_for_line("^Datalogger state: Standby$")
    lines = events.lines
    waiting = lines.index("Datalogger state: WaitForTrigger")
    acquiring = next(i for i, line in enumerate(lines) if line.startswith("Datalogger state: Acq"))
    ready = lines.index("Datalogging acquisition ready!")
    assert waiting < acquiring < ready


def test_log_csv_writes_one_row_for_each_read_of_the_device(
    server: ServerProcess, client: ScrutinyClient, tmp_path: Path
) -> None:
    port = ("--host", "127.0.0.1", "--port", f"{server.tcp_port}")
    paths = [f"/rpv/x{number:04X}" for number in (0x1002, 0x1000, 0x1001, 0x1007)]
    file = tmp_path / "motor.csv"
    example = Example("log_csv.py", f"{file}", *paths, "--rate", "20", "--seconds", "2", *port)
    before = datetime.now()
    assert example.finish() == 0, example.lines

    match, _ = example.wait_for_line(r"^(\d+) values\.$")
    header, names, *rows = csv.reader(file.read_text(encoding="utf8").splitlines())
    assert header == ["", "", *sorted(paths)]
    assert names[:2] == ["Datetime", "Time [s]"]
    assert {row[-1] for row in rows} == {"1,1,1,1"}  # all four in each row
    assert 4 * len(rows) == int(match[1])
    assert len(rows) >= 2
    times = [datetime.strptime(row[0], "%Y-%m-%d %H:%M:%S.%f") for row in rows]
    assert times == sorted(times)
    assert before < times[0] < times[-1] < datetime.now()
    since_first = [(time - times[0]).total_seconds() for time in times]
    assert [float(row[1]) for row in rows] == since_first


def test_log_csv_refuses_to_overwrite(
    server: ServerProcess, client: ScrutinyClient, tmp_path: Path
) -> None:
    port = ("--host", "127.0.0.1", "--port", f"{server.tcp_port}")
    file = tmp_path / "motor.csv"
    file.write_text("mine")
    example = Example("log_csv.py", f"{file}", "/rpv/x1000", *port)

    assert example.finish() == 1
    example.wait_for_line("exists")
    assert file.read_text() == "mine"

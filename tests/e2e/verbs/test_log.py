"""``scrutiny log``: what is in the file, whatever ends it."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.verb_desk import ENVIRONMENT, PROGRAM, VerbDesk, run_here

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

SETPOINT, FAULT = "/motor/setpoint [rpm]", "/motor/last fault"
HALF_A_SECOND = ("--duration", "0.5")


def test_csv_has_a_row_for_each_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "motor.csv"
    code, output, errors = run(
        "log", SETPOINT, FAULT, "--csv", f"{file}", "--rate", "20", *HALF_A_SECOND
    )

    assert (code, output) == (0, "")
    assert errors.startswith(f"logging 2 values to {file}; Ctrl-C ends it\n{file} written: ")
    rows = list(csv.reader(file.read_text().splitlines()))
    assert rows[:2] == [
        ["", "", SETPOINT, FAULT],
        ["Datetime", "Time [s]", "setpoint [rpm]", "last fault", "update flags"],
    ]
    assert len(rows) > 3
    assert {tuple(row[2:4]) for row in rows[3:]} == {("1500.0", "0")}


def test_json_lines_have_an_object_for_each_update(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "motor.jsonl"
    summary = run("log", SETPOINT, FAULT, "--jsonl", f"{file}", "--json", *HALF_A_SECOND).json()

    objects = [json.loads(line) for line in file.read_text().splitlines()]
    assert summary.pop("duration_s") >= 0.5
    assert summary == {
        "file": f"{file}",
        "values": 2,
        "updates": len(objects),
        "losses": 0,
        "dropped": 0,
    }
    assert {(each["path"], each["value"], each.get("name")) for each in objects} == {
        (SETPOINT, 1500.0, None),
        (FAULT, 0, "none"),
    }


@pytest.mark.parametrize("end", ["interrupt", "stop"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_signal_ends_it_with_all_in_the_file(
    desk: VerbDesk, tmp_path: Path, end: str, kind: str
) -> None:
    file = tmp_path / f"log.{kind}"
    log = desk.start("log", SETPOINT, f"--{kind}", f"{file}", "--rate", "50")
    log.wait_for_line("logging 1 value ")
    tail = LoggedProcess(["tail", "-n", "+1", "-F", f"{file}"])
    try:
        tail.wait_for_line(r"1500\.0")
    finally:
        tail.kill()
    if end == "interrupt":
        log.interrupt()
        code = log.finish()
    else:
        code = log.stop()

    assert code == 0
    match, _ = log.wait_for_line(r"written: (\d+) updates in")
    heads = 2 if kind == "csv" else 0
    lines = file.read_text().splitlines()
    assert len(lines) - heads == int(match[1])
    assert "1500.0" in lines[-1]


def test_people_see_how_far_it_is(desk: VerbDesk, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    log = desk.start_on_terminal("log", SETPOINT, "--csv", f"{file}", columns=120)
    log.wait_for(r"[1-9]\d* updates in \S+ m?s, \S+ per second \(Ctrl-C ends it\)")
    log.interrupt()

    assert log.finish() == 0
    assert re.search(r"a\.csv written: \d+ updates", log.shown.replace("\n", ""))


def wait_for_text(file: Path, text: str) -> None:
    """Wait until something was written into a file, as people who look at it do."""
    deadline_s = time.monotonic() + DEADLINE_S
    while text not in (file.read_text(encoding="utf-8") if file.exists() else ""):
        assert time.monotonic() < deadline_s, f"{file} lacks {text}"
        time.sleep(0.02)


def test_a_loss_is_written(bench: Bench, tmp_path: Path) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    desk = VerbDesk(board, server, bench.connect(server))
    file = tmp_path / "a.jsonl"
    log = desk.start("log", "/rpv/x1000", "--rate", "20", "--jsonl", f"{file}")
    watch = desk.start("watch", "/rpv/x1000")
    try:
        log.wait_for_line("logging 1 value ")
        watch.wait_for_line(r"/rpv/x1000 \d")
        board.kill()
        watch.wait_for_line("DeviceGone")
        wait_for_text(file, "DeviceGone")
        assert log.stop() == 0
    finally:
        desk.clear()

    assert json.loads(file.read_text().splitlines()[-1])["status"] == "DeviceGone"
    log.wait_for_line("1 of them losses")


def test_a_full_disk_ends_it(desk: VerbDesk, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the same error, from the same call."""
    file = tmp_path / "a.jsonl"
    command = shlex.join([*PROGRAM, *desk.arguments("log", SETPOINT, "--jsonl", f"{file}")])
    result = subprocess.run(
        ["bash", "-c", f"ulimit -f 4; trap '' XFSZ; exec {command}"],
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert file.stat().st_size == 4 * 1024


def test_what_is_there_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text("precious")

    result = run("log", SETPOINT, "--csv", f"{file}", *HALF_A_SECOND)

    assert (result.code, file.read_text()) == (1, "precious")
    assert "is there already; name another file, or remove it" in result.errors


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["/motor/sped [rpm]", "--csv", "{}/a.csv"], 1, "/motor/speed [rpm]"),
        ([SETPOINT, "--csv", "{}/no/a.csv"], 1, "there is no folder"),
        ([SETPOINT, "--csv", "{}/a.txt"], 1, "does not end with .csv"),
        ([SETPOINT], 2, "one of the arguments --csv --jsonl is required"),
        ([SETPOINT, "--csv", "a.csv", "--duration", "0"], 2, "'0' is not a number, above 0"),
    ],
)
def test_mistakes_are_told_and_leave_no_file(
    run: Run, tmp_path: Path, arguments: list[str], code: int, reason: str
) -> None:
    result = run("log", *(each.format(tmp_path) for each in arguments))

    assert (result.code, result.output) == (code, "")
    assert reason in result.errors
    assert list(tmp_path.iterdir()) == []


def test_without_a_server_it_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = f"{tmp_path / 'a.csv'}"
    assert run_here(capsys, "log", "/a", "--csv", file, "--port", "1").code == 1

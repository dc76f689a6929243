"""``scrutiny watch``: lines, objects, a table that changes, and its ends."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime

import pytest

from tests.support.bench import Bench
from tests.support.verb_desk import VerbDesk, run_here

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

SETPOINT, STATE, UPTIME = "/motor/setpoint [rpm]", "/motor/state", "/rpv/x1007"


def test_lines_have_time_path_and_value(run: Run) -> None:
    code, output, errors = run("watch", SETPOINT, "/motor/last fault", "--count", "3")

    assert (code, errors) == (0, "")
    lines = [line.split(" ", 2) for line in output.splitlines()]
    assert sorted(line[2] for line in lines) == [
        *["/motor/last fault none"] * 3,
        *[f"{SETPOINT} 1500.0"] * 3,
    ]
    assert all(datetime.fromisoformat(f"{day} {time}") for day, time, _ in lines)


def test_json_has_an_object_in_each_line(run: Run) -> None:
    code, output, _ = run("watch", "--json", STATE, "--count", "1")

    assert code == 0
    content = json.loads(output)
    assert datetime.fromisoformat(content.pop("time")).tzinfo is not None
    assert content.pop("name").startswith("MOTOR_")
    assert content.pop("value") in range(4)
    assert content == {"path": STATE, "status": "Valid"}


def test_the_rate_counts(run: Run) -> None:
    code, output, _ = run("watch", UPTIME, "--json", "--rate", "50", "--count", "26")

    assert code == 0
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in output.splitlines()]
    # 25 intervals of 20 ms each. On a busy machine they are longer, never shorter.
    assert (times[-1] - times[0]).total_seconds() > 0.4


def test_on_a_terminal_a_table_changes_in_place(desk: VerbDesk) -> None:
    watch = desk.start_on_terminal("watch", SETPOINT, "/global/*statistics_focus/mean", STATE)
    watch.wait_for(r"Path +Value +Change/s +Updates/s +Age")
    watch.wait_for(rf"{re.escape(SETPOINT)} +1500\.0 +0 +\d\S* +\d\.\d s")
    desk.client.write_watchable(SETPOINT, 1700)
    watch.wait_for(rf"{re.escape(SETPOINT)} +1700\.0")
    watch.interrupt()

    assert watch.finish() == 0
    assert "interrupted" not in watch.shown
    assert "\x1b[?25h" in watch.raw  # the cursor is back
    last = watch.shown[watch.shown.rindex("Path") :].rstrip().splitlines()
    assert len(last) == 4


def test_a_table_ends_after_so_many_updates(desk: VerbDesk) -> None:
    watch = desk.start_on_terminal("watch", SETPOINT, "--count", "2", "--rate", "20")

    assert watch.finish() == 0
    assert "1500.0" in watch.shown


@pytest.mark.parametrize("end", ["interrupt", "stop"])
def test_signals_are_no_failure(desk: VerbDesk, end: str) -> None:
    watch = desk.start("watch", SETPOINT)
    watch.wait_for_line(re.escape(f"{SETPOINT} 1500.0"))
    if end == "interrupt":
        watch.interrupt()
        code = watch.finish()
    else:
        code = watch.stop()

    assert code == 0
    assert all(re.search(re.escape(SETPOINT), line) for line in watch.lines)


def test_a_device_that_goes_and_comes_back_is_shown(bench: Bench) -> None:
    board = bench.start_board()
    server = bench.start_server(board.port)
    desk = VerbDesk(board, server, bench.connect(server))
    watch = desk.start("watch", "/rpv/x1000")
    try:
        watch.wait_for_line(r"/rpv/x1000 \d")
        board.kill()
        watch.wait_for_line(r"/rpv/x1000 - \(DeviceGone\)")
        count = len(watch.lines)
        bench.start_board()
        watch.wait_for_line(r"/rpv/x1000 \d", skip=count)
        assert watch.stop() == 0
    finally:
        desk.clear()


def test_a_reader_that_leaves_ends_it(desk: VerbDesk) -> None:
    """As ``scrutiny watch PATH | head -1``."""
    watch = desk.start_in_pipe("watch", SETPOINT)
    assert watch.stdout is not None
    assert SETPOINT in watch.stdout.readline()
    watch.stdout.close()

    assert watch.wait(20) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["/motor/sped [rpm]"], 1, "/motor/speed [rpm]"),
        (["/nothing*"], 1, "nothing matches /nothing*"),
        ([SETPOINT, "--rate", "0.5"], 2, "'0.5' is not a number, 1 to 1e+06"),
        ([], 2, "the following arguments are required: PATH"),
    ],
)
def test_mistakes_are_told(run: Run, arguments: list[str], code: int, reason: str) -> None:
    result = run("watch", *arguments)

    assert (result.code, result.output) == (code, "")
    assert reason in result.errors


def test_without_a_server_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(capsys, "watch", "/a", "--port", "1").code == 1

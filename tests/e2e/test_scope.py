"""``scrutiny scope`` with the example firmware and a server, as people and scripts use it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.cli.main import main
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import description_of
from tests.support.scope_desk import Desk
from tests.support.server_process import ServerProcess
from tests.support.verb_desk import ENVIRONMENT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

COMMAND = (sys.executable, "-m", "scrutiny.cli.main")
SPEED, SETPOINT, STATE = "/motor/speed [rpm]", "/motor/setpoint [rpm]", "/motor/state"
NEVER = f"{SPEED} > 5000"
WAITING = "^waiting for the trigger$"


@pytest.fixture(scope="module")
def module_desk(
    described_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    DescriptionStore(folder / "data" / "server").install(description_of(described_program))
    with Bench(described_program, folder) as bench:
        board = bench.start_board("--datalog-size", "8192")
        server = bench.start_server(board.port)
        client = bench.connect(server)
        expect_event(client, Events.SFDLoadedEvent)
        yield Desk(board, server, client)
        assert server.complaints == []


@pytest.fixture
def desk(module_desk: Desk) -> Iterator[Desk]:
    module_desk.clear()
    yield module_desk
    module_desk.clear()


# --------------------------------------------------------------------- captures


def test_a_step_is_shown_and_written(desk: Desk, tmp_path: Path) -> None:
    files = ("--csv", f"{tmp_path}/step.csv", "--png", f"{tmp_path}/step.png")
    scope = desk.start(
        *("--signal", SPEED, f"wanted={SETPOINT}", STATE, "--name", "my step"),
        *("--trigger", f"{SETPOINT} > 2000", "--position", "0.2", *files),
    )
    scope.wait_for_line(WAITING)
    desk.client.write_watchable(SETPOINT, 2200)

    assert scope.finish() == 0
    shown = "\n".join(scope.lines)
    assert "10 kHz, every iteration of the loop control; 682 samples, 68.2 ms" in shown
    assert "my step: 682 samples" in shown
    assert re.search(r"^ *MOTOR_RUNNING \u2502", shown, re.MULTILINE)
    assert re.search(r"Time \(ideal\) \[ms\]  \u25b2 trigger at \S+ ms", shown)
    assert re.search(r"^Stored as \w{32}$", shown, re.MULTILINE)
    assert (tmp_path / "step.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader((tmp_path / "step.csv").read_text().splitlines()))
    assert rows[6] == ["Time (ideal)", "speed [rpm]", "wanted", "state", "Trigger"]
    assert {(row[2], row[4]) for row in rows[7:]} == {("1500.0", "0"), ("2200.0", "1")}


class Scope:
    """``scrutiny scope`` in this process, which saves its start."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self._desk = desk
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        command = self._desk.command(*arguments)
        try:
            code = main(command[command.index("scope") :])
        except SystemExit as end:
            code = int(end.code or 0)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def capture(self, *arguments: str) -> dict[str, Any]:
        """Return what it prints as JSON."""
        code, output, errors = self.run("--json", *arguments)
        assert code == 0, errors
        content: dict[str, Any] = json.loads(output)
        return content


@pytest.fixture
def scope(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Scope:
    return Scope(desk, capsys)


def test_json_is_for_other_programs(scope: Scope) -> None:
    content = scope.capture("--signal", SPEED, "--trigger", f"{STATE} == MOTOR_RUNNING")

    assert content["name"] == f"{STATE} == MOTOR_RUNNING"
    assert content["x"]["name"] == "Time (ideal)"
    (speed,) = content["signals"]
    assert (speed["path"], speed["axis"]) == (SPEED, "rpm")
    assert len(speed["data"]) == len(content["x"]["data"]) == 2048
    assert content["trigger_index"] < 2048


@pytest.mark.parametrize(
    "trigger",
    [
        "/global/motor_speed_rpm >= -5000",
        "5000 > /rpv/x1001",
        "/global/*statistics_focus/mean < /global/motor_temperature_c",
        "/global/statistics_speed_history/statistics_speed_history[3] != 12345",
        "/global/motor_flags/enabled == true",
        "/motor/last fault == none",
        "/motor/drive [%] within 1000 of 0",
        "/global/app_tick_count rises by 0",
        '"/global/motor_state" == "MOTOR_RUNNING"',
    ],
)
def test_triggers_of_all_kinds_fire(scope: Scope, trigger: str) -> None:
    if trigger.startswith("/global/*"):
        trigger = trigger.replace("<", ">")  # rpm and degrees
    content = scope.capture(
        "--signal", "/global/app_tick_count", "--trigger", trigger, "--timeout", "15"
    )
    (ticks,) = content["signals"]
    assert [b - a for a, b in zip(ticks["data"], ticks["data"][1:], strict=False)] == [1] * 1023


def test_all_kinds_of_signals_are_recorded(scope: Scope) -> None:
    history = "/global/statistics_speed_history/statistics_speed_history[63]"
    content = scope.capture(
        *("--axis", "both", "--signal", "/rpv/x1000", "/static/motor.c/parameters/supply_v"),
        *("--axis", "others", "--signal", f"h={history}", "/motor/drive [%]"),
        *("--signal", "/global/*statistics_focus/mean", "/global/motor_flags/direction"),
    )
    assert [(each["axis"], each["name"]) for each in content["signals"]] == [
        ("both", "x1000"),
        ("both", "supply_v"),
        ("others", "h"),
        ("others", "drive [%]"),
        ("others", "mean"),
        ("others", "direction"),
    ]
    setpoint, supply = (set(each["data"]) for each in content["signals"][:2])
    assert (setpoint, supply) == ({1500.0}, {24.0})


@pytest.mark.parametrize(
    ("x", "name"),
    [
        ("index", "Index"),
        ("ideal", "Time (ideal)"),
        ("measured", "Time (measured)"),
        (SPEED, "speed [rpm]"),
    ],
)
def test_the_x_axis_can_be_chosen(scope: Scope, x: str, name: str) -> None:
    assert scope.capture("--signal", "/rpv/x1007", "--x", x)["x"]["name"] == name


def test_the_nearest_frequency_is_taken_and_told(desk: Desk) -> None:
    result = desk.run("--signal", "/rpv/x1007", "--rate", "1.9kHz", "--duration", "0.05", "--json")

    assert "2 kHz, every 5th iteration of the loop control (10 kHz)" in result.stderr
    times = json.loads(result.stdout)["x"]["data"]
    assert times[1] == pytest.approx(0.0005)


def test_a_duration_takes_a_decimation_and_ends_in_time(scope: Scope) -> None:
    content = scope.capture("--signal", "/rpv/x1007", "--duration", "0.5", "--position", "0")

    times = content["x"]["data"]
    assert times[1] == pytest.approx(0.0003)  # 2048 samples have to be enough for 0.5 s
    after_s = times[-1] - times[content["trigger_index"]]
    assert after_s == pytest.approx(0.5, abs=0.002)


def test_a_short_duration_shows_what_was_asked_for(desk: Desk) -> None:
    scope = desk.start(
        *("--signal", SETPOINT, "--trigger", f"{SETPOINT} > 2000", "--json"),
        *("--duration", "0.05", "--position", "0.2"),
    )
    scope.wait_for_line(WAITING)
    desk.client.write_watchable(SETPOINT, 2200)
    assert scope.finish() == 0

    content = json.loads(scope.lines[-1])
    times = content["x"]["data"]
    assert content["trigger_index"] <= 100
    assert times[-1] - times[0] <= 0.051


def test_a_duration_that_does_not_fit_is_told(desk: Desk) -> None:
    result = desk.run(
        *("--signal", "/rpv/x1007", "--duration", "0.5", "--decimation", "1", "--quiet")
    )
    assert result.returncode == 0
    assert "warning: that is less than the 500 ms asked for" in result.stderr
    assert result.stdout == ""


def test_the_other_loop_measures_its_time(scope: Scope) -> None:
    content = scope.capture("--signal", "/rpv/x1007", "--rate", "idle", "--duration", "0.2")
    assert content["x"]["name"] == "Time (measured)"


def test_csv_on_standard_output_is_alone_there(desk: Desk) -> None:
    result = desk.run("--signal", SPEED, "--csv", "-")
    assert result.stdout.startswith("Acquisition Name,")
    assert "\u2502" not in result.stdout


def test_the_list_tells_loops_and_how_long_they_record(desk: Desk) -> None:
    assert desk.run("--list").stdout.splitlines() == [
        "Buffer: 8192 octets, 16 signals",
        "",
        "Id  Loop     Frequency",
        "0   control  10 kHz",
        "1   idle     varies",
    ]
    shown = desk.run("--list", "--signal", SPEED, "/rpv/x1001", "/global/motor_energy_j").stdout
    assert "Sample: 16 octets of these signals; 512 samples fit" in shown
    assert "0   control  10 kHz     51.2 ms  512 ms    5.12 s" in shown


def test_without_unicode_the_plot_is_ascii(desk: Desk) -> None:
    result = desk.run("--signal", SPEED, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()
    assert "^ trigger at" in result.stdout


# --------------------------------------------------------------------- on a terminal


def test_people_see_how_far_it_is_and_a_plot_that_fits(desk: Desk) -> None:
    scope = desk.start_on_terminal("--signal", SPEED, SETPOINT, "--trigger", f"{SETPOINT} > 2000")
    scope.wait_for(r"waiting for the trigger \(Ctrl-C cancels\)")
    desk.client.write_watchable(SETPOINT, 2200)

    assert scope.finish() == 0
    plot = scope.shown[scope.shown.rindex(f"{SETPOINT} > 2000: ") :].splitlines()
    assert len(plot) == 24  # with the line that tells where it is stored, and the prompt below
    assert max(map(len, plot)) <= 80
    assert "\x1b[0;36m" in scope.raw


def test_a_narrow_terminal_has_a_narrow_plot(desk: Desk) -> None:
    scope = desk.start_on_terminal("--signal", SPEED, SETPOINT, columns=40, lines=15)
    assert scope.finish() == 0
    plot = scope.shown[scope.shown.rindex("1024 samples") :].splitlines()
    assert len(plot) == 15
    assert max(map(len, plot[:-1])) <= 40


def test_ctrl_c_cancels_the_request(desk: Desk) -> None:
    scope = desk.start_on_terminal("--signal", SPEED, "--trigger", NEVER)
    scope.wait_for("waiting for the trigger")
    scope.interrupt()

    assert scope.finish() == 1
    assert scope.shown.endswith("error: interrupted; the request is cancelled\n")
    assert desk.client.get_datalogging_requests() == []


def test_the_second_ctrl_c_leaves_at_once(desk: Desk) -> None:
    scope = desk.start("--signal", SPEED, "--trigger", NEVER)
    scope.wait_for_line(WAITING)
    desk.server.pause()
    try:
        scope.interrupt()
        scope.wait_for_line("cancelling")
        scope.interrupt()
        assert scope.finish() == 1
    finally:
        desk.server.resume()
    assert scope.lines[-1] == "error: interrupted"


# --------------------------------------------------------------------- waiting


def test_a_trigger_that_does_not_come_in_time_is_given_up(desk: Desk) -> None:
    result = desk.run("--signal", SPEED, "--trigger", NEVER, "--timeout", "0.5")

    assert result.returncode == 1
    assert result.stdout == ""
    expected = "error: no trigger within 500 ms; the request is cancelled"
    assert result.stderr.splitlines()[-1] == expected
    assert desk.client.get_datalogging_requests() == []


def test_who_waits_is_told_for_whom(desk: Desk) -> None:
    first = desk.start("--signal", SPEED, "--trigger", NEVER)
    first.wait_for_line(WAITING)
    second = desk.start("--signal", SPEED, "--quiet")
    second.wait_for_line(r"^queued behind scrutiny scope \(127\.0\.0\.1:\d+\)$")

    result = desk.run("--signal", SPEED, "--timeout", "0.3")
    assert result.returncode == 1
    assert re.search(r"no trigger within 300 ms, queued behind .* and 1 more;", result.stderr)
    first.interrupt()
    assert first.finish() == 1
    assert second.finish() == 0


def test_a_request_that_another_client_cancels_says_so(desk: Desk) -> None:
    scope = desk.start("--signal", SPEED, "--trigger", NEVER)
    scope.wait_for_line(WAITING)
    (request,) = desk.client.get_datalogging_requests()
    desk.client.cancel_datalogging_request(request.token)

    assert scope.finish() == 1
    assert re.match(r"error: there is no capture: cancelled by .*127\.0\.0\.1", scope.lines[-1])


def test_a_server_that_ends_says_so_and_a_cable_that_is_pulled_is_told(
    described_program: Path, tmp_path: Path
) -> None:
    with Bench(described_program, tmp_path) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        desk = Desk(board, server, bench.connect(server))
        scope = desk.start("--signal", "/rpv/x1001", "--trigger", "/rpv/x1001 > 5000")
        scope.wait_for_line(WAITING)

        board.kill()
        scope.wait_for_line(r"^waiting for the trigger \(the device is gone\)$")
        server.stop()
        assert scope.finish() == 1
    assert scope.lines[-1].startswith("error: there is no capture: ")


# --------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--signal", "/motor/sped [rpm]"], 1, r"/motor/sped \[rpm\].*/motor/speed \[rpm\]"),
        (["--signal", SPEED, "--trigger", "/motor/sped > 3"], 1, "/motor/sped"),
        (["--signal", SPEED, "--trigger", f"{STATE} == FAST"], 1, "never 'FAST', but MOTOR_"),
        (["--signal", SPEED, "--rate", "fast"], 1, "loops are control .10 kHz, id 0., idle"),
        (["--signal", SPEED, "--rate", "idle", "--x", "ideal"], 1, "use --x measured"),
        (["--signal", SPEED, "--x", "time"], 1, "use index, ideal, measured, or a path"),
        (["--signal", *(f"/rpv/x20{n:02X}" for n in range(17))], 1, "17 signals are too many"),
        (["--signal", SPEED, "--csv", "/no/where.csv"], 1, "there is no folder /no"),
        (["--signal", SPEED, "--csv", "-", "--json"], 1, "cannot both go to standard output"),
        (["--signal", SPEED, "--png", "-"], 1, "name a file"),
        (["--signal", SPEED, "--trigger", f"{SPEED}>3"], 2, "with spaces around the operator"),
        ([], 2, "give --signal PATH; --list shows the loops"),
    ],
)
def test_mistakes_are_told_before_anything_is_recorded(
    scope: Scope, arguments: list[str], code: int, reason: str
) -> None:
    found, output, errors = scope.run(*arguments)
    assert found == code
    assert re.search(reason, errors), errors
    assert "Traceback" not in errors
    assert output == ""


def test_without_a_server_it_says_how_to_start_one() -> None:
    result = subprocess.run(
        [*COMMAND, "scope", "--signal", "/a", "--port", "1"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert re.fullmatch(
        "error: cannot connect to .*`scrutiny server`; .*`scrutiny demo --keep`\n", result.stderr
    )


def test_a_server_without_a_link_says_so(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    try:
        command = [*COMMAND, "scope", "--signal", "/a", "--port", f"{server.tcp_port}"]
        result = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
    finally:
        server.kill()
    assert result.returncode == 1
    assert "the server has no link; start it with --link" in result.stderr


def test_without_matplotlib_pictures_are_refused_and_the_rest_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        verb, *rest = desk.command("--signal", SPEED, *arguments)[3:]
        program = (
            "import sys; sys.modules.update(matplotlib=None, numpy=None, pandas=None);"
            f"from scrutiny.cli.main import main; sys.exit(main({[verb, *rest]!r}))"
        )
        return subprocess.run(
            [sys.executable, "-c", program],
            env=ENVIRONMENT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    refused = run("--png", f"{tmp_path}/a.png")
    assert refused.returncode == 1
    assert "pip install 'scrutiny-bridge[analysis]'" in refused.stderr
    plain = run("--csv", f"{tmp_path}/a.csv")
    assert plain.returncode == 0, plain.stderr
    assert "trigger at" in plain.stdout
    assert (tmp_path / "a.csv").exists()


def test_a_firmware_without_datalogger_is_told(described_program: Path, tmp_path: Path) -> None:
    with Bench(described_program, tmp_path) as bench:
        board = bench.start_board("--datalog-size", "0")
        server = bench.start_server(board.port)
        desk = Desk(board, server, bench.connect(server))
        result = desk.run("--signal", "/rpv/x1001")
        assert result.returncode == 1
        assert "has no datalogger" in result.stderr

        result = desk.run("--list")
        assert result.returncode == 1


def test_paths_without_a_description_are_explained(board_program: Path, tmp_path: Path) -> None:
    with Bench(board_program, tmp_path) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        desk = Desk(board, server, bench.connect(server))
        result = desk.run("--signal", SPEED)
        assert result.returncode == 1
        assert "no firmware description is loaded" in result.stderr

"""``scrutiny get``: values of a running board, as people and programs read them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.server_process import ServerProcess
from tests.support.verb_desk import VerbDesk, run_here

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

SETPOINT, STATE = "/motor/setpoint [rpm]", "/motor/state"


def test_a_line_has_path_and_value_in_the_order_of_the_question(run: Run) -> None:
    result = run("get", SETPOINT, "/motor/last fault", "rpv/x1000", "/global/motor_flags/enabled")

    assert result == (
        0,
        f"{SETPOINT} 1500.0\n/motor/last fault none\n/rpv/x1000 1500.0\n"
        "/global/motor_flags/enabled 1\n",
        "",
    )


def test_json_has_type_status_and_the_number_of_a_name(run: Run) -> None:
    content = run("get", "--json", SETPOINT, "/motor/last fault").json()

    assert content == {
        SETPOINT: {"value": 1500.0, "type": "float32", "status": "Valid", "reason": ""},
        "/motor/last fault": {
            "value": 0,
            "name": "none",
            "type": "uint8",
            "status": "Valid",
            "reason": "",
        },
    }


def test_wildcards_give_all_that_match_once(run: Run) -> None:
    content = run("get", "--json", STATE, "/motor/s*", "*setpoint*[rpm]").json()

    assert list(content) == [STATE, SETPOINT, "/motor/speed [rpm]"]


def test_a_path_with_an_asterisk_in_it_stands_for_itself(run: Run) -> None:
    content = run("get", "--json", "/global/*statistics_focus/mean").json()

    assert list(content) == ["/global/*statistics_focus/mean"]


def test_elements_of_arrays_have_an_index(run: Run) -> None:
    history = "/global/statistics_speed_history/statistics_speed_history"

    assert list(run("get", "--json", f"{history}[3]").json()) == [f"{history}[3]"]
    refused = run("get", f"{history[:-3]}*")
    assert refused.code == 1
    assert f"elements of arrays take an index, as {history}[0]" in refused.errors


def test_the_words_of_a_value_can_be_written_again(desk: VerbDesk, run: Run) -> None:
    desk.client.write_watchable("/global/motor_temperature_c", 25.1)
    path, _, value = run("get", "/motor/trim [%]").output.strip().rpartition(" ")

    assert run("set", f"{path}={value}").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["/motor/sped [rpm]"], 1, "/motor/speed [rpm]"),
        (["/motor/sped"], 1, "to see what there is: scrutiny get '/motor/*'"),
        (["/nothing*"], 1, "nothing matches /nothing*; to see what there is: scrutiny get '*'"),
        ([], 2, "the following arguments are required: PATH"),
        (["/a", "--timeout", "0"], 2, "'0' is not a number, above 0"),
    ],
)
def test_mistakes_are_told(run: Run, arguments: list[str], code: int, reason: str) -> None:
    result = run("get", *arguments)

    assert (result.code, result.output) == (code, "")
    assert reason in result.errors


def test_what_has_no_value_does_not_hide_the_others(desk: VerbDesk, run: Run) -> None:
    pointer, behind = "/global/statistics_focus", "/global/*statistics_focus/mean"
    address = desk.client.read_once(pointer)
    desk.client.write_watchable(pointer, 0)
    try:
        lines = run("get", behind, SETPOINT)
        objects = json.loads(run("get", "--json", behind, SETPOINT).output)
    finally:
        desk.client.write_watchable(pointer, address)

    assert lines == (
        1,
        f"{SETPOINT} 1500.0\n",
        f"error: {behind} has no value: it lies behind a null pointer\n",
    )
    assert objects[behind] == {
        "value": None,
        "type": "float32",
        "status": "NullPtrDereferenced",
        "reason": "it lies behind a null pointer",
    }
    assert objects[SETPOINT]["value"] == 1500.0


def test_without_a_server_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "get", "/a", "--port", "1")

    assert (result.code, result.output) == (1, "")
    assert "`scrutiny server`" in result.errors
    assert "`scrutiny demo --keep`" in result.errors


def test_without_a_device_it_names_the_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], board_program: Path
) -> None:
    with Bench(board_program, tmp_path) as bench:
        server = bench.start_server(tmp_path / "none")
        port = f"{server.tcp_port}"
        result = run_here(capsys, "get", "/a", "--port", port, "--timeout", "0.2")

    assert (result.code, result.output) == (1, "")
    assert "to find out why: `scrutiny doctor`" in result.errors


def test_a_server_without_a_link_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ServerProcess(tmp_path)
    try:
        port = f"{server.tcp_port}"
        result = run_here(capsys, "get", "/a", "--port", port, "--timeout", "0.2")
    finally:
        server.kill()

    assert result.code == 1
    assert "the server has no link; start it with --link" in result.errors


def test_it_works_as_a_program(desk: VerbDesk) -> None:
    result = desk.run_process("get", SETPOINT, "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)[SETPOINT]["value"] == 1500.0

"""``scrutiny events``: what happens, in lines and objects, until it is stopped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.verb_desk import VerbDesk, run_here

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")


def test_who_connects_is_told_what_is_there(run: Run) -> None:
    code, output, errors = run("events", "--count", "3")

    assert (code, errors) == (0, "")
    texts = [line.split(" ", 2)[2] for line in output.splitlines()]
    assert texts[0].startswith("Connected to a server at 127.0.0.1:")
    assert texts[1].startswith("Device ready. Session ID: ")
    assert texts[2].startswith("Firmware description loaded. Firmware ID: ")


def test_json_has_an_object_in_each_line(desk: VerbDesk, run: Run) -> None:
    code, output, _ = run("events", "--count", "2", "--json")

    assert code == 0
    connected, ready = map(json.loads, output.splitlines())
    assert (connected["event"], connected["port"]) == ("Connected", desk.server.tcp_port)
    info = desk.client.get_device_info()
    assert info is not None
    assert (ready["event"], ready["session_id"]) == ("DeviceReady", info.session_id)


def test_status_is_shown_on_request(run: Run) -> None:
    plain = run("events", "--duration", "0.3", "--json")
    full = run("events", "--duration", "0.3", "--json", "--status")

    assert "StatusUpdate" not in plain.output
    statuses = [json.loads(line) for line in full.output.splitlines()]
    infos = [each["info"] for each in statuses if each["event"] == "StatusUpdate"]
    assert infos[0]["device_link"]["type"] == "Serial"


def test_it_goes_on_when_device_and_server_are_gone(board_program: Path, tmp_path: Path) -> None:
    with Bench(board_program, tmp_path) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        desk = VerbDesk(board, server, bench.connect(server))
        events = desk.start("events")
        try:
            events.wait_for_line("Device ready")
            board.kill()
            events.wait_for_line("Device gone")
            server.kill()
            events.wait_for_line("Disconnected from the server")
            bench.start_server(board.port, tcp_port=server.tcp_port)
            events.wait_for_line("Connected to a server", skip=4)

            events.interrupt()
            assert events.finish() == 0
        finally:
            desk.clear()


def test_ctrl_c_is_no_failure(desk: VerbDesk) -> None:
    events = desk.start("events")
    events.wait_for_line("Device ready")
    events.interrupt()

    assert events.finish() == 0
    assert not [line for line in events.lines if "interrupted" in line or "Traceback" in line]


def test_without_a_server_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(capsys, "events", "--port", "1").code == 1


def test_a_wrong_count_is_told(run: Run) -> None:
    result = run("events", "--count", "0")

    assert result.code == 2
    assert "'0' is not a whole number, 1 or more" in result.errors

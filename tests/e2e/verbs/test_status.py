"""``scrutiny status``: with a device, without one, without a link."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from scrutiny.sdk.client import ScrutinyClient
from tests.support.server_process import ServerProcess
from tests.support.verb_desk import VerbDesk, run_here

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")


def test_a_line_for_each_part(desk: VerbDesk, run: Run) -> None:
    info = desk.client.get_device_info()
    assert info is not None

    code, output, errors = run("status")

    assert (code, errors) == (0, "")
    port = re.escape(f"{desk.board.port}")
    patterns = [
        rf"Server       127\.0\.0\.1:{desk.server.tcp_port}, up \S+ m?s, 2 clients",
        rf"Link         serial, port {port}, baudrate 115200, open",
        rf"Device       Motor example \(host\), firmware {info.device_id}, protocol 1\.0, s.*",
        r"Description  Motor example: \d+ variables, \d+ arrays, 8 aliases",
        r"Datalogger   Standby, buffer of 65536 octets",
        r"Requests     \d+/s to the device, 0 sent again, \d+ given up",
        r"Traffic      .*B/s to the device, .*B/s from it, .*B/s to all clients, .*B/s from them",
    ]
    assert len(output.splitlines()) == len(patterns)
    for line, pattern in zip(output.splitlines(), patterns, strict=True):
        assert re.fullmatch(pattern, line), line


def test_json_has_all_of_it(desk: VerbDesk, run: Run) -> None:
    content = run("status", "--json").json()

    info = desk.client.get_device_info()
    assert info is not None
    assert content["device"]["session_id"] == info.session_id
    assert content["device"]["datalogging_capabilities"]["sampling_rates"][0]["name"] == "control"
    assert content["link"]["config"]["parity"] == "NONE"
    assert content["description"]["metadata"]["project_name"] == "Motor example"
    assert content["watchable_counts"]["alias"] == 8
    assert content["statistics"]["client_count"] == 2


@pytest.mark.parametrize(
    ("link", "device"),
    [
        ([], r"Link         none; start the server with --link\nDevice       none\n"),
        (
            ["--link", "serial:/dev/no-port"],
            r"Link         serial, .*, closed: there is no serial port /dev/no-port.*\n"
            r"Device       none: there is no serial port .*; to find out more: scrutiny doctor\n",
        ),
        (
            ["--link", "can:pcan:PCAN_USBBUS9?txid=0x100&rxid=0x101&bitrate=500000&fd=1"],
            r"Link         can, PCAN, channel PCAN_USBBUS9, bitrate 500000, "
            r"txid 0x100, rxid 0x101, fd, closed: cannot open the CAN bus at pcan PCAN_USBBUS9: ",
        ),
    ],
)
def test_no_device_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], link: list[str], device: str
) -> None:
    server = ServerProcess(tmp_path, *link)
    try:
        if link:  # the server says why, as soon as it has tried
            with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
                while not client.get_latest_server_status().device_link.failure_reason:
                    client.wait_server_status_update(10)
        result = run_here(capsys, "status", "--host", "127.0.0.1", "--port", f"{server.tcp_port}")
    finally:
        server.kill()

    assert (result.code, result.errors) == (0, "")
    assert re.search(device, result.output), result.output
    assert "Description  none" in result.output
    assert "Datalogger   none" in result.output


def test_without_a_server_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "status", "--port", "1", "--json")

    assert (result.code, result.output) == (1, "")
    assert "Start it with `scrutiny server`" in result.errors

"""Boards on a network: found by name, wherever they are, and kept in bad weather."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import SCRATCH, UPTIME
from tests.support.missing_tools import cannot_run
from tests.support.processes import DEADLINE_S, LoggedProcess
from tests.support.two_machines import NO_NETWORK
from tests.support.udp_devices import free_udp_port
from tests.support.udp_relay import UdpRelay, Weather
from tests.support.verb_desk import ENVIRONMENT, PROGRAM, run_here
from tests.support.workload import Workload

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have 127.0.0.1 only on their loopback"
)

NETWORK = "127.8.0.0/29"
FIRST, SECOND, THIRD = "127.8.0.1", "127.8.0.2", "127.8.0.3"


class Boards:
    """The example firmware, as often as is needed, on the same port of several addresses."""

    def __init__(self, program: Path) -> None:
        self.port = free_udp_port()
        self._program = program
        self._running: list[LoggedProcess] = []

    def start(self, address: str, name: str) -> LoggedProcess:
        command = [f"{self._program}", "--udp", f"{self.port}", "--bind", address, "--name", name]
        board = LoggedProcess(command)
        self._running.append(board)
        board.wait_for_line("^udp ")
        return board

    def __enter__(self) -> Boards:
        return self

    def __exit__(self, *exc: object) -> None:
        for board in self._running:
            board.kill()


@pytest.fixture
def boards(board_program: Path) -> Boards:
    return Boards(board_program)


def test_discover_lists_the_boards_with_their_links(
    boards: Boards, capsys: pytest.CaptureFixture[str]
) -> None:
    with boards:
        boards.start(FIRST, "Pump 7")
        boards.start(SECOND, "fan")
        boards.start(THIRD, "fan")
        where = (NETWORK, "--port", f"{boards.port}", "--wait", "0.5")
        listed = run_here(capsys, "discover", *where, "--json")
        shown = run_here(capsys, "discover", *where)

    rows = json.loads(listed.output)
    assert [(row["link"], row["name"], row["link_by_name"]) for row in rows] == [
        (f"udp://{FIRST}:{boards.port}", "Pump 7", f"udp://Pump%207@{NETWORK}:{boards.port}"),
        (f"udp://{SECOND}:{boards.port}", "fan", None),
        (f"udp://{THIRD}:{boards.port}", "fan", None),
    ]
    assert {row["protocol"] for row in rows} == {"1.0"}
    assert {len(row["firmware_id"]) for row in rows} == {32}
    assert shown.code == listed.code == 0
    title, *lines = shown.output.splitlines()
    assert title.split() == ["Link", "Name", "Link", "by", "name", "Firmware", "id", "Protocol"]
    assert [line.split()[0] for line in lines] == [row["link"] for row in rows]


def on_two_machines(board: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run ``scrutiny`` on a machine; the board is on another one in the same network."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        cannot_run("needs unshare and ip, of util-linux and iproute2")
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.two_machines", f"{board}", *PROGRAM, *command],
        check=False,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    if result.returncode == NO_NETWORK:
        pytest.skip(f"this system allows no namespaces without root: {result.stderr}")
    return result


def test_a_board_on_another_machine_hears_broadcasts(board_program: Path) -> None:
    found = on_two_machines(board_program, "discover", "--wait", "0.5", "--json")
    link = "udp://far%20away@255.255.255.255:12345"
    examined = on_two_machines(board_program, "doctor", link, "--json")

    (row,) = json.loads(found.stdout)
    assert (row["link"], row["link_by_name"]) == ("udp://10.99.0.2:12345", link)
    causes = [finding["cause"] for finding in json.loads(examined.stdout)]
    assert (causes[0], causes[-1]) == ("untagged", "all-well")  # between them, late answers


def test_discover_says_when_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    port = f"{free_udp_port()}"

    result = run_here(capsys, "discover", NETWORK, "--port", port, "--wait", "0.1")

    assert (result.code, result.output) == (1, "")
    assert f"no device answers at port {port} of {NETWORK}; check that it runs" in result.errors


def test_discover_refuses_what_is_no_network(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "discover", "10.0.0.0/8")

    assert (result.code, result.output) == (2, "")
    assert "has too many addresses" in result.errors


def test_a_board_that_moves_to_another_address_is_found_by_itself(
    boards: Boards, bench: Bench
) -> None:
    with boards:
        boards.start(SECOND, "fan")
        before = boards.start(FIRST, "Pump 7")
        link = f"udp://Pump%207@{NETWORK}:{boards.port}"
        client = bench.connect(bench.start_server_with_link(link))
        expect_event(client, Events.DeviceReadyEvent)

        before.kill()
        boards.start(THIRD, "Pump 7")

        expect_event(client, Events.DeviceGoneEvent)
        expect_event(client, Events.DeviceReadyEvent)
        client.watch(UPTIME).wait_update(DEADLINE_S)


def test_clients_choose_a_board_by_its_name(boards: Boards, bench: Bench) -> None:
    with boards:
        boards.start(FIRST, "Pump 7")
        boards.start(SECOND, "fan")
        client = bench.connect(bench.start_server_with_link("none"))
        config = sdk.UDPLinkConfig(f"Pump 7@{NETWORK}", boards.port)

        client.configure_device_link(sdk.DeviceLinkType.UDP, config)

        client.wait_device_ready(DEADLINE_S)
        assert name_of_device(client) == "Pump 7"
        assert client.get_latest_server_status().device_link.config == config


def name_of_device(client: ScrutinyClient) -> str:
    device = client.get_device_info()
    assert device is not None
    return device.display_name


def test_bad_weather_costs_neither_the_session_nor_the_truth(boards: Boards, bench: Bench) -> None:
    with boards:
        boards.start("127.0.0.1", "wet")
        # Of these dice the session comes before the first loss: a lost answer to Connect takes the
        # 5 s until the device has forgotten its session.
        with UdpRelay(boards.port, Weather(lost=0.1, doubled=0.05, late=0.02), seed=4) as relay:
            link = f"udp://127.0.0.1:{relay.port}"
            client = bench.connect(bench.start_server_with_link(link))
            client.wait_device_ready(DEADLINE_S)
            workload = Workload(client, SCRATCH[:8])

            report = workload.run(5.0)

            sys.stdout.write(f"{relay.lost} lost, {relay.doubled}, {relay.late}: {report}\n")
            assert relay.lost > 10
            assert min(relay.doubled, relay.late) > 0
            assert report.retries > 0
            assert report.device_gone == 0
            assert report.confirmed > 0
            assert report.contradictions == []
            assert workload.check_all() == []

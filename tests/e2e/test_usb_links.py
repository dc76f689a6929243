"""A board that is named by the numbers of its USB adapter, whatever name its port has."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import UPTIME
from tests.support.noisy_line import NoisyLine
from tests.support.processes import DEADLINE_S
from tests.support.usb_machine import Adapter, UsbMachine, UsbServerProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

OURS = Adapter(serial_number="066EFF57")
ANOTHER = Adapter(serial_number="0700FFAA")
NAME = "usb:0483:5740:066EFF57"


@dataclass
class Cable:
    """The adapter of the board, and the machine that it is plugged into."""

    line: NoisyLine
    machine: UsbMachine
    home: Path

    def plug_as(self, name: str) -> None:
        self.line.port = self.home / name
        self.line.plug()
        self.machine.plug(OURS, self.line.port)

    def unplug(self) -> None:
        self.machine.unplug(self.line.port)
        self.line.unplug()

    def server(self, *arguments: str) -> UsbServerProcess:
        return UsbServerProcess(self.home, *arguments)


@pytest.fixture
def cable(bench: Bench, tmp_path: Path) -> Cable:
    line = bench.connect_line(bench.start_board())
    line.unplug()
    return Cable(line, UsbMachine(tmp_path), tmp_path)


@pytest.fixture
def client() -> Iterator[ScrutinyClient]:
    with ScrutinyClient(enabled_events=Events.LISTEN_ALL, event_queue_size=1000) as client:
        yield client


def test_a_board_that_comes_back_under_another_name_is_found_by_itself(
    cable: Cable, client: ScrutinyClient
) -> None:
    cable.plug_as("ttyACM0")
    server = cable.server("--link", f"serial:{NAME}?baudrate=115200")
    try:
        client.connect("127.0.0.1", server.tcp_port)
        before = expect_event(client, Events.DeviceReadyEvent).session_id

        cable.unplug()
        cable.machine.plug(ANOTHER, cable.home / "ttyACM0")  # the name is another's now
        assert expect_event(client, Events.DeviceGoneEvent).session_id == before
        cable.plug_as("ttyACM1")

        assert expect_event(client, Events.DeviceReadyEvent).session_id != before
        client.watch(UPTIME).wait_update(DEADLINE_S)
    finally:
        server.kill()
    assert server.complaints == []


def test_clients_choose_it_by_the_same_name(cable: Cable, client: ScrutinyClient) -> None:
    cable.plug_as("ttyACM5")
    server = cable.server()
    try:
        client.connect("127.0.0.1", server.tcp_port)
        config = sdk.SerialLinkConfig(NAME, 115_200, start_delay=0)

        client.configure_device_link(sdk.DeviceLinkType.Serial, config)

        client.wait_device_ready(DEADLINE_S)
        assert client.get_latest_server_status().device_link.config == config
    finally:
        server.kill()


def test_a_config_file_names_it_and_the_status_says_what_is_missing(
    cable: Cable, client: ScrutinyClient
) -> None:
    link = {"link_type": "serial", "link_config": {"portname": NAME, "baudrate": 115_200}}
    config = cable.home / "config.json"
    config.write_text(json.dumps({"device": link}))
    cable.machine.plug(ANOTHER, cable.home / "ttyACM0")
    server = cable.server("--config", f"{config}")
    try:
        server.wait_for_line(f"no USB device {NAME} is there. Found: usb:0483:5740:0700FFAA")
        client.connect("127.0.0.1", server.tcp_port)

        cable.plug_as("ttyACM1")

        client.wait_device_ready(DEADLINE_S)
    finally:
        server.kill()

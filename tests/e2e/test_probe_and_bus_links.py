"""Boards behind debug probes and on CAN buses, from the words that name them to values."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import can
import pytest
import serial

from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import CanSettings, Endpoint, link_url
from scrutiny.sdk import CANLinkConfig, DeviceLinkType, RTTLinkConfig
from scrutiny.sdk.client import ScrutinyClient
from tests.support.bench import Bench, Events, expect_event
from tests.support.can_nodes import device_node, new_link
from tests.support.example_board import SCRATCH
from tests.support.processes import DEADLINE_S
from tests.support.rtt_servers import Terminal, jlink_server
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there python-can needs pywin32 for buses between programs"
)

Connect = Callable[..., ScrutinyClient]
SETPOINT = "/rpv/x1000"
SWD = RTTLinkConfig.JLinkInterface.SWD


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Start a server with these arguments, and connect to it."""
    with ExitStack() as ends:

        def connect(*arguments: str) -> ScrutinyClient:
            server = ServerProcess(tmp_path, *arguments)
            ends.callback(server.kill)
            ends.callback(lambda: complaints.extend(server.complaints))
            client = ScrutinyClient(enabled_events=Events.LISTEN_ALL, event_queue_size=1000)
            return ends.enter_context(client).connect("127.0.0.1", server.tcp_port)

        complaints: list[str] = []
        yield connect
    assert complaints == []


def use(client: ScrutinyClient) -> None:
    """Write and read a value of the device that the server finds."""
    expect_event(client, Events.DeviceReadyEvent)
    client.write_watchable(SETPOINT, 1234)
    client.watch(SETPOINT).wait_value(1234, DEADLINE_S)


def on_a_bus(
    settings: CanSettings,
    work: Callable[[], None],
    device: Endpoint | None = None,
    arrives: Callable[[can.Message], bool] = lambda frame: True,
) -> None:
    """Do some work while a device is on a CAN bus."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        with device_node(settings, device or default_endpoint(), loop, arrives):
            await asyncio.to_thread(work)

    asyncio.run(scenario())


@pytest.mark.parametrize("is_fd", [False, True], ids=["classic", "fd"])
def test_values_over_a_can_bus(is_fd: bool, connect: Connect) -> None:
    settings = new_link("udp_multicast", fd=is_fd)

    def work() -> None:
        use(connect("--link", link_url(settings)))

    on_a_bus(settings, work)


class BoardEndpoint:
    """The example firmware in C, behind the terminal that stands for its wires."""

    def __init__(self, port: Path) -> None:
        self._terminal = serial.Serial(f"{port}", timeout=0)

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._terminal.fileno(), lambda: send(self._terminal.read(4096)))

    def receive(self, data: bytes) -> None:
        self._terminal.write(data)

    def detach(self) -> None:
        self._loop.remove_reader(self._terminal.fileno())
        self._terminal.close()


@pytest.mark.parametrize(("is_fd", "losing"), [(False, 97), (True, 47)], ids=["classic", "fd"])
def test_lost_frames_of_the_c_library_cost_no_session(
    is_fd: bool, losing: int, connect: Connect, bench: Bench
) -> None:
    settings = new_link("udp_multicast", fd=is_fd)
    number = itertools.count(1)

    def work() -> None:
        client = connect("--link", link_url(settings))
        session_id = expect_event(client, Events.DeviceReadyEvent).session_id
        for value in range(40):
            client.write_watchable(SCRATCH[0], value)
            client.watch(SCRATCH[0]).wait_value(value, DEADLINE_S)
        assert client.get_latest_server_status().device_session_id == session_id
        assert next(number) > 2 * losing  # at least two were lost

    board = BoardEndpoint(bench.start_board().port)
    on_a_bus(settings, work, board, lambda frame: next(number) % losing != 0)


def test_a_config_file_names_the_can_bus(connect: Connect, tmp_path: Path) -> None:
    settings = new_link("udp_multicast", extended_id=True)
    link_config = {
        "interface": settings.interface,
        "txid": settings.txid,
        "rxid": settings.rxid,
        "extended_id": True,
        "fd": False,
        "bitrate_switch": False,
        "subconfig": {"channel": settings.channel},
    }
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"device": {"link_type": "canbus", "link_config": link_config}}))

    def work() -> None:
        use(connect("--config", f"{config}"))

    on_a_bus(settings, work)


def test_clients_choose_the_rtt_server_of_a_jlink(connect: Connect) -> None:
    with jlink_server([Terminal(), default_endpoint()]) as port:
        client = connect()
        config = RTTLinkConfig(f"rtt://127.0.0.1:{port}", SWD, buffer_index=1)

        client.configure_device_link(DeviceLinkType.RTT, config)

        use(client)
        link = client.get_latest_server_status().device_link
        assert (link.type, link.config, link.operational) == (DeviceLinkType.RTT, config, True)


CAN = CANLinkConfig(
    CANLinkConfig.CANInterface.PCAN,
    *(0x100, 0x101, False, False, False),
    CANLinkConfig.PCANConfig("PCAN_USBBUS1", 500_000),
)


BOUND_TO_FAIL = [
    (DeviceLinkType.CAN, CAN, "cannot open the CAN bus at pcan PCAN_USBBUS1"),
    (
        DeviceLinkType.CAN,
        replace(
            CAN,
            interface=CANLinkConfig.CANInterface.SocketCAN,
            interface_config=CANLinkConfig.SocketCANConfig("can77"),
        ),
        "CAN",
    ),
    (DeviceLinkType.RTT, RTTLinkConfig("rtt://127.0.0.1:1", SWD), "nothing listens at"),
    (DeviceLinkType.RTT, RTTLinkConfig("nRF52840_xxAA", SWD, 1), "J-Link"),
]


def test_clients_are_told_why_a_link_does_not_open(connect: Connect) -> None:
    client = connect()

    for link_type, config, reason in BOUND_TO_FAIL:
        client.configure_device_link(link_type, config)

        link = client.get_latest_server_status().device_link
        while link.config != config or not link.failure_reason:
            client.wait_server_status_update(DEADLINE_S)
            link = client.get_latest_server_status().device_link
        assert (link.type, link.operational) == (link_type, False)
        assert reason in link.failure_reason

"""Devices behind RTT servers, each server with the manners of the real one."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from scrutiny.firmware_link.codes import (
    DISCOVER_MAGIC,
    RESPONSE_BIT,
    Command,
    CommControlFunction,
)
from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.errors import LinkOpenError
from scrutiny.firmware_link.frames import Request
from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import RttServerSettings, open_transport
from tests.support.found_device import FoundDevice, Mute, find_device
from tests.support.rtt_servers import Terminal, jlink_server, openocd_server

DEADLINE_S = 10.0


def found(port: int, folder: Path, channel: int = 0) -> FoundDevice:
    return asyncio.run(find_device(RttServerSettings("127.0.0.1", port, channel), folder))


def test_what_comes_from_a_jlink_begins_with_an_answer() -> None:
    async def first_octet(port: int) -> int:
        transport = await open_transport(RttServerSettings("127.0.0.1", port))
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[bytes] = loop.create_future()
        transport.start(
            loop,
            lambda data: None if arrived.done() else arrived.set_result(data),
            lambda loss: pytest.fail(f"{loss}"),
        )
        discover = Request(Command.COMM_CONTROL, CommControlFunction.DISCOVER, DISCOVER_MAGIC)
        transport.write(discover.encode())
        async with asyncio.timeout(DEADLINE_S):
            octets = await arrived
        transport.close()
        return octets[0]

    with jlink_server([default_endpoint()]) as port:
        assert asyncio.run(first_octet(port)) == Command.COMM_CONTROL | RESPONSE_BIT


def test_a_device_is_found_behind_a_jlink(tmp_path: Path) -> None:
    with jlink_server([default_endpoint()]) as port:
        device = found(port, tmp_path)

    assert device.name == "Motor example (simulated)"
    assert device.is_well


def test_a_jlink_is_asked_for_the_channel(tmp_path: Path) -> None:
    with jlink_server([Terminal(), Terminal(), default_endpoint()]) as port:
        device = found(port, tmp_path, channel=2)

    assert device.is_well


def test_openocd_says_nothing_but_what_the_device_says(tmp_path: Path) -> None:
    with openocd_server(default_endpoint()) as port:
        device = found(port, tmp_path)

    assert device.is_well


def test_a_message_of_openocd_costs_no_session(tmp_path: Path) -> None:
    with openocd_server(default_endpoint(), message=b"target: bench 3\r\n") as port:
        device = found(port, tmp_path)

    assert device.is_well


def test_a_server_that_looks_ten_times_a_second_is_borne(tmp_path: Path) -> None:
    """OpenOCD does so, unless it is told to poll more often."""
    with openocd_server(default_endpoint(), polling_s=0.1) as port:
        device = found(port, tmp_path)

    assert device.is_well


def test_the_doctor_of_silent_firmware_asks_for_the_buffers() -> None:
    async def findings(port: int) -> list[Finding]:
        link, around = RttServerSettings("127.0.0.1", port), Surroundings(patience_s=0.05)
        return [finding async for finding in examine(link, around)]

    with jlink_server([Mute()]) as port:
        (finding,) = asyncio.run(findings(port))

    assert finding.cause is Cause.SILENCE
    assert "reads and writes this pair of RTT buffers" in finding.advice


def test_no_server_says_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])

    with pytest.raises(LinkOpenError, match=f"`rtt server start {port} 3`"):
        asyncio.run(open_transport(RttServerSettings("127.0.0.1", port, 3)))

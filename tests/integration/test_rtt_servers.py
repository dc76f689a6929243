"""Devices behind RTT servers, each server with the manners of the real one."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.errors import LinkOpenError
from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import RttServerSettings, open_transport
from tests.support.found_device import FoundDevice, Mute, find_device
from tests.support.rtt_servers import Terminal, jlink_server, openocd_server


def found(port: int, folder: Path, channel: int = 0) -> FoundDevice:
    return asyncio.run(find_device(RttServerSettings("127.0.0.1", port, channel), folder))


def test_the_greeting_of_a_jlink_costs_nothing(tmp_path: Path) -> None:
    with jlink_server([default_endpoint()]) as port:
        device = found(port, tmp_path)

    assert device.name == "Motor example (simulated)"
    assert (device.sessions, device.retries) == (1, 0)


def test_a_jlink_is_asked_for_the_channel(tmp_path: Path) -> None:
    with jlink_server([Terminal(), Terminal(), default_endpoint()]) as port:
        device = found(port, tmp_path, channel=2)

    assert (device.sessions, device.retries) == (1, 0)


def test_openocd_says_nothing_but_what_the_device_says(tmp_path: Path) -> None:
    with openocd_server(default_endpoint()) as port:
        device = found(port, tmp_path)

    assert (device.sessions, device.retries) == (1, 0)


def test_a_message_of_openocd_costs_a_retry_at_most(tmp_path: Path) -> None:
    with openocd_server(default_endpoint(), message=b"target: bench 3\r\n") as port:
        device = found(port, tmp_path)

    assert device.sessions == 1
    assert device.retries <= 1


def test_a_server_that_looks_ten_times_a_second_is_borne(tmp_path: Path) -> None:
    """OpenOCD does so, unless it is told to poll more often."""
    with openocd_server(default_endpoint(), polling_s=0.1) as port:
        device = found(port, tmp_path)

    assert (device.sessions, device.retries) == (1, 0)


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

"""Devices behind a J-Link, through pylink and a stand-in for Segger's library."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrutiny.firmware_link.errors import LinkClosed, LinkOpenError
from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import RttSettings, jlink_probe, open_transport
from tests.support.found_device import FoundDevice, find_device
from tests.support.jlink_library import (
    SERIAL_NUMBER,
    TARGET,
    JLinkLibrary,
    jlink_with,
    simulated_target,
)

DEADLINE_S = 10.0
LINK = RttSettings(TARGET)


def silent(channel: int, octets: bytes) -> None:
    """Answer nothing."""


@pytest.mark.parametrize("channel", [0, 2])
@pytest.mark.parametrize("down_room", [1, 16, 4096])
def test_a_device_is_found_in_one_session(channel: int, down_room: int, tmp_path: Path) -> None:
    """A down buffer of Segger's sources has room for 16 octets, less than a request."""

    async def scenario() -> FoundDevice:
        loop = asyncio.get_running_loop()
        with simulated_target(default_endpoint(), loop, channel) as probe:
            probe.down_room = down_room
            device = await find_device(replace(LINK, channel=channel), tmp_path)
            assert await asyncio.to_thread(probe.was_closed.wait, DEADLINE_S)
            return device

    device = asyncio.run(scenario())

    assert device.name == "Motor example (simulated)"
    assert device.is_well


def no_probe(probe: JLinkLibrary) -> None:
    probe.is_there = False


def no_target(probe: JLinkLibrary) -> None:
    probe.refuses = -0x105


def no_buffers(probe: JLinkLibrary) -> None:
    probe.looks_needed = -1


@pytest.mark.parametrize(
    ("link", "trouble", "reason"),
    [
        (LINK, no_probe, "no J-Link answers: Cannot connect to J-Link. Plug it in"),
        (LINK, no_target, f"the J-Link cannot connect to {TARGET}: "),
        (LINK, no_buffers, f"there are no RTT buffers in the RAM of {TARGET}: "),
        (
            replace(LINK, probe=7),
            None,
            "no J-Link with the number 7 answers: No emulator with serial number 7 found. Plug it",
        ),
        (replace(LINK, target="Z80"), None, "cannot connect to Z80: Unsupported device selected."),
        (replace(LINK, target="µC"), None, "cannot connect to µC"),
        (replace(LINK, interface="c2"), None, "cannot do c2: Unsupported target interface: 6"),
        (replace(LINK, channel=3), None, "has 3 pairs of RTT buffers, counted from 0"),
    ],
)
def test_why_it_does_not_open(
    link: RttSettings,
    trouble: Callable[[JLinkLibrary], None] | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jlink_probe, "FIND_BUFFERS_S", 0.05)
    with jlink_with(silent) as probe:
        if trouble is not None:
            trouble(probe)

        with pytest.raises(LinkOpenError) as caught:
            asyncio.run(open_transport(link))

        assert reason in f"{caught.value}"
        assert not probe.is_open


def test_without_the_library_of_segger_it_is_told_where_to_get_it() -> None:
    with pytest.raises(
        LinkOpenError, match=r"not installed, or too old: https://www\.segger\.com/downloads"
    ):
        asyncio.run(open_transport(LINK))


def test_without_pylink_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylink", None)

    with pytest.raises(LinkOpenError, match=r"pip install 'scrutiny-bridge\[rtt\]'"):
        asyncio.run(open_transport(LINK))


def test_one_of_several_probes_is_named() -> None:
    async def scenario() -> None:
        with jlink_with(silent) as probe:
            (await open_transport(replace(LINK, probe=SERIAL_NUMBER))).close()
            assert await asyncio.to_thread(probe.was_closed.wait, DEADLINE_S)
            assert "JLINKARM_EMU_SelectByUSBSN" in probe.calls

    asyncio.run(scenario())


def test_a_link_that_failed_to_open_can_be_opened_again() -> None:
    async def scenario() -> None:
        with jlink_with(silent) as probe:
            for is_there in (False, True, False, True):
                probe.is_there = is_there
                if is_there:
                    (await open_transport(LINK)).close()
                    assert await asyncio.to_thread(probe.was_closed.wait, DEADLINE_S)
                else:
                    with pytest.raises(LinkOpenError):
                        await open_transport(LINK)

    asyncio.run(scenario())


def test_a_second_link_of_the_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jlink_probe, "_HAND_OVER_S", 0.05)

    async def scenario() -> None:
        with jlink_with(silent) as probe:
            transport = await open_transport(LINK)
            with pytest.raises(LinkOpenError, match="uses a J-Link already"):
                await open_transport(LINK)
            transport.close()
            assert await asyncio.to_thread(probe.was_closed.wait, DEADLINE_S)

    asyncio.run(scenario())


async def loss_after(
    trouble: Callable[[JLinkLibrary], None], probe: JLinkLibrary, question: bytes
) -> str:
    transport = await open_transport(LINK)
    lost: asyncio.Future[LinkClosed] = asyncio.get_running_loop().create_future()
    transport.start(asyncio.get_running_loop(), lambda data: None, lost.set_result)
    trouble(probe)
    transport.write(question)
    async with asyncio.timeout(DEADLINE_S):
        loss = await lost
    transport.close()
    assert await asyncio.to_thread(probe.was_closed.wait, DEADLINE_S)
    return loss.reason


def test_an_unplugged_probe_is_reported() -> None:
    with jlink_with(silent) as probe:
        reason = asyncio.run(loss_after(no_probe, probe, b""))

    assert "RTT channel 0 of STM32F407VG is lost: J-Link connection has been lost." in reason
    assert "Check the USB cable of the J-Link, and the power of the board" in reason


def stops_reading(probe: JLinkLibrary) -> None:
    probe.is_reading = False


def test_firmware_that_reads_nothing_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrutiny.firmware_link.transports.jlink_transport._SEND_PATIENCE_S", 0.05)

    with jlink_with(silent) as probe:
        reason = asyncio.run(loss_after(stops_reading, probe, bytes(100)))

    assert "takes no data: the firmware does not read it. Check that it runs" in reason

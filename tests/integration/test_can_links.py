"""Devices on CAN buses, on the buses that need no hardware."""

from __future__ import annotations

import asyncio
import errno
import itertools
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import can
import pytest
from msgspec.structs import replace

from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.errors import LinkClosed
from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import CanSettings, Endpoint, open_transport
from scrutiny.firmware_link.transports.can_transport import CanTransport
from tests.support.can_nodes import (
    device_node,
    frames_to_host,
    new_link,
    open_node,
    vcan_channels,
)
from tests.support.found_device import FoundDevice, Mute, find_device
from tests.support.missing_tools import does_not_apply

DEADLINE_S = 10.0
FD = {"fd": True, "bitrate_switch": True}
EXTENDED = {"extended_id": True}
KINDS: dict[str, dict[str, Any]] = {"classic": {}, "fd": FD, "extended": EXTENDED}
every_bus = pytest.mark.parametrize(
    "interface",
    [
        "virtual",
        pytest.param(
            "udp_multicast",
            marks=pytest.mark.skipif(
                sys.platform == "win32", reason="python-can needs pywin32 for it there"
            ),
        ),
    ],
)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def found(settings: CanSettings, folder: Path, losing: int = 0) -> FoundDevice:
    """Find a device on a bus that loses each frame of this number."""

    async def scenario() -> FoundDevice:
        number = itertools.count(1)

        def arrives(frame: can.Message) -> bool:
            return not losing or next(number) % losing != 0

        loop = asyncio.get_running_loop()
        with device_node(settings, default_endpoint(), loop, arrives):
            return await find_device(settings, folder)

    return asyncio.run(scenario())


@every_kind
@every_bus
def test_a_device_is_found_in_one_session(
    interface: str, kind: dict[str, Any], tmp_path: Path
) -> None:
    settings = new_link(interface, **kind)

    device = found(settings, tmp_path)

    assert device.name == "Motor example (simulated)"
    assert device.is_well


@every_kind
def test_a_device_is_found_on_vcan(kind: dict[str, Any], tmp_path: Path) -> None:
    channels = vcan_channels()
    if not channels:
        does_not_apply("the kernel has no vcan: ip link add dev vcan0 type vcan, and set it up")

    settings = replace(new_link("virtual", **kind), interface="socketcan", channel=channels[0])

    device = found(settings, tmp_path)

    assert device.is_well


@pytest.mark.parametrize(
    ("kind", "losing"),
    [({}, 61), (FD, 23)],  # an answer of the largest size has 34 frames, or 5
    ids=["classic", "fd"],
)
def test_lost_frames_cost_retries_and_no_session(
    kind: dict[str, Any], losing: int, tmp_path: Path
) -> None:
    settings = new_link("virtual", **kind)

    device = found(settings, tmp_path, losing)

    assert device.sessions == 1
    assert device.retries > 0


def findings_on(settings: CanSettings, device: Endpoint) -> list[Finding]:
    async def scenario() -> list[Finding]:
        with device_node(settings, device, asyncio.get_running_loop()):
            around = Surroundings(patience_s=0.05)
            return [finding async for finding in examine(settings, around)]

    return asyncio.run(scenario())


def test_the_doctor_finds_a_device_on_a_bus() -> None:
    (finding,) = findings_on(new_link("virtual"), default_endpoint())

    assert finding.cause is Cause.ALL_WELL


def test_the_doctor_of_a_silent_bus_asks_for_the_identifiers() -> None:
    (finding,) = findings_on(new_link("virtual"), Mute())

    assert finding.cause is Cause.SILENCE
    assert "txid is what it receives" in finding.advice


class Received:
    """Octets and losses of one link."""

    def __init__(self, transport: CanTransport) -> None:
        self.octets = bytearray()
        self.losses: list[LinkClosed] = []
        self._changed = asyncio.Event()
        transport.start(asyncio.get_running_loop(), self._on_bytes, self._on_lost)

    async def until(self, size: int = 0, losses: int = 0) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.octets) < size or len(self.losses) < losses:
                self._changed.clear()
                await self._changed.wait()

    def _on_bytes(self, data: bytes) -> None:
        assert data
        self.octets += data
        self._changed.set()

    def _on_lost(self, loss: LinkClosed) -> None:
        self.losses.append(loss)
        self._changed.set()


@every_bus
def test_frames_of_others_are_not_heard(interface: str) -> None:
    settings = new_link(interface)

    async def scenario() -> None:
        transport = await open_transport(settings)
        assert isinstance(transport, CanTransport)
        received = Received(transport)
        with open_node(settings) as node:
            for options in (
                {"arbitration_id": settings.rxid + 1, "data": b"no"},
                {"arbitration_id": settings.txid, "data": b"no"},
                {"arbitration_id": settings.rxid, "data": b"no", "is_extended_id": True},
                {"arbitration_id": settings.rxid, "is_remote_frame": True, "dlc": 2},
                {"arbitration_id": settings.rxid, "data": b"no", "is_error_frame": True},
            ):
                fields: dict[str, Any] = {"is_extended_id": False} | options
                node.send(can.Message(**fields))
            for frame in frames_to_host(settings, b"what is ours"):
                node.send(frame)
            await received.until(12)
        transport.close()
        assert received.octets == b"what is ours"
        assert received.losses == []

    asyncio.run(scenario())


class FailingBus(can.BusABC):
    """An adapter that has trouble, as drivers tell it.

    Attributes:
        sent: what it took.
        has_sent: it took a frame that is not full, the last one of a request.
        was_shut_down: the link gave it back.
    """

    def __init__(
        self,
        *,
        sending: Exception | None = None,
        receiving: Sequence[can.Message | Exception] = (),
        good_again_after: int = -1,
    ) -> None:
        super().__init__("bench")
        self.channel_info = "failing"
        self.sent: list[bytes] = []
        self.has_sent = threading.Event()
        self.was_shut_down = threading.Event()
        self._sending = sending
        self._receiving = iter(receiving)
        self._left = good_again_after

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        if self._sending is not None and self._left != 0:
            self._left -= 1
            raise self._sending
        self.sent.append(bytes(msg.data))
        if len(msg.data) < 8:
            self.has_sent.set()

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        coming = next(self._receiving, None)
        if isinstance(coming, Exception):
            raise coming
        return coming, True

    def shutdown(self) -> None:
        super().shutdown()
        self.was_shut_down.set()


@asynccontextmanager
async def asking(
    bus: FailingBus, settings: CanSettings, question: bytes = b"a question"
) -> AsyncGenerator[Received]:
    """Use an adapter for the time of the block; then it has to be given back."""
    transport = CanTransport(settings, bus, force_thread=True)
    received = Received(transport)
    transport.write(question)
    yield received
    transport.close()
    assert await asyncio.to_thread(bus.was_shut_down.wait, DEADLINE_S)


async def loss_on(bus: FailingBus, settings: CanSettings) -> str:
    async with asking(bus, settings) as received:
        await received.until(losses=1)
    return received.losses[0].reason


SOCKETCAN = CanSettings("socketcan", "can0", 0x100, 0x101, fd=True)
PCAN = CanSettings("pcan", "PCAN_USBBUS1", 0x100, 0x101, bitrate=500_000)
BUS_OFF = can.Message(arbitration_id=0x40, is_error_frame=True, is_extended_id=False, data=bytes(8))


def code(number: int) -> can.CanOperationError:
    return can.CanOperationError("Failed to transmit", number)


@pytest.mark.parametrize(
    ("settings", "trouble", "reason"),
    [
        (
            SOCKETCAN,
            {"sending": code(errno.ENETDOWN)},
            "is down. Set it up: `sudo ip link",
        ),
        (
            SOCKETCAN,
            {"receiving": [code(errno.ENODEV)]},
            "is down. Set it up: `sudo ip link",
        ),
        (
            SOCKETCAN,
            {"sending": code(errno.EINVAL)},
            "takes no frames of CAN FD. Leave fd",
        ),
        (
            SOCKETCAN,
            {"receiving": [BUS_OFF]},
            "after too many errors (bus off). Check the bit rate",
        ),
        (PCAN, {"sending": code(7)}, "the CAN bus at pcan PCAN_USBBUS1 failed: Failed to transmit"),
        (PCAN, {"receiving": [can.CanOperationError("unplugged")]}, "failed: unplugged"),
    ],
)
def test_the_loss_of_a_bus_says_what_to_do(
    settings: CanSettings, trouble: dict[str, Any], reason: str
) -> None:
    async def scenario() -> str:
        return await loss_on(FailingBus(**trouble), settings)

    assert reason in asyncio.run(scenario())


@pytest.mark.parametrize(
    "error",
    [code(errno.ENOBUFS), can.CanTimeoutError("late"), can.CanError("Transmit buffer full")],
)
def test_frames_that_nobody_acknowledges_end_the_link(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrutiny.firmware_link.transports.can_transport._SEND_PATIENCE_S", 0.05)

    async def scenario() -> str:
        return await loss_on(FailingBus(sending=error), PCAN)

    assert "nobody acknowledges them. Check that the device has power" in asyncio.run(scenario())


def test_a_full_queue_is_waited_for() -> None:
    async def scenario() -> None:
        bus = FailingBus(sending=code(errno.ENOBUFS), good_again_after=20)
        async with asking(bus, PCAN, b"a question, asked late") as received:
            assert await asyncio.to_thread(bus.has_sent.wait, DEADLINE_S)
        assert b"".join(bus.sent) == b"a question, asked late"
        assert received.losses == []

    asyncio.run(scenario())


def test_an_error_frame_of_other_adapters_is_no_loss() -> None:
    async def scenario() -> None:
        bus = FailingBus(receiving=[BUS_OFF])
        async with asking(bus, PCAN) as received:
            assert await asyncio.to_thread(bus.has_sent.wait, DEADLINE_S)
        assert received.losses == []

    asyncio.run(scenario())


def test_a_driver_that_does_not_filter_is_no_harm() -> None:
    def frame(arbitration_id: int, data: bytes, **options: Any) -> can.Message:
        fields: dict[str, Any] = {"is_extended_id": False} | options
        return can.Message(arbitration_id=arbitration_id, data=data, **fields)

    async def scenario() -> None:
        frames = [
            frame(PCAN.rxid + 1, b"no"),
            frame(PCAN.txid, b"no"),
            frame(PCAN.rxid, b"no", is_extended_id=True),
            frame(PCAN.rxid, b"yes"),
        ]
        async with asking(FailingBus(receiving=frames), PCAN) as received:
            await received.until(3)
        assert received.octets == b"yes"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "rate"),
    [(PCAN, 250_000), (replace(PCAN, bitrate=125_000), 62_500), (SOCKETCAN, None)],
)
def test_a_classic_frame_takes_twenty_bits_for_each_octet(
    settings: CanSettings, rate: int | None
) -> None:
    async def scenario() -> None:
        transport = CanTransport(settings, FailingBus(), force_thread=True)
        assert transport.bits_per_second == rate
        transport.close()

    asyncio.run(scenario())

"""Devices on CAN buses, on the buses that need no hardware."""

from __future__ import annotations

import asyncio
import errno
import inspect
import itertools
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import can
import pytest

from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.errors import LinkClosed, LinkOpenError
from scrutiny.firmware_link.simulator import default_endpoint
from scrutiny.firmware_link.transports import CanSettings, Endpoint, open_transport
from scrutiny.firmware_link.transports.can_bus import bus_arguments
from scrutiny.firmware_link.transports.can_transport import CanTransport
from tests.support.can_nodes import (
    device_node,
    frames_to_host,
    new_link,
    open_node,
    vcan_channels,
)
from tests.support.found_device import FoundDevice, Mute, find_device

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
        pytest.skip("this machine has no vcan: ip link add dev vcan0 type vcan, and set it up")

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
        receiving: can.Message | Exception | None = None,
        good_again_after: int = -1,
    ) -> None:
        super().__init__("bench")
        self.channel_info = "failing"
        self.sent: list[bytes] = []
        self.has_sent = threading.Event()
        self.was_shut_down = threading.Event()
        self._sending = sending
        self._receiving = receiving
        self._left = good_again_after

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        if self._sending is not None and self._left != 0:
            self._left -= 1
            raise self._sending
        self.sent.append(bytes(msg.data))
        if len(msg.data) < 8:
            self.has_sent.set()

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if isinstance(self._receiving, Exception):
            raise self._receiving
        frame, self._receiving = self._receiving, None
        return frame, True

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
            {"receiving": code(errno.ENODEV)},
            "is down. Set it up: `sudo ip link",
        ),
        (
            SOCKETCAN,
            {"sending": code(errno.EINVAL)},
            "takes no frames of CAN FD. Leave fd",
        ),
        (SOCKETCAN, {"receiving": BUS_OFF}, "after too many errors (bus off). Check the bit rate"),
        (PCAN, {"sending": code(7)}, "the CAN bus at pcan PCAN_USBBUS1 failed: Failed to transmit"),
        (PCAN, {"receiving": can.CanOperationError("unplugged")}, "failed: unplugged"),
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
        bus = FailingBus(receiving=BUS_OFF)
        async with asking(bus, PCAN) as received:
            assert await asyncio.to_thread(bus.has_sent.wait, DEADLINE_S)
        assert received.losses == []

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


def failure_of(settings: CanSettings) -> str:
    with pytest.raises(LinkOpenError) as caught:
        asyncio.run(open_transport(settings))
    return f"{caught.value}"


def test_without_python_can_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "can", None)

    assert "pip install 'scrutiny-bridge[can]'" in failure_of(new_link("virtual"))


@pytest.mark.skipif(sys.platform != "linux", reason="socketcan is of Linux")
def test_a_channel_that_is_not_there() -> None:
    text = failure_of(replace(SOCKETCAN, channel="can77"))

    assert "there is no CAN interface can77" in text or "this kernel cannot do CAN" in text


@pytest.mark.parametrize(
    "settings",
    [
        PCAN,
        replace(PCAN, interface="kvaser", channel=7),
        replace(PCAN, interface="vector", channel=7),
        replace(PCAN, interface="etas", channel="ETAS://USB/ES582:1234/CAN:1"),
    ],
    ids=lambda settings: settings.interface,
)
def test_a_driver_that_is_not_there(settings: CanSettings) -> None:
    text = failure_of(settings)

    assert text.startswith(f"cannot open the CAN bus at {settings.interface} {settings.channel}: ")
    assert "that the driver of its vendor is installed" in text


@pytest.mark.skipif(sys.platform == "win32", reason="python-can needs pywin32 for it there")
def test_a_group_that_is_no_address() -> None:
    settings = replace(new_link("udp_multicast"), channel="10.0.0.1")

    assert "Check the address of the group, as 239.74.163.2" in failure_of(settings)


def test_a_failing_adapter_is_told_with_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**arguments: object) -> NoReturn:
        raise can.CanInitializationError("channel in use", 5)

    monkeypatch.setattr(can, "Bus", refuse)

    assert "channel in use [Error Code 5]. Check the channel" in failure_of(PCAN)


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        (replace(SOCKETCAN, fd=False), {"fd": False}),
        (
            replace(PCAN, interface="vector", channel=0, fd=True, data_bitrate=2_000_000),
            {"fd": True, "bitrate": 500_000, "data_bitrate": 2_000_000},
        ),
        (
            replace(PCAN, interface="kvaser", channel=0, fd=True, fd_non_iso=True),
            {"fd": True, "bitrate": 500_000, "data_bitrate": 500_000, "fd_non_iso": True},
        ),
        (
            replace(PCAN, interface="etas", data_bitrate=2_000_000),
            {"fd": False, "bitrate": 500_000},
        ),
        (PCAN, {"fd": False, "bitrate": 500_000}),
    ],
    ids=lambda value: getattr(value, "interface", ""),
)
def test_drivers_are_called_with_what_they_take(
    settings: CanSettings, arguments: dict[str, Any]
) -> None:
    common = {
        "interface": settings.interface,
        "channel": settings.channel,
        "ignore_config": True,
        "can_filters": [{"can_id": 0x101, "can_mask": 0x7FF, "extended": False}],
    }

    assert bus_arguments(settings) == common | arguments


@pytest.mark.parametrize("interface", ["pcan", "kvaser", "vector", "socketcan"])
def test_arguments_are_those_of_python_can(interface: str) -> None:
    adapter = can.interface._get_class_for_interface(interface)  # pyright: ignore[reportPrivateUsage]
    channel = "x" if interface in ("pcan", "socketcan") else 0
    rate = 0 if interface == "socketcan" else 500_000
    settings = CanSettings(interface, channel, 1, 2, bitrate=rate, **FD)
    arguments = bus_arguments(settings)
    del arguments["interface"], arguments["ignore_config"]

    inspect.signature(adapter).bind(**arguments)


@pytest.mark.parametrize(("rate", "data_rate"), [(500_000, 2_000_000), (1_000_000, 0)])
def test_bit_timing_of_pcan_with_fd(rate: int, data_rate: int) -> None:
    timing = bus_arguments(replace(PCAN, bitrate=rate, data_bitrate=data_rate, fd=True))["timing"]

    assert timing.nom_bitrate == rate
    assert timing.data_bitrate == data_rate or rate


def test_an_odd_rate_of_pcan_is_not_replaced_by_the_usual_one() -> None:
    assert bus_arguments(replace(PCAN, bitrate=200_000))["timing"].bitrate == 200_000
    assert "cannot open the CAN bus at pcan" in failure_of(replace(PCAN, bitrate=123_457))

"""What adapters are told, and what users are told when one does not open."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import sys
from typing import Any, NoReturn

import can
import pytest
from msgspec.structs import replace

from scrutiny.firmware_link.errors import LinkOpenError
from scrutiny.firmware_link.transports import CanSettings, open_transport
from scrutiny.firmware_link.transports.can_bus import bus_arguments
from tests.support.can_nodes import new_link

SOCKETCAN = CanSettings("socketcan", "can0", 0x100, 0x101, fd=True)
PCAN = CanSettings("pcan", "PCAN_USBBUS1", 0x100, 0x101, bitrate=500_000)
FD = {"fd": True, "bitrate_switch": True}


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


@pytest.mark.skipif(sys.platform == "win32", reason="python-can needs pywin32 for it there")
def test_what_python_can_raises_it_does_not_log_too(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("can")
    level = logger.level
    no_group = replace(new_link("udp_multicast"), channel="10.0.0.1")
    try:
        logger.setLevel(logging.NOTSET)
        failure_of(no_group)
        gc.collect()  # python-can complains of buses that were not shut down, nor opened
        assert caplog.record_tuples == []

        logger.setLevel(logging.WARNING)  # by a user who wants to see it
        failure_of(no_group)
        gc.collect()
        assert caplog.record_tuples != []
    finally:
        logger.setLevel(level)

from __future__ import annotations

from typing import Any

import pytest

from scrutiny.firmware_link.transports.can_settings import CanSettings
from scrutiny.firmware_link.transports.settings import (
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)
from scrutiny.server.api.links import link_settings_from_api, link_to_api

SERIAL = {"portname": "COM3", "baudrate": 9600}
CAN = {
    "interface": "socketcan",
    "txid": 1,
    "rxid": 2,
    "extended_id": False,
    "fd": False,
    "bitrate_switch": False,
    "subconfig": {"channel": "can0"},
}


def subconfig(**fields: object) -> dict[str, Any]:
    return {"subconfig": {"channel": "can0", **fields}}


@pytest.mark.parametrize(
    ("link_type", "config", "settings"),
    [
        ("none", {}, NoLink()),
        ("none", {"left": "over"}, NoLink()),
        ("dummy", {}, MemorySettings()),
        ("memory", {"name": "pump"}, MemorySettings("pump")),
        ("udp", {"host": "10.0.0.7", "port": 12345}, UdpSettings("10.0.0.7", 12345)),
        ("udp", {"host": "::1", "port": "12345"}, UdpSettings("::1", 12345)),
        ("tcp", {"host": "board", "port": 1}, TcpSettings("board", 1)),
        ("rtt", {"target_device": "nRF52"}, RttSettings("nRF52")),
        (
            "rtt",
            {"target_device": "nRF52", "jlink_interface": "JTAG", "buffer_index": "2"},
            RttSettings("nRF52", "jtag", 2),
        ),
        ("rtt", {"target_device": "nRF52", "probe": 801}, RttSettings("nRF52", probe=801)),
        ("rtt", {"target_device": "rtt://bench:19021"}, RttServerSettings("bench", 19021)),
        (
            "rtt",
            {"target_device": "rtt://[::1]:9090", "jlink_interface": "c2", "buffer_index": 3},
            RttServerSettings("::1", 9090, 3),
        ),
        ("canbus", CAN, CanSettings("socketcan", "can0", 1, 2)),
        (
            "canbus",
            {**CAN, "interface": "PCAN", "txid": 0x800, "extended_id": True} | subconfig(bitrate=9),
            CanSettings("pcan", "can0", 0x800, 2, extended_id=True, bitrate=9),
        ),
        (
            "canbus",
            {**CAN, "interface": "vector", "fd": True, "bitrate_switch": True}
            | subconfig(channel=1, bitrate=500_000, data_bitrate=2_000_000),
            CanSettings(
                *("vector", 1, 1, 2),
                fd=True,
                bitrate_switch=True,
                bitrate=500_000,
                data_bitrate=2_000_000,
            ),
        ),
        ("canbus", {**CAN, "interface": "virtual"}, CanSettings("virtual", "can0", 1, 2)),
        ("serial", SERIAL, SerialSettings("COM3", 9600)),
        (
            "serial",
            {
                "portname": "/dev/ttyUSB0",
                "baudrate": 115200,
                "stopbits": "one_point_five",
                "databits": 7,
                "parity": "EVEN",
                "start_delay": 2,
            },
            SerialSettings("/dev/ttyUSB0", 115200, 1.5, 7, "even", 2),
        ),
        ("serial", {**SERIAL, "stopbits": 2}, SerialSettings("COM3", 9600, stopbits=2)),
        ("serial", {**SERIAL, "stopbits": 1.5}, SerialSettings("COM3", 9600, stopbits=1.5)),
        ("serial", {**SERIAL, "stopbits": "two"}, SerialSettings("COM3", 9600, stopbits=2)),
    ],
)
def test_links_of_clients(link_type: str, config: dict[str, Any], settings: LinkSettings) -> None:
    assert link_settings_from_api(link_type, config) == settings


@pytest.mark.parametrize(
    ("link_type", "config", "reason"),
    [
        ("usb", {}, "unknown link type 'usb'; use none, udp, tcp, serial, rtt, canbus or memory"),
        ("", {}, "unknown link type"),
        ("rtt", {}, "needs the field target_device"),
        ("rtt", {"target_device": ""}, "as Segger does"),
        ("rtt", {"target_device": "rtt://x"}, "rtt://host:port"),
        ("rtt", {"target_device": "x", "jlink_interface": "I2C"}, "jlink_interface .* not one of"),
        ("rtt", {"target_device": "x", "buffer_index": -1}, "buffer_index .* not within 0 to 255"),
        ("canbus", {}, "needs the field interface"),
        ("canbus", {**CAN, "interface": "pigeon"}, "'pigeon', not one of socketcan"),
        ("canbus", {**CAN, "txid": 0x800}, "txid .* not within 0 to 2047"),
        ("canbus", {**CAN, "rxid": 1 << 29, "extended_id": True}, "rxid"),
        ("canbus", {**CAN, "fd": 1}, "fd .* not true or false"),
        ("canbus", {**CAN, "bitrate_switch": True}, "bitrate_switch needs fd"),
        ("canbus", {**CAN, "speed": 1}, "no field 'speed'"),
        ("canbus", {**CAN, "subconfig": "can0"}, "subconfig .* not an object"),
        ("canbus", {**CAN, "subconfig": {}}, "channel .* not a text"),
        ("canbus", {**CAN, "subconfig": {"channel": "can0", "mtu": 1}}, "no field 'mtu'"),
        ("canbus", {**CAN, "interface": "pcan"}, "needs the field bitrate"),
        ("canbus", {**CAN, "interface": "kvaser"}, "channel .* not a whole number"),
        ("udp", {}, "needs the field host"),
        ("udp", {"host": "a"}, "needs the field port"),
        ("udp", {"host": "a", "port": 0}, "port 0 is not within"),
        ("udp", {"host": "a", "port": 65536}, "port 65536 is not within"),
        ("udp", {"host": "a", "port": 10**30}, "is not within"),
        ("udp", {"host": "a", "port": True}, "port of the udp link is True, not a whole number"),
        ("udp", {"host": "a", "port": 1.5}, "not a whole number"),
        ("udp", {"host": "a", "port": None}, "not a whole number"),
        ("udp", {"host": "a", "port": "x"}, "not a whole number"),
        ("udp", {"host": 7, "port": 1}, "host of the udp link is 7, not a text"),
        ("udp", {"host": "", "port": 1}, "host is empty"),
        ("udp", {"host": "a", "port": 1, "prot": 2}, r"no field 'prot'.*did you mean port\?"),
        ("serial", {"portname": "COM3"}, "needs the field baudrate"),
        ("serial", {**SERIAL, "baudrate": 0}, "baudrate 0 is not above 0"),
        ("serial", {**SERIAL, "stopbits": "3"}, "stopbits of the serial link is '3'"),
        ("serial", {**SERIAL, "stopbits": True}, "stopbits of the serial link is True"),
        ("serial", {**SERIAL, "databits": 9}, "databits 9"),
        ("serial", {**SERIAL, "parity": "some"}, "parity 'some'"),
        ("serial", {**SERIAL, "start_delay": -1}, "start_delay"),
        ("serial", {**SERIAL, "start_delay": "nan"}, "not a number"),
        ("serial", {**SERIAL, "start_delay": 10**400}, "not a number"),
    ],
)
def test_what_is_wrong_is_named(link_type: str, config: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        link_settings_from_api(link_type, config)


@pytest.mark.parametrize(
    "settings",
    [
        NoLink(),
        MemorySettings(),
        MemorySettings("pump"),
        UdpSettings("::1", 5),
        TcpSettings("board", 6),
        CanSettings("socketcan", "can0", 0x7FF, 0, fd=True),
        CanSettings("vector", "1", 1, 2, bitrate=500_000, data_bitrate=2_000_000),
        CanSettings("kvaser", 0, 1, 2, True, True, True, 5, 6, fd_non_iso=True),
        CanSettings("pcan", "PCAN_USBBUS1", 1, 2, bitrate=125_000),
        CanSettings("etas", "ETAS://USB/1", 1, 2, bitrate=125_000, data_bitrate=125_000),
        RttSettings("nRF52840_xxAA", "swd", 1),
        RttServerSettings("localhost", 19021),
        RttServerSettings("::1", 9090, 7),
        SerialSettings("COM3", 9600, 1.5, 7, "odd", 0.5),
    ],
)
def test_the_form_for_clients_gives_the_same_link_back(settings: LinkSettings) -> None:
    assert link_settings_from_api(*link_to_api(settings)) == settings


@pytest.mark.parametrize("interface", ["virtual", "udp_multicast"])
def test_a_bus_without_hardware_is_told_as_a_simulated_device(interface: str) -> None:
    """Clients of the original throw away a status with a CAN interface that they do not know."""
    link_type, fields = link_to_api(CanSettings(interface, "239.74.163.2", 1, 2))

    assert link_type == "dummy"
    assert fields["interface"] == interface


def test_a_data_rate_that_was_left_out_is_the_other_rate() -> None:
    _, fields = link_to_api(CanSettings("vector", 0, 1, 2, bitrate=250_000))

    assert fields["subconfig"] == {"channel": 0, "bitrate": 250_000, "data_bitrate": 250_000}


def test_defaults_are_filled_in_as_existing_clients_expect_them() -> None:
    assert link_to_api(SerialSettings("COM3")) == (
        "serial",
        {
            "portname": "COM3",
            "baudrate": 115200,
            "stopbits": "1",
            "databits": 8,
            "parity": "none",
            "start_delay": 0,
        },
    )

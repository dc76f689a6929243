from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.firmware_link.transports import (
    CanSettings,
    LinkSettings,
    MemorySettings,
    NoLink,
    RttServerSettings,
    RttSettings,
    SerialSettings,
    TcpSettings,
    UdpSettings,
    link_url,
    parse_link_url,
)

CANONICAL: list[tuple[str, LinkSettings]] = [
    ("serial:/dev/ttyACM0?baudrate=115200", SerialSettings("/dev/ttyACM0")),
    (
        "serial:/dev/ttyACM0?baudrate=9600&stopbits=1.5&databits=7&parity=even&start_delay_s=0.5",
        SerialSettings("/dev/ttyACM0", 9600, 1.5, 7, "even", 0.5),
    ),
    ("serial:COM3?baudrate=115200", SerialSettings("COM3")),
    ("serial:\\\\.\\COM12?baudrate=115200", SerialSettings("\\\\.\\COM12")),
    ("serial:/dev/a%3Fb%20%25?baudrate=115200", SerialSettings("/dev/a?b %")),
    ("serial:usb:0403:6001:A5069RR4?baudrate=9600", SerialSettings("usb:0403:6001:A5069RR4", 9600)),
    (
        "serial:usb:303a:1001:F4:12%20%3F://?baudrate=115200",
        SerialSettings("usb:303a:1001:F4:12 ?://"),
    ),
    ("serial:loop://?baudrate=115200", SerialSettings("loop://")),
    (
        "serial:rfc2217://host:4000?ign_set_control&timeout=3&baudrate=57600",
        SerialSettings("rfc2217://host:4000?ign_set_control&timeout=3", 57600),
    ),
    ("udp://device.local:12345", UdpSettings("device.local", 12345)),
    ("udp://[::1]:1", UdpSettings("::1", 1)),
    ("udp://Pump%207@192.168.1.255:12345", UdpSettings("Pump 7@192.168.1.255", 12345)),
    ("udp://%40%2F%3A@192.168.1.0/24:1", UdpSettings("@/:@192.168.1.0/24", 1)),
    ("udp://@255.255.255.255:1", UdpSettings("@255.255.255.255", 1)),
    ("udp://pump@[ff02::1%eth0]:1", UdpSettings("pump@ff02::1%eth0", 1)),
    ("tcp://192.168.1.20:65535", TcpSettings("192.168.1.20", 65535)),
    ("tcp://[fe80::1%eth0]:80", TcpSettings("fe80::1%eth0", 80)),
    ("can:socketcan:can0?txid=0x100&rxid=0x7ff", CanSettings("socketcan", "can0", 0x100, 0x7FF)),
    (
        "can:kvaser:1?txid=0x0&rxid=0x1fffffff&bitrate=500000&data_bitrate=2000000"
        "&extended_id=1&fd=1&bitrate_switch=1&fd_non_iso=1",
        CanSettings(
            *("kvaser", 1, 0, 0x1FFF_FFFF),
            extended_id=True,
            fd=True,
            bitrate_switch=True,
            bitrate=500_000,
            data_bitrate=2_000_000,
            fd_non_iso=True,
        ),
    ),
    (
        "can:etas:ETAS://USB/ES582:1234/CAN:1?txid=0x1&rxid=0x2&bitrate=125000",
        CanSettings("etas", "ETAS://USB/ES582:1234/CAN:1", 1, 2, bitrate=125_000),
    ),
    ("can:virtual:a%20b%3F?txid=0x1&rxid=0x2", CanSettings("virtual", "a b?", 1, 2)),
    ("rtt://localhost:19021", RttServerSettings("localhost", 19021)),
    ("rtt://[::1]:9090?channel=255", RttServerSettings("::1", 9090, 255)),
    ("rtt:nRF52840_xxAA?interface=swd", RttSettings("nRF52840_xxAA")),
    (
        "rtt:STM32F407VG?interface=swd&channel=1&probe=801012345",
        RttSettings("STM32F407VG", "swd", 1, 801_012_345),
    ),
    ("rtt:R7FA6M5BH%20%3F?interface=jtag&channel=3", RttSettings("R7FA6M5BH ?", "jtag", 3)),
    ("memory:", MemorySettings()),
    ("memory:pump%20controller", MemorySettings("pump controller")),
    ("none", NoLink()),
]


@pytest.mark.parametrize(("url", "settings"), CANONICAL)
def test_text_and_settings_are_inverse(url: str, settings: LinkSettings) -> None:
    assert parse_link_url(url) == settings
    assert link_url(settings) == url


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("serial:/dev/ttyUSB0", SerialSettings("/dev/ttyUSB0", 115200, 1, 8, "none", 0)),
        ("serial:COM3?parity=ODD&stopbits=2", SerialSettings("COM3", stopbits=2, parity="odd")),
        (
            "serial:socket://host:7000?baudrate=9600&logging=debug",
            SerialSettings("socket://host:7000?logging=debug", 9600),
        ),
        ("TCP://host:1/", TcpSettings("host", 1)),
        ("CAN:PCAN:x?rxid=2&txid=0x1&bitrate=5000", CanSettings("pcan", "x", 1, 2, bitrate=5000)),
        ("can:vector:3?txid=1&rxid=2&bitrate=1", CanSettings("vector", 3, 1, 2, bitrate=1)),
        (
            "can:virtual:b?txid=1&rxid=2&fd=true&extended_id=0",
            CanSettings("virtual", "b", 1, 2, fd=True),
        ),
        ("rtt://host:1/?channel=0", RttServerSettings("host", 1)),
        ("rtt:STM32F407VG?interface=SWD&channel=1", RttSettings("STM32F407VG", "swd", 1)),
        ("rtt:STM32F407VG", RttSettings("STM32F407VG")),
        ("  none ", NoLink()),
    ],
)
def test_other_spellings_are_read(url: str, settings: LinkSettings) -> None:
    assert parse_link_url(url) == settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "write it as serial:/dev/ttyACM0"),
        ("/dev/ttyACM0", "write it as serial:/dev/ttyACM0"),
        ("usb://1", "can:socketcan:can0?txid=0x100&rxid=0x101, memory: or none"),
        ("none:1", "write it as"),
        ("serial:", "the serial port is empty"),
        ("serial:usb:0403", "write usb:VID:PID:SERIAL, as usb:0403:6001:A5069RR4"),
        ("serial:COM3?baud=9600", "allowed are baudrate, stopbits, databits, parity"),
        ("serial:COM3?baudrate=fast", "baudrate is 'fast', not a whole number"),
        ("serial:COM3?baudrate=", "baudrate is '', not a whole number"),
        ("serial:COM3?stopbits=one", "stopbits is 'one', not a number"),
        ("serial:COM3?baudrate=0", "baudrate 0 is not above 0"),
        ("serial:COM3?stopbits=3", "stopbits 3.0 is none of 1, 1.5, 2"),
        ("serial:COM3?databits=9", "databits 9 is none of 5, 6, 7, 8"),
        ("serial:COM3?parity=some", "parity 'some' is none of none, even, odd, mark, space"),
        ("serial:COM3?start_delay_s=-1", "start_delay_s -1.0 is not within 0 to 60"),
        ("udp:pump@host:1", "write it as udp://host:port"),
        ("udp://pump@:1", "write it as udp://host:port"),
        ("udp://10.0.0.0/24:1", "write the name of the device before it, as pump@10.0.0.0/24"),
        ("udp://pump@10.0.0.0/8:1", "too many addresses"),
        ("udp://host", "write it as udp://host:port"),
        ("udp:host:1", "write it as udp://host:port"),
        ("tcp://:1", "write it as udp://host:port"),
        ("tcp://host:http", "port is 'http', not a whole number"),
        ("tcp://host:0", "port 0 is not within 1 to 65535"),
        ("tcp://host:65536", "port 65536 is not within"),
        ("udp://::1:5000", "IPv6 address in brackets"),
        ("rtt://host", "write it as udp://host:port, tcp://host:port or rtt://host:port"),
        ("rtt://host:1?chanel=1", "'chanel' is no setting of an RTT server; allowed are channel"),
        ("rtt://host:1?channel=256", "RTT channel 256 is not within 0 to 255"),
        ("rtt://host:1?channel=x", "channel is 'x', not a whole number"),
        ("can:can0", "lacks a channel; write it as can:socketcan:can0?txid=0x100&rxid=0x101&fd=1"),
        ("can:socketcan:can0", "lacks txid and rxid; write it as can:socketcan:can0"),
        ("can:socketcan:can0?txid=1", "lacks rxid; write it as"),
        ("can:pigeon:x?txid=1&rxid=2", "'pigeon' is none of socketcan, vector, kvaser, pcan"),
        ("can:virtual:x?txid=1&rxid=y", "rxid is 'y', not a whole number"),
        ("can:virtual:x?txid=1&rxid=0x800", "0x800 is not within 0 to 0x7ff; with extended_id"),
        ("can:virtual:x?txid=-1&rxid=0&extended_id=1", "-0x1 is not within 0 to 0x1fffffff"),
        ("can:virtual:x?txid=1&rxid=2&fd=yes", "fd is 'yes', neither 1 nor 0"),
        ("can:virtual:x?txid=1&rxid=2&bitrate_switch=1", "bitrate_switch needs fd"),
        ("can:virtual:x?txid=1&rxid=2&fd_non_iso=1", "fd_non_iso is for kvaser, not for virtual"),
        ("can:virtual:x?txid=1&rxid=2&speed=1", "allowed are txid, rxid, bitrate, data_bitrate"),
        ("can:socketcan:can0?txid=1&rxid=2&bitrate=500000", "up type can bitrate 500000`"),
        ("can:pcan:x?txid=1&rxid=2", "bitrate 0, data_bitrate 0 of pcan: bit/s above 0 are due"),
        ("can:kvaser:x?txid=1&rxid=2&bitrate=1", "channel 'x' is none of kvaser; write it as 0"),
        ("can:virtual:a%0A?txid=1&rxid=2", "is none of virtual; write it as bench"),
        ("rtt:", "write it as Segger does, as nRF52840_xxAA"),
        ("rtt:a%0Ab", "write it as Segger does, as nRF52840_xxAA"),
        ("rtt:X?interface=usb", "'usb' of the probe is none of jtag, swd, fine, icsp, spi, c2"),
        ("rtt:X?buffer=1", "allowed are interface, channel, probe, as in rtt:nRF52840_xxAA"),
        ("rtt:X?probe=4294967296", "probe 4294967296 is no serial number of a J-Link"),
    ],
)
def test_a_wrong_link_says_what_to_write(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_link_url(url)

    assert expected in str(caught.value)


@pytest.mark.parametrize("delay_s", [math.nan, math.inf, -1.0])
def test_a_start_delay_is_a_finite_time(delay_s: float) -> None:
    with pytest.raises(ValueError, match="start_delay_s"):
        SerialSettings("COM3", start_delay_s=delay_s)


def test_a_device_without_a_network_to_look_in_is_refused() -> None:
    with pytest.raises(ValueError, match="'pump@' names no network; write the broadcast address"):
        UdpSettings("pump@", 1)


def test_an_empty_host_is_refused() -> None:
    with pytest.raises(ValueError, match="the host is empty"):
        UdpSettings("", 1)


@pytest.mark.parametrize(
    ("settings", "bits"),
    [
        (SerialSettings("COM3"), 10),
        (SerialSettings("COM3", parity="even", stopbits=2), 12),
        (SerialSettings("COM3", databits=7, stopbits=1.5), 9.5),
    ],
)
def test_bits_per_octet_count_start_parity_and_stop(settings: SerialSettings, bits: float) -> None:
    assert settings.bits_per_octet == bits


def test_only_serial_urls_that_are_links_are_opened() -> None:
    with pytest.raises(ValueError, match="spy:// is not a serial link"):
        parse_link_url("serial:spy:///dev/ttyACM0?file=/tmp/x")


@pytest.mark.parametrize("port", ["a\0b", "x" * 5000])
def test_what_cannot_be_a_port_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="no name of a port"):
        SerialSettings(port)


@given(
    st.builds(
        CanSettings,
        interface=st.sampled_from(["virtual", "socketcan", "udp_multicast"]),
        channel=st.text("abc019 ?&=#%:/+äß", min_size=1, max_size=20),
        txid=st.integers(0, 0x1FFF_FFFF),
        rxid=st.integers(0, 0x1FFF_FFFF),
        extended_id=st.just(True),
        fd=st.just(True),
        bitrate_switch=st.booleans(),
    )
    | st.builds(
        RttSettings,
        target=st.text("aZ09_ ?&=#%:+äß", min_size=1, max_size=20),
        interface=st.sampled_from(["swd", "c2"]),
        channel=st.integers(0, 255),
    )
)
def test_any_channel_and_target_survives_the_text_form(settings: CanSettings | RttSettings) -> None:
    assert parse_link_url(link_url(settings)) == settings


@given(
    st.sampled_from(["can:", "can:virtual:", "can:vector:1?", "rtt:", "rtt://", "rtt://h:1?"]),
    st.text("abcdefgtxi:/?&=0123456789-_%[]x\0 \u0663", max_size=40),
)
def test_whatever_is_written_is_a_link_or_a_value_error(scheme: str, rest: str) -> None:
    with contextlib.suppress(ValueError):
        parse_link_url(scheme + rest)

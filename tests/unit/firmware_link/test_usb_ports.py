from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from scrutiny.firmware_link.errors import LinkOpenError, PortMissing
from scrutiny.firmware_link.transports.usb_ports import find_usb_port, present_ports, usb_name
from tests.support.usb_machine import Adapter

BUILT_IN = ListPortInfo("/dev/ttyS0")
FIRST = Adapter(0x0403, 0x6001, "A5069RR4", "1-1").at("/dev/ttyUSB0")
SECOND = Adapter(0x0403, 0x6001, "A50285BI", "1-2").at("/dev/ttyUSB1")
PLAIN = Adapter(0x1A86, 0x7523, None, "1-3").at("/dev/ttyUSB2")
TWIN = Adapter(0x1A86, 0x7523, "", "1-4").at("/dev/ttyUSB3")
DOUBLE_A = Adapter(0x0403, 0x6010, "FT1", "1-5:1.0").at("/dev/ttyUSB4")
DOUBLE_B = Adapter(0x0403, 0x6010, "FT1", "1-5:1.1").at("/dev/ttyUSB5")


def found(name: str, present: Sequence[ListPortInfo], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(list_ports, "comports", lambda: present)
    return find_usb_port(name)


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("usb:0403:6001:A50285BI", "/dev/ttyUSB1"),
        ("usb:1A86:7523", "/dev/ttyUSB2"),
        ("usb:0403:6010:FT1/if01", "/dev/ttyUSB5"),
        ("usb:0403:6010/if00", "/dev/ttyUSB4"),
    ],
)
def test_a_device_is_found_by_its_numbers(
    name: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = [BUILT_IN, FIRST, SECOND, PLAIN, DOUBLE_A, DOUBLE_B]

    assert found(name, present, monkeypatch) == device


def test_a_missing_one_is_answered_with_those_that_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = (
        "no USB device usb:0403:6001:A9 is there. Found: usb:0403:6001:A5069RR4 (/dev/ttyUSB0), "
        "usb:1a86:7523 (/dev/ttyUSB2). Check the cable; `scrutiny ports` tells more"
    )
    with pytest.raises(PortMissing, match=f"^{re.escape(expected)}$"):
        found("usb:0403:6001:A9", [PLAIN, BUILT_IN, FIRST], monkeypatch)


def test_a_machine_without_any_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PortMissing, match="There is no USB serial device at all"):
        found("usb:0403:6001:A9", [BUILT_IN], monkeypatch)


def test_a_long_list_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Adapter(1, 2, f"{number}").at(f"/dev/ttyX{number}") for number in range(10, 22)]

    with pytest.raises(PortMissing, match=r"usb:0001:0002:17 \(/dev/ttyX17\) and 4 more"):
        found("usb:0403:6001:A9", many, monkeypatch)


@pytest.mark.parametrize(
    ("name", "present", "text"),
    [
        (
            "usb:0403:6001",
            [SECOND, FIRST],
            "2 ports are usb:0403:6001: /dev/ttyUSB0 (serial number A5069RR4), /dev/ttyUSB1 "
            "(serial number A50285BI). Name one, as serial:usb:0403:6001:A5069RR4",
        ),
        (
            "usb:0403:6010:FT1",
            [DOUBLE_A, DOUBLE_B],
            "2 ports are usb:0403:6010:FT1: /dev/ttyUSB4 (serial number FT1, interface 00), "
            "/dev/ttyUSB5 (serial number FT1, interface 01). Name one, as "
            "serial:usb:0403:6010:FT1/if00",
        ),
        (
            "usb:1a86:7523",
            [PLAIN, TWIN],
            "2 ports are usb:1a86:7523: /dev/ttyUSB2 (no serial number), /dev/ttyUSB3 (no serial "
            "number). Nothing but the socket tells them apart: name one by that, as "
            "serial:/dev/serial/by-path/... on Linux; `scrutiny ports` tells the names",
        ),
    ],
)
def test_of_several_each_is_told_with_its_serial_number(
    name: str, present: list[ListPortInfo], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LinkOpenError, match=f"^{re.escape(text)}$") as caught:
        found(name, present, monkeypatch)
    assert not isinstance(caught.value, PortMissing)


@pytest.mark.parametrize(
    ("port", "others", "name"),
    [
        (FIRST, [SECOND, BUILT_IN], "usb:0403:6001:A5069RR4"),
        (PLAIN, [FIRST], "usb:1a86:7523"),
        (PLAIN, [TWIN], None),
        (DOUBLE_A, [DOUBLE_B], "usb:0403:6010:FT1/if00"),
        (DOUBLE_A, [FIRST], "usb:0403:6010:FT1"),
        (BUILT_IN, [FIRST], None),
        (Adapter(1, 2, "odd/if00").at("x"), [], None),
        (Adapter(1, 2, "odd\nnumber").at("x"), [], None),
    ],
)
def test_a_lasting_name_means_one_port_only(
    port: ListPortInfo, others: list[ListPortInfo], name: str | None
) -> None:
    found_name = usb_name(port, [*others, port])

    assert (found_name and f"{found_name}") == name


def test_a_system_that_does_not_tell_has_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[ListPortInfo]:
        raise OSError

    monkeypatch.setattr(list_ports, "comports", fail)

    assert present_ports() == []

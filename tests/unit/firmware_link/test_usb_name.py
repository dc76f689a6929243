from __future__ import annotations

import pytest

from scrutiny.firmware_link.transports.usb_name import UsbName, is_usb_name, parse_usb_name

FTDI = UsbName(0x0403, 0x6001, "A5069RR4")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("usb:0403:6001:A5069RR4", FTDI),
        ("usb:1a86:7523", UsbName(0x1A86, 0x7523)),
        ("usb:303a:1001:F4:12:FA:41:AA:38", UsbName(0x303A, 0x1001, "F4:12:FA:41:AA:38")),
        ("usb:0403:6011/if0a", UsbName(0x0403, 0x6011, None, 10)),
        ("usb:0403:6010:FT 1/2/if01", UsbName(0x0403, 0x6010, "FT 1/2", 1)),
    ],
)
def test_text_and_name_are_inverse(text: str, name: UsbName) -> None:
    assert parse_usb_name(text) == name
    assert f"{name}" == text
    assert is_usb_name(text)


@pytest.mark.parametrize("text", ["USB:403:6001:A5069RR4", "usb:0x0403:0x6001:A5069RR4"])
def test_other_spellings_are_read(text: str) -> None:
    assert is_usb_name(text)
    assert parse_usb_name(text) == FTDI


@pytest.mark.parametrize("text", ["usb:", "usb:0403", "usb:0403:", "usb:04031:6001", "usb:x:1"])
def test_what_names_no_device_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write usb:VID:PID:SERIAL, as usb:0403:6001:A5069RR4"):
        parse_usb_name(text)


def test_ports_of_the_system_are_no_usb_names() -> None:
    assert not any(map(is_usb_name, ["/dev/ttyUSB0", "COM3", "usb", "./usb:1:2"]))


@pytest.mark.parametrize(
    ("wanted", "is_covered"),
    [
        (FTDI, True),
        (UsbName(0x0403, 0x6001), True),
        (UsbName(0x0403, 0x6001, "a5069rr4"), True),
        (UsbName(0x0403, 0x6001, "A5069RR4", 0), True),
        (UsbName(0x0403, 0x6001, "A5069RR"), False),
        (UsbName(0x0403, 0x6001, "A5069RR4", 1), False),
        (UsbName(0x0403, 0x6010, "A5069RR4"), False),
        (UsbName(0x0404, 0x6001, "A5069RR4"), False),
    ],
)
def test_a_name_covers_what_it_leaves_open(wanted: UsbName, is_covered: bool) -> None:
    assert wanted.covers(UsbName(0x0403, 0x6001, "A5069RR4", 0)) is is_covered


def test_a_serial_number_is_not_found_where_there_is_none() -> None:
    assert not FTDI.covers(UsbName(0x0403, 0x6001))

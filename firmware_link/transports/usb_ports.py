"""Finding the serial port of a USB device, under whatever name the system has it today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from ..errors import LinkOpenError, PortMissing
from .usb_name import UsbName, parse_usb_name

_MAX_LISTED: Final = 8
# What pyserial calls the location of a port of a device with several: 1-1.2:1.0, or 1-1.2:x.0.
_INTERFACE: Final = re.compile(r":[0-9x]+\.(\d+)$")


def present_ports() -> list[ListPortInfo]:
    """Return the serial ports of this machine; none where the system does not tell."""
    try:
        return list(list_ports.comports())
    except OSError:
        return []


def full_usb_name(port: ListPortInfo) -> UsbName | None:
    """Return all that is known of the USB device behind a port; None: there is no such device."""
    if port.vid is None or port.pid is None:
        return None
    interface = _INTERFACE.search(port.location or "")
    return UsbName(
        port.vid, port.pid, port.serial_number or None, int(interface[1]) if interface else None
    )


def usb_name(port: ListPortInfo, present: Iterable[ListPortInfo]) -> UsbName | None:
    """Return the shortest lasting name that means this port and no other that is present.

    The serial number is in it if there is one. None: no name does; of two adapters without serial
    number, only the socket that they are plugged into tells which is which.
    """
    full = full_usb_name(port)
    if full is None:
        return None
    others = [name for each in present if each != port and (name := full_usb_name(each))]
    for name in (replace(full, interface=None), full):
        if _is_writable(name) and not any(name.covers(other) for other in others):
            return name
    return None


def _is_writable(name: UsbName) -> bool:
    """Whether the name can be read back; a device may have any serial number."""
    try:
        return parse_usb_name(f"{name}") == name
    except ValueError:
        return False


def find_usb_port(name: str) -> str:
    """Return the name by which the system knows the port of a USB device right now.

    Args:
        name: as ``usb:0403:6001:A5069RR4``.

    Raises:
        PortMissing: no such device is there; the text lists those that are.
        LinkOpenError: there are several; the text tells how to name each.
    """
    wanted = parse_usb_name(name)
    present = present_ports()
    found = [port for port in present if (full := full_usb_name(port)) and wanted.covers(full)]
    match found:
        case [port]:
            return port.device
        case []:
            raise PortMissing(
                f"no USB device {wanted} is there. {_listed(present)}. "
                "Check the cable; `scrutiny ports` tells more"
            )
        case _:
            raise LinkOpenError(_which_one(wanted, sorted(found), present))


def _listed(present: Sequence[ListPortInfo]) -> str:
    found = [port for port in sorted(present) if full_usb_name(port)]
    if not found:
        return "There is no USB serial device at all"
    texts = [f"{full_usb_name(port)} ({port.device})" for port in found[:_MAX_LISTED]]
    more = len(found) - len(texts)
    return f"Found: {', '.join(texts)}" + (f" and {more} more" if more else "")


def _which_one(
    wanted: UsbName, found: Sequence[ListPortInfo], present: Sequence[ListPortInfo]
) -> str:
    text = f"{len(found)} ports are {wanted}: {', '.join(map(_described, found))}. "
    names = [name for port in found if (name := usb_name(port, present)) is not None]
    if not names:
        return text + (
            "Nothing but the socket tells them apart: name one by that, as "
            "serial:/dev/serial/by-path/... on Linux; `scrutiny ports` tells the names"
        )
    return text + f"Name one, as serial:{names[0]}"


def _described(port: ListPortInfo) -> str:
    full = full_usb_name(port)
    assert full is not None
    number = full.serial_number
    serial_number = "no serial number" if number is None else f"serial number {number}"
    interface = "" if full.interface is None else f", interface {full.interface:02x}"
    return f"{port.device} ({serial_number}{interface})"

"""Names of serial ports that say which USB device is behind them: ``usb:VID:PID[:SERIAL][/ifNN]``.

VID and PID are hexadecimal. SERIAL, the serial number, may have colons in it. NN is the interface
(hexadecimal) of an adapter that has several ports.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

USB_PREFIX: Final = "usb:"
_PATTERN: Final = re.compile(
    r"usb:(?:0x)?([0-9a-f]{1,4}):(?:0x)?([0-9a-f]{1,4})(?::(.+?))?(?:/if([0-9a-f]{1,2}))?",
    re.IGNORECASE,
)


class UsbName(msgspec.Struct, frozen=True):
    """Which USB device a port belongs to.

    Attributes:
        vendor_id: 0 to 0xffff.
        product_id: 0 to 0xffff.
        serial_number: None for any; capitals do not matter.
        interface: of a device with several ports, 0 to 0xff; None for any.
    """

    vendor_id: int
    product_id: int
    serial_number: str | None = None
    interface: int | None = None

    def __str__(self) -> str:
        """Return the name as `parse_usb_name` reads it."""
        serial_number = "" if self.serial_number is None else f":{self.serial_number}"
        interface = "" if self.interface is None else f"/if{self.interface:02x}"
        return f"{USB_PREFIX}{self.vendor_id:04x}:{self.product_id:04x}{serial_number}{interface}"

    def covers(self, other: UsbName) -> bool:
        """Whether a port with all that ``other`` says is one that this name may mean."""
        return (
            (self.vendor_id, self.product_id) == (other.vendor_id, other.product_id)
            and _is_same(self.serial_number, other.serial_number)
            and self.interface in (None, other.interface)
        )


def is_usb_name(port: str) -> bool:
    """Whether the name of a port means a USB device, rather than a port of the system."""
    return port[: len(USB_PREFIX)].lower() == USB_PREFIX


def parse_usb_name(port: str) -> UsbName:
    """Read a name.

    Raises:
        ValueError: it is none; the message says what to write.
    """
    match = _PATTERN.fullmatch(port)
    if match is None:
        raise ValueError(
            f"{port!r} does not name a USB device; write usb:VID:PID:SERIAL, as "
            "usb:0403:6001:A5069RR4; `scrutiny ports` lists them"
        )
    vendor, product, serial_number, interface = match.groups()
    return UsbName(
        int(vendor, 16),
        int(product, 16),
        serial_number,
        None if interface is None else int(interface, 16),
    )


def _is_same(wanted: str | None, found: str | None) -> bool:
    # Windows may tell a serial number in capitals that the device tells in small letters.
    return wanted is None or (found is not None and wanted.casefold() == found.casefold())

"""The serial ports of this machine: which ones there are, and what is behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serial.tools.list_ports_common import ListPortInfo

from scrutiny.firmware_link.transports.settings import SerialSettings
from scrutiny.firmware_link.transports.urls import link_url
from scrutiny.firmware_link.transports.usb_ports import full_usb_name, present_ports, usb_name

STABLE_NAMES: Final = Path("/dev/serial")  # folders of links that udev makes; on Linux only


@dataclass(frozen=True)
class SerialPort:
    """A serial port; None for what nobody tells.

    Attributes:
        device: its name for the system, which may be another after the next reboot.
        link: for ``scrutiny server --link``; means the same adapter at the next start, where it
            can be told from the others.
        vendor: who made the adapter.
        product: what it is.
        usb_id: vendor and product, as 0403:6001.
        serial_number: of the adapter.
        location: which socket it is plugged into, as 1-1.2; behind a colon, which of its ports.
        stable_name: stays the same for the same adapter, or else for the same socket; on Linux.
    """

    device: str
    link: str
    vendor: str | None = None
    product: str | None = None
    usb_id: str | None = None
    serial_number: str | None = None
    location: str | None = None
    stable_name: str | None = None


def serial_ports(
    found: Iterable[ListPortInfo] | None = None, stable_names: Path = STABLE_NAMES
) -> list[SerialPort]:
    """Return all ports, those of USB adapters first.

    Args:
        found: by pyserial; None lets it look.
        stable_names: the folder with ``by-id`` and ``by-path`` in it.
    """
    present = sorted(present_ports() if found is None else found)
    by_id = _links_in(stable_names / "by-id")
    by_path = _links_in(stable_names / "by-path")
    ports = [_described(each, present, by_id, by_path) for each in present]
    return sorted(ports, key=lambda port: port.usb_id is None)


def _described(
    port: ListPortInfo,
    present: Sequence[ListPortInfo],
    by_id: dict[Path, str],
    by_path: dict[Path, str],
) -> SerialPort:
    full, lasting = full_usb_name(port), usb_name(port, present)
    node = Path(port.device).resolve()
    # Of two adapters without serial number only one can have the name by-id, now this, now that.
    is_twin = full is not None and lasting is None
    stable_name = None if is_twin else by_id.get(node)
    stable_name = stable_name or by_path.get(node)
    description = None if port.description in ("n/a", port.name) else port.description
    return SerialPort(
        device=port.device,
        link=_link(f"{lasting or stable_name or port.device}"),
        vendor=port.manufacturer,
        product=port.product or description,
        usb_id=None if full is None else f"{full.vendor_id:04x}:{full.product_id:04x}",
        serial_number=port.serial_number or None,
        location=port.location,
        stable_name=stable_name,
    )


def _link(port: str) -> str:
    """Return the text of a link with the usual settings, short enough to be copied anywhere."""
    return link_url(SerialSettings(port)).partition("?")[0]


def _links_in(folder: Path) -> dict[Path, str]:
    """Return the links of a folder, by what they point to."""
    try:
        return {link.resolve(): str(link) for link in sorted(folder.iterdir())}
    except OSError:
        return {}

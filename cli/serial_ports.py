"""The serial ports of this machine: which ones there are, and what is behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

BY_ID_FOLDER: Final = Path("/dev/serial/by-id")  # links that udev makes; on Linux only


@dataclass(frozen=True)
class SerialPort:
    """A serial port; None for what nobody tells.

    Attributes:
        device: its name for the system, which may be another after the next reboot.
        stable_name: stays the same for the same adapter, on Linux.
        vendor: who made the adapter.
        product: what it is.
        usb_id: vendor and product, as 0403:6001.
        serial_number: of the adapter.
    """

    device: str
    stable_name: str | None
    vendor: str | None
    product: str | None
    usb_id: str | None
    serial_number: str | None


def serial_ports(
    found: Iterable[ListPortInfo] | None = None, by_id: Path = BY_ID_FOLDER
) -> list[SerialPort]:
    """Return all ports, those of USB adapters first.

    Args:
        found: by pyserial; None lets it look.
        by_id: where stable names are.
    """
    stable = _stable_names(by_id)
    ports = [
        _described(each, stable) for each in (list_ports.comports() if found is None else found)
    ]
    return sorted(ports, key=lambda port: (port.usb_id is None, port.device))


def _described(port: ListPortInfo, stable: dict[Path, str]) -> SerialPort:
    has_ids = port.vid is not None and port.pid is not None
    description = None if port.description in ("n/a", port.name) else port.description
    return SerialPort(
        port.device,
        stable.get(Path(port.device).resolve()),
        port.manufacturer,
        port.product or description,
        f"{port.vid:04x}:{port.pid:04x}" if has_ids else None,
        port.serial_number,
    )


def _stable_names(folder: Path) -> dict[Path, str]:
    """Return the links of a folder, by what they point to."""
    try:
        return {link.resolve(): str(link) for link in sorted(folder.iterdir())}
    except OSError:
        return {}

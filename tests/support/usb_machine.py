"""A machine into which USB serial adapters are plugged, for the server, and for tests themselves.

Nothing here can be plugged into USB: what the system would tell of its ports is in a file, which
stands in for ``comports`` of pyserial. The ports are real pseudo terminals.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from scrutiny.server import app

from .server_process import ServerProcess

_FILE = "plugged-in.json"


@dataclass(frozen=True)
class Adapter:
    """What the system tells of an adapter."""

    vid: int = 0x0483
    pid: int = 0x5740
    serial_number: str | None = None
    location: str | None = None
    manufacturer: str | None = "ST"
    product: str | None = "Virtual COM Port"

    def at(self, device: Path | str) -> ListPortInfo:
        """Return it with the name of its port."""
        port = ListPortInfo(f"{device}")
        for name, value in asdict(self).items():
            setattr(port, name, value)
        port.apply_usb_info()
        return port


class UsbMachine:
    """What is plugged in, for servers with the same home."""

    def __init__(self, home: Path) -> None:
        self._file = home / _FILE
        self._plugged: dict[str, Adapter] = {}
        self._write()

    def plug(self, adapter: Adapter, device: Path) -> None:
        """The system has found an adapter, and has given this name to its port."""
        self._plugged[f"{device}"] = adapter
        self._write()

    def unplug(self, device: Path) -> None:
        """The adapter is gone."""
        del self._plugged[f"{device}"]
        self._write()

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({name: asdict(each) for name, each in self._plugged.items()}))
        fresh.replace(self._file)


class UsbServerProcess(ServerProcess):
    """A server on such a machine."""

    PROGRAM: ClassVar[tuple[str, ...]] = ("-m", __name__)


def _comports(include_links: bool = False) -> list[ListPortInfo]:
    plugged = json.loads((Path(os.environ["HOME"]) / _FILE).read_text())
    return [Adapter(**fields).at(device) for device, fields in plugged.items()]


if __name__ == "__main__":
    setattr(list_ports, "comports", _comports)  # noqa: B010 - each system has its own type of it
    sys.exit(app.main())

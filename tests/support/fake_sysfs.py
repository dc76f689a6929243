"""A machine with USB serial adapters as Linux tells of them, in ``/sys`` and ``/dev``.

`python -m tests.support.fake_sysfs FOLDER COMMAND...` runs a command that sees what is in that
folder in place of ``/sys`` and ``/dev``, in a mount namespace, without root. It ends as the command
does, or with 77 where the system allows no such namespace.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NO_NAMESPACE: Final = 77
_KEPT: Final = ("null", "zero", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd", "stdin")


@dataclass(frozen=True)
class UsbPort:
    """A port of a USB device.

    Attributes:
        name: of the port, as ttyUSB0.
        socket: where the device is plugged in, as 1-1.2.
        interface: of the device, from 0.
        files: of the device, as idVendor; the same for all ports of one device.
    """

    name: str
    socket: str
    interface: int
    files: dict[str, str]


class FakeMachine:
    """The tree, to be filled before the command runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sys = folder / "sys"
        self._dev = folder / "dev"
        (self._dev / "serial" / "by-id").mkdir(parents=True)
        (self._dev / "serial" / "by-path").mkdir()
        (self._sys / "class" / "tty").mkdir(parents=True)

    def add(self, port: UsbPort, by_id: str | None, by_path: str) -> None:
        """Plug it in; udev gives the links of these names to it."""
        device = self._sys / "devices" / "usb1" / port.socket
        interface = device / f"{port.socket}:1.{port.interface}"
        # Ports of the driver for modems hang on the interface, those of all others on a port of it.
        is_modem = port.name.startswith("ttyACM")
        node = interface if is_modem else interface / port.name
        bus = self._sys / "bus" / ("usb" if is_modem else "usb-serial")
        node.mkdir(parents=True, exist_ok=True)
        bus.mkdir(parents=True, exist_ok=True)
        (node / "subsystem").symlink_to(os.path.relpath(bus, node))
        for name, content in port.files.items():
            (device / name).write_text(f"{content}\n")
        self._make_tty(port.name, node)
        if by_id is not None:
            _replace(self._dev / "serial" / "by-id" / by_id, f"../../{port.name}")
        _replace(self._dev / "serial" / "by-path" / by_path, f"../../{port.name}")

    def add_built_in(self, name: str) -> None:
        """Have a port that is soldered to the board, where there is one."""
        node = self._sys / "devices" / "pnp0" / "00:01"
        node.mkdir(parents=True)
        (self._sys / "bus" / "pnp").mkdir(parents=True)
        (node / "subsystem").symlink_to("../../../bus/pnp")
        (node / "id").write_text("PNP0501\n")
        self._make_tty(name, node)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this machine."""
        program = [sys.executable, "-m", __name__, f"{self.folder}", *command]
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", *program],
            check=False,
            capture_output=True,
            text=True,
        )

    def _make_tty(self, name: str, node: Path) -> None:
        (self._dev / name).touch()
        tty = self._sys / "class" / "tty" / name
        tty.mkdir()
        (tty / "device").symlink_to(os.path.relpath(node, tty))


def _replace(link: Path, target: str) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _main(folder: Path, command: list[str]) -> int:
    for name in _KEPT:
        here, there = Path("/dev") / name, folder / "dev" / name
        if here.is_dir():
            there.mkdir()
        elif here.exists():
            there.touch()
        else:
            continue
        if _mount("--rbind", f"{here}", f"{there}"):
            return NO_NAMESPACE
    for name in ("sys", "dev"):
        if _mount("--rbind", f"{folder / name}", f"/{name}"):
            return NO_NAMESPACE
    return subprocess.run(command, check=False).returncode


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))

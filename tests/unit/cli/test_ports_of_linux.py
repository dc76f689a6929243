"""``scrutiny ports`` where Linux tells of adapters, as it does of real ones."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_sysfs import NO_NAMESPACE, FakeMachine, UsbPort
from tests.support.missing_tools import cannot_run
from tests.support.verb_desk import PROGRAM

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is about Linux")

FTDI = {
    "idVendor": "0403",
    "idProduct": "6010",
    "serial": "FT4X2Q",
    "manufacturer": "FTDI",
    "product": "FT2232H",
    "bNumInterfaces": " 2",
}
STLINK = {
    "idVendor": "0483",
    "idProduct": "374b",
    "serial": "066EFF57",
    "manufacturer": "STMicroelectronics",
    "product": "STM32 STLink",
    "bNumInterfaces": " 4",
}
CHEAP = {"idVendor": "1a86", "idProduct": "7523", "product": "USB Serial", "bNumInterfaces": " 1"}


def ports_of(machine: FakeMachine) -> dict[str, dict[str, Any]]:
    if shutil.which("unshare") is None:
        cannot_run("needs unshare, of util-linux")
    result = machine.run(*PROGRAM, "ports", "--json")
    if result.returncode == NO_NAMESPACE or "unshare" in result.stderr:
        pytest.skip(f"this system allows no namespaces without root: {result.stderr}")
    assert result.returncode == 0, result.stderr
    return {port["device"]: port for port in json.loads(result.stdout)}


def test_links_of_adapters_as_linux_tells_of_them(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    machine.add_built_in("ttyS0")
    machine.add(
        UsbPort("ttyACM0", "1-4", 2, STLINK), "usb-ST_STLink_066EFF57-if02", "pci-usb-0:4:1.2"
    )
    machine.add(UsbPort("ttyUSB0", "1-3", 0, FTDI), "usb-FTDI_FT4X2Q-if00-port0", "pci-usb-0:3:1.0")
    machine.add(UsbPort("ttyUSB1", "1-3", 1, FTDI), "usb-FTDI_FT4X2Q-if01-port0", "pci-usb-0:3:1.1")
    # Both are called the same by-id; the one that came last has the name.
    machine.add(
        UsbPort("ttyUSB2", "1-1.1", 0, CHEAP), "usb-1a86_USB_Serial-if00", "pci-usb-0:1.1:1.0"
    )
    machine.add(
        UsbPort("ttyUSB3", "1-1.2", 0, CHEAP), "usb-1a86_USB_Serial-if00", "pci-usb-0:1.2:1.0"
    )

    ports = ports_of(machine)

    assert {device: (port["link"], port["location"]) for device, port in ports.items()} == {
        "/dev/ttyACM0": ("serial:usb:0483:374b:066EFF57", "1-4:1.2"),
        "/dev/ttyUSB0": ("serial:usb:0403:6010:FT4X2Q/if00", "1-3:1.0"),
        "/dev/ttyUSB1": ("serial:usb:0403:6010:FT4X2Q/if01", "1-3:1.1"),
        "/dev/ttyUSB2": ("serial:/dev/serial/by-path/pci-usb-0:1.1:1.0", "1-1.1"),
        "/dev/ttyUSB3": ("serial:/dev/serial/by-path/pci-usb-0:1.2:1.0", "1-1.2"),
        "/dev/ttyS0": ("serial:/dev/ttyS0", None),
    }
    assert list(ports)[-1] == "/dev/ttyS0"
    assert ports["/dev/ttyACM0"] | {"link": "", "location": ""} == {
        "device": "/dev/ttyACM0",
        "link": "",
        "vendor": "STMicroelectronics",
        "product": "STM32 STLink",
        "usb_id": "0483:374b",
        "serial_number": "066EFF57",
        "location": "",
        "stable_name": "/dev/serial/by-id/usb-ST_STLink_066EFF57-if02",
    }

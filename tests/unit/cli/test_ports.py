from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from scrutiny.cli.serial_ports import SerialPort, serial_ports
from scrutiny.firmware_link.transports.settings import SerialSettings
from scrutiny.firmware_link.transports.urls import parse_link_url
from tests.support.usb_machine import Adapter
from tests.support.verb_desk import run_here

UDEV_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="stable names are links of udev")
ADAPTER = Adapter(0x0403, 0x6001, "A5069RR4", "1-1.2", "FTDI", "FT232R USB UART")
WITHOUT_NUMBER = Adapter(0x1A86, 0x7523, None, None, None, "USB Serial")


class DeviceFolder:
    """What udev keeps of ports that are there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stable_names = path / "serial"

    def port(self, name: str, **links: str) -> Path:
        """Make a port, and links to it in the folders ``by-...``."""
        device = self._path / name
        device.touch()
        for folder, link in links.items():
            where = self.stable_names / folder.replace("_", "-")
            where.mkdir(parents=True, exist_ok=True)
            (where / link).symlink_to(device)
        return device


@UDEV_ONLY
def test_an_adapter_has_its_names_and_ids(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path)
    device = folder.port("ttyUSB0", by_id="usb-FTDI_A5069RR4-if00-port0", by_path="pci-usb-2")
    plain = folder.port("ttyS0")

    ports = serial_ports([ListPortInfo(f"{plain}"), ADAPTER.at(device)], folder.stable_names)

    assert ports == [
        SerialPort(
            device=f"{device}",
            link="serial:usb:0403:6001:A5069RR4",
            vendor="FTDI",
            product="FT232R USB UART",
            usb_id="0403:6001",
            serial_number="A5069RR4",
            location="1-1.2",
            stable_name=f"{folder.stable_names}/by-id/usb-FTDI_A5069RR4-if00-port0",
        ),
        SerialPort(f"{plain}", f"serial:{plain}"),
    ]


@UDEV_ONLY
def test_of_two_adapters_without_serial_number_the_socket_is_named(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path)
    first = folder.port("ttyUSB0", by_path="pci-usb-1")
    second = folder.port("ttyUSB1", by_id="usb-1a86_USB_Serial-if00-port0", by_path="pci-usb-2")

    ports = serial_ports([WITHOUT_NUMBER.at(second), WITHOUT_NUMBER.at(first)], folder.stable_names)

    names = [f"{folder.stable_names}/by-path/pci-usb-{number}" for number in (1, 2)]
    assert [port.stable_name for port in ports] == names
    assert [port.link for port in ports] == [f"serial:{name}" for name in names]


def test_without_stable_names_the_name_of_the_port_has_to_do(tmp_path: Path) -> None:
    devices = [tmp_path / "ttyUSB0", tmp_path / "ttyUSB1"]

    ports = serial_ports([WITHOUT_NUMBER.at(device) for device in devices], tmp_path / "no-folder")

    assert [port.stable_name for port in ports] == [None, None]
    if sys.platform != "win32":  # where it is no path
        assert [port.link for port in ports] == [f"serial:{device}" for device in devices]


def test_odd_characters_of_a_serial_number_can_be_copied(tmp_path: Path) -> None:
    odd = Adapter(0x0403, 0x6001, "A 1?&%")

    (port,) = serial_ports([odd.at("/dev/ttyUSB0")], tmp_path)

    assert port.link == "serial:usb:0403:6001:A%201%3F%26%25"
    assert parse_link_url(port.link) == SerialSettings("usb:0403:6001:A 1?&%")


def test_adapters_are_shown_with_all_that_is_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: [ADAPTER.at("/dev/ttyUSB7")])

    text = run_here(capsys, "ports")
    listed = run_here(capsys, "ports", "--json")

    assert text.output.splitlines() == [
        "Port          Link                           Vendor  Product          USB id     "
        "Serial number  Location",
        "/dev/ttyUSB7  serial:usb:0403:6001:A5069RR4  FTDI    FT232R USB UART  0403:6001  "
        "A5069RR4       1-1.2",
    ]
    (port,) = json.loads(listed.output)
    assert set(port) == {field.name for field in fields(SerialPort)}
    assert port["link"] == "serial:usb:0403:6001:A5069RR4"


def test_the_verb_lists_the_ports_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    devices = {port.device for port in list_ports.comports()}

    listed = run_here(capsys, "ports", "--json")
    text = run_here(capsys, "ports")

    assert {port["device"] for port in json.loads(listed.output)} == devices
    assert (listed.code, text.code) == (0, 0)
    shown = {line.split()[0] for line in text.output.splitlines()[1:]}
    assert shown == {device.split()[0] for device in devices}
    assert bool(devices) != ("no serial port was found" in text.errors)


def test_wrong_arguments_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(capsys, "ports", "/dev/ttyACM0").code == 2

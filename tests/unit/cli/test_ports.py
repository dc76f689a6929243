from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from scrutiny.cli.ports import table
from scrutiny.cli.serial_ports import SerialPort, serial_ports
from tests.support.verb_desk import run_here


def adapter(device: Path) -> ListPortInfo:
    """Return what pyserial tells of a USB adapter."""
    port = ListPortInfo(str(device))
    port.vid, port.pid, port.serial_number = 0x0403, 0x6001, "A5069RR4"
    port.manufacturer, port.product = "FTDI", "FT232R USB UART"
    port.apply_usb_info()
    return port


@pytest.mark.skipif(sys.platform == "win32", reason="stable names are links of udev")
def test_an_adapter_has_its_stable_name_and_ids(tmp_path: Path) -> None:
    device, by_id = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    by_id.mkdir()
    link = by_id / "usb-FTDI_FT232R_USB_UART_A5069RR4-if00-port0"
    link.symlink_to(Path("..") / device.name)

    plain = ListPortInfo(str(tmp_path / "ttyS0"))
    assert serial_ports([plain, adapter(device)], by_id) == [
        SerialPort(f"{device}", f"{link}", "FTDI", "FT232R USB UART", "0403:6001", "A5069RR4"),
        SerialPort(f"{tmp_path / 'ttyS0'}", None, None, None, None, None),
    ]


def test_without_a_folder_of_stable_names_there_are_none(tmp_path: Path) -> None:
    (port,) = serial_ports([adapter(tmp_path / "ttyUSB0")], tmp_path / "no-folder")

    assert port.stable_name is None


def test_the_table_leaves_out_what_nobody_tells() -> None:
    ports = [
        SerialPort("/dev/ttyACM0", None, "ST", "STLink\x1b[31m", "0483:374b", None),
        SerialPort("/dev/ttyS0", None, None, None, None, None),
    ]
    assert table(ports) == [
        "Port          Vendor  Product      USB id",
        "/dev/ttyACM0  ST      STLink�[31m  0483:374b",
        "/dev/ttyS0    -       -            -",
    ]


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

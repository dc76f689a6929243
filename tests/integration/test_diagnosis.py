"""Why there is no device at the end of a link: each cause is a real one."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools import list_ports

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.firmware_link.codes import Command, CommControlFunction, ResponseCode
from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import AddressFormat, Connect
from scrutiny.firmware_link.simulator.device import SimulatedDevice
from scrutiny.firmware_link.simulator.settings import DeviceSettings
from scrutiny.firmware_link.transports.settings import (
    LinkSettings,
    NoLink,
    SerialSettings,
    TcpSettings,
    UdpSettings,
)
from tests.support.network_port import NetworkPort
from tests.support.odd_port import (
    Answer,
    OddPort,
    as_device,
    at_speed,
    behind_boot_loader,
    instead_of,
)
from tests.support.unprivileged import folder_of_nobody
from tests.support.usb_machine import Adapter

if sys.platform != "win32":
    import grp
    import termios

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo terminals")

FEW_RATES = Surroundings(baud_rates=(115_200, 9_600), start_delay_s=0)
# Where nothing will come.
IMPATIENT = Surroundings(baud_rates=(9_600,), start_delay_s=0, patience_s=0.05)


def found(settings: LinkSettings, around: Surroundings = FEW_RATES) -> list[Finding]:
    async def collect() -> list[Finding]:
        return [finding async for finding in examine(settings, around)]

    return asyncio.run(collect())


def found_on(answer: Answer, around: Surroundings = FEW_RATES) -> list[Finding]:
    with OddPort(answer) as port:
        return found(SerialSettings(f"{port.path}"), around)


def new_device(settings: DeviceSettings | None = None) -> SimulatedDevice:
    return SimulatedDevice(settings, now_ns=time.monotonic_ns())


# --------------------------------------------------------------------- it answers


def test_a_good_device_is_well_and_left_without_a_session() -> None:
    device = new_device(DeviceSettings(display_name="bench 3"))

    (finding,) = found_on(as_device(device))

    assert finding.cause is Cause.ALL_WELL
    assert not finding.prevents
    assert finding.text.startswith("device 'bench 3' answers within ")
    assert device.settings.firmware_id.hex() in finding.text
    assert device.session_id is None


def test_a_program_that_was_not_tagged_works_without_names() -> None:
    untagged, well = found_on(as_device(new_device(DeviceSettings(firmware_id=PLACEHOLDER))))

    assert (untagged.cause, untagged.prevents) == (Cause.UNTAGGED, False)
    assert "scrutiny sfd build FILE --tag-inplace" in untagged.advice
    assert well.cause is Cause.ALL_WELL


def test_another_protocol_version() -> None:
    (finding,) = found_on(as_device(new_device(DeviceSettings(protocol_version=(2, 3)))))

    assert finding.cause is Cause.OTHER_PROTOCOL
    assert "speaks protocol 2.3, this program 1.0" in finding.text


def comm_control(
    function: CommControlFunction, payload: bytes, code: ResponseCode = ResponseCode.OK
) -> Response:
    return Response(Command.COMM_CONTROL, function, code, payload)


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x00 and a name of no known length"])
def test_an_answer_that_makes_no_sense(payload: bytes) -> None:
    response = comm_control(CommControlFunction.DISCOVER, payload)

    (finding,) = found_on(
        instead_of(CommControlFunction.DISCOVER, response, as_device(new_device()))
    )

    assert (finding.cause, finding.prevents) == (Cause.OTHER_PROTOCOL, True)
    assert finding.text.startswith("the answer makes no sense: ")
    assert finding.advice == "the firmware may be of another version, or be another program"


@pytest.mark.parametrize("payload", [b"", b"\x00" * 7], ids=["empty", "short"])
def test_a_session_that_makes_no_sense(payload: bytes) -> None:
    response = comm_control(CommControlFunction.CONNECT, payload)

    (finding,) = found_on(
        instead_of(CommControlFunction.CONNECT, response, as_device(new_device()))
    )

    assert (finding.cause, finding.prevents) == (Cause.OTHER_PROTOCOL, True)
    assert finding.text.startswith("the session makes no sense: ")
    assert finding.advice == "the firmware may be of another version, or be another program"


def test_a_session_that_is_refused() -> None:
    response = comm_control(CommControlFunction.CONNECT, b"", ResponseCode.UNSUPPORTED_FEATURE)

    (finding,) = found_on(
        instead_of(CommControlFunction.CONNECT, response, as_device(new_device()))
    )

    assert (finding.cause, finding.prevents) == (Cause.REFUSED, True)
    assert finding.text == "the device refuses a session: code 2"
    assert finding.advice == "the firmware may be of another version, or be another program"


def test_a_session_that_is_asked_for_in_vain() -> None:
    (finding,) = found_on(instead_of(CommControlFunction.CONNECT, None, as_device(new_device())))

    assert (finding.cause, finding.prevents) == (Cause.SESSION_BUSY, True)
    assert finding.text.endswith("does not answer when a session is asked for")
    assert "too busy to answer in time" in finding.advice


def test_a_session_of_somebody_else() -> None:
    device = new_device()
    answer = as_device(device)
    answer(Connect().request(AddressFormat(4)).encode(), 0)
    session_id = device.session_id
    assert session_id is not None

    (finding,) = found_on(answer)

    assert finding.cause is Cause.SESSION_BUSY
    assert "heartbeat time-out" in finding.advice
    assert device.session_id == session_id


def test_a_device_that_refuses_to_tell_who_it_is() -> None:
    device = new_device(DeviceSettings(display_name="n" * 64, max_tx_payload=32))

    (finding,) = found_on(as_device(device))

    assert finding.cause is Cause.REFUSED
    assert "may not fit its transmit buffer" in finding.advice


def test_damage_now_and_then() -> None:
    count = 0

    def damage(octets: bytes) -> bytes:
        nonlocal count
        count += bool(octets)
        return octets[:-1] + bytes([octets[-1] ^ 1]) if octets and not count % 5 else octets

    damaged, well = found_on(as_device(new_device(), damage))

    assert (damaged.cause, damaged.prevents) == (Cause.DAMAGED_ANSWERS, False)
    assert damaged.text == "4 of 20 answers were damaged or lost"
    assert well.cause is Cause.ALL_WELL


def test_damage_always() -> None:
    def damage(octets: bytes) -> bytes:
        return octets[:-1] + bytes([octets[-1] ^ 1]) if octets else octets

    (finding,) = found_on(as_device(new_device(), damage))

    assert (finding.cause, finding.prevents) == (Cause.DAMAGED_ANSWERS, True)
    assert finding.text.startswith("a device answers, but every answer is damaged: 82 01 00")


# --------------------------------------------------------------------- something else answers


def test_an_echo() -> None:
    (finding,) = found_on(lambda data, speed: data)

    assert finding.cause is Cause.ECHO
    assert "TX and RX of the adapter are connected to each other" in finding.advice


def test_an_echo_before_the_answer() -> None:
    answer = as_device(new_device())

    (finding,) = found_on(lambda data, speed: data + answer(data, speed))

    assert finding.cause is Cause.ECHO
    assert "comes back before its answer" in finding.text


def test_text_of_a_firmware_that_prints() -> None:
    (finding,) = found_on(lambda data, speed: b"\x1b[32mI (1234) motor: speed 1500\r\n")

    assert finding.cause is Cause.TEXT
    assert "motor: speed 1500" in finding.text


@pytest.mark.parametrize("is_odd", [False, True])
def test_seven_bits_with_parity(is_odd: bool) -> None:
    plain = b"motor: speed 1500, torque 3\r\n"
    framed = bytes(o | 0x80 * (o.bit_count() % 2 != is_odd) for o in plain)

    (finding,) = found_on(lambda data, speed: framed)

    assert finding.cause is Cause.SEVEN_BITS
    assert '"motor: speed 1500, torque 3"' in finding.text
    assert "the protocol needs 8 bits" in finding.advice


def test_a_board_that_starts_when_its_port_is_opened() -> None:
    answer = behind_boot_loader(1.5, as_device(new_device()))

    (finding,) = found_on(answer, Surroundings(baud_rates=()))

    assert (finding.cause, finding.prevents) == (Cause.STARTS_LATE, True)
    assert finding.text.startswith("the device answers once it was left alone for 2 s after")
    assert finding.advice.endswith("?baudrate=115200&start_delay_s=2")


def test_a_board_that_is_left_alone_as_the_link_says() -> None:
    device = as_device(new_device())
    early = b""

    def answer(data: bytes, speed: int) -> bytes:
        nonlocal early
        early = early if time.monotonic() - opened_s >= 1 else early + data
        return device(data, speed)

    with OddPort(answer) as port:
        opened_s = time.monotonic()
        (finding,) = found(SerialSettings(f"{port.path}", start_delay_s=1), FEW_RATES)

    assert finding.cause is Cause.ALL_WELL
    assert early == b""


@pytest.mark.parametrize("is_heard", [False, True])
def test_another_baud_rate(is_heard: bool) -> None:
    device = as_device(new_device())

    (finding,) = found_on(at_speed(termios.B9600, device, is_heard=is_heard))

    assert finding.cause is Cause.WRONG_BAUD_RATE
    assert finding.text == "the device answers at 9600 baud, not at 115200"
    assert finding.advice.startswith("use serial:/dev/")
    assert finding.advice.endswith("?baudrate=9600")


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # of pyserial
def test_another_parity() -> None:
    """The system's pseudo terminals have none, but a port of another machine has."""
    device = as_device(new_device())

    def answer(data: bytes, parity: str) -> bytes:
        return device(data, 0) if parity == "E" else b""

    with NetworkPort(answer) as port:
        (finding,) = found(SerialSettings(port.url), Surroundings(baud_rates=(), start_delay_s=0))

    assert finding.cause is Cause.OTHER_PARITY
    assert finding.text == "the device answers with parity even, not none"
    assert finding.advice == f"use serial:{port.url}?baudrate=115200&parity=even"


def test_octets_that_nobody_understands() -> None:
    (finding,) = found_on(
        lambda data, speed: b"\x00\xff\x13\x9b\x02", Surroundings(baud_rates=(), start_delay_s=0)
    )

    assert finding.cause is Cause.UNREADABLE
    assert "octets came that are no answer: 00 ff 13 9b 02" in finding.text


# --------------------------------------------------------------------- nobody answers


def test_silence_on_a_serial_port() -> None:
    (finding,) = found_on(lambda data, speed: b"", IMPATIENT)

    assert (finding.cause, finding.text) == (Cause.SILENCE, "nothing comes back")
    assert "TX goes to RX" in finding.advice


def test_silence_on_the_network() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        (finding,) = found(UdpSettings("127.0.0.1", deaf.getsockname()[1]), IMPATIENT)

    assert finding.cause is Cause.SILENCE
    assert "listens at this address" in finding.advice
    assert "`scrutiny discover`" in finding.advice


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (finding,) = found(TcpSettings("127.0.0.1", unused.getsockname()[1]))

    assert finding.cause is Cause.CANNOT_OPEN
    assert "nothing listens at 127.0.0.1:" in finding.text


def test_a_link_that_breaks_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        async def examine_and_hang_up() -> list[Finding]:
            loop = asyncio.get_running_loop()
            server.setblocking(False)
            accepting = loop.create_task(loop.sock_accept(server))
            findings: list[Finding] = []
            collecting = examine(TcpSettings("127.0.0.1", port), FEW_RATES)
            first = loop.create_task(anext(collecting))
            connection, _ = await accepting
            connection.close()
            findings.append(await first)
            await collecting.aclose()
            return findings

        (finding,) = asyncio.run(examine_and_hang_up())

    assert finding.cause is Cause.LINK_LOST


# --------------------------------------------------------------------- it does not open


def test_no_link() -> None:
    assert [finding.cause for finding in found(NoLink())] == [Cause.NO_LINK]


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = found(SerialSettings(f"{tmp_path / 'ttyUSB9'}"))

    assert finding.cause is Cause.NO_SUCH_PORT
    assert finding.text == f"there is no serial port {tmp_path / 'ttyUSB9'}"
    assert "Check the cable" in finding.advice


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    (finding,) = found(SerialSettings(f"{file}"))

    assert finding.cause is Cause.CANNOT_OPEN
    assert "is not a serial port" in finding.text


_HOLD = """
import sys, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held_port() -> Iterator[tuple[Path, int]]:
    """A port that another process has locked; with the id of the process."""
    with (
        OddPort(lambda data, speed: b"") as port,
        subprocess.Popen(
            [sys.executable, "-c", _HOLD, f"{port.path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield port.path, holder.pid


def test_a_port_that_another_program_has(held_port: tuple[Path, int]) -> None:
    path, pid = held_port

    (finding,) = found(SerialSettings(f"{path}"))

    assert finding.cause is Cause.PORT_BUSY
    assert "Close it" in finding.advice
    if sys.platform == "linux":
        assert f"(process {pid}) has the serial port {path}" in finding.text
        assert finding.text.startswith("python")


def test_the_holder_of_a_port_that_is_named_by_its_adapter(
    held_port: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pid = held_port
    monkeypatch.setattr(list_ports, "comports", lambda: [Adapter(serial_number="A1").at(path)])

    (finding,) = found(SerialSettings("usb:0483:5740:A1"))

    assert finding.cause is Cause.PORT_BUSY
    if sys.platform == "linux":
        assert f"(process {pid}) has the serial port usb:0483:5740:A1" in finding.text


def test_an_adapter_that_is_not_plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Adapter(serial_number="A2").at("/dev/ttyACM0")
    monkeypatch.setattr(list_ports, "comports", lambda: [other])

    (finding,) = found(SerialSettings("usb:0483:5740:A1"))

    assert finding.cause is Cause.NO_SUCH_PORT
    assert finding.text == "no USB device usb:0483:5740:A1 is there"
    assert finding.advice.startswith("Found: usb:0483:5740:A2 (/dev/ttyACM0). Check the cable")


def test_a_busy_port_where_processes_are_not_told(
    held_port: tuple[Path, int], tmp_path: Path
) -> None:
    around = Surroundings(proc=tmp_path / "no-proc")

    (finding,) = found(SerialSettings(f"{held_port[0]}"), around)

    assert finding.cause is Cause.PORT_BUSY
    assert finding.text == f"another program holds the serial port {held_port[0]}"


def _foreign_group() -> int:
    own = {os.getegid(), *os.getgroups()}
    return next(group.gr_gid for group in grp.getgrall() if group.gr_gid not in own)


def test_a_port_without_permission_names_the_group_to_join() -> None:
    with OddPort(lambda data, speed: b"") as port:
        port.path.chmod(0o060)  # the group may, the owner may not
        if os.geteuid() == 0:  # whose group has to be another one than that of this process
            os.chown(port.path, -1, _foreign_group())
        with folder_of_nobody():
            (finding,) = found(SerialSettings(f"{port.path}"))
        group = port.path.group()

    assert finding.cause is Cause.NO_PERMISSION
    assert finding.text == f"no permission to use the serial port {port.path}"
    assert f"sudo usermod -aG {group} $USER" in finding.advice


# --------------------------------------------------------------------- the latency timer


@pytest.mark.parametrize(("latency_ms", "is_slow"), [(16, True), (2, True), (1, False)])
def test_the_latency_timer_of_an_adapter(tmp_path: Path, latency_ms: int, is_slow: bool) -> None:
    with OddPort(as_device(new_device())) as port:
        timer = tmp_path / "bus/usb-serial/devices" / port.path.name / "latency_timer"
        timer.parent.mkdir(parents=True)
        timer.write_text(f"{latency_ms}\n")
        findings = found(SerialSettings(f"{port.path}"), Surroundings(sysfs=tmp_path))

    causes = [finding.cause for finding in findings]
    assert causes == [*([Cause.SLOW_LATENCY_TIMER] * is_slow), Cause.ALL_WELL]
    if is_slow:
        assert f"for up to {latency_ms} ms" in findings[0].text
        assert f"sudo tee {timer}" in findings[0].advice
        assert not findings[0].prevents

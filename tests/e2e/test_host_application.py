"""The example application as a process, spoken to with raw frames over each of its transports."""

from __future__ import annotations

import os
import queue
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.missing_tools import cannot_run

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 10.0

if sys.platform != "win32":
    import tty

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the application needs POSIX")

GET_INFO, COMM_CONTROL, MEMORY, USER_COMMAND, DATALOG = 1, 2, 3, 4, 5
OK, INVALID, UNSUPPORTED, OVERFLOW, FAILURE, FORBIDDEN = 0, 1, 2, 3, 5, 6

SETPOINT, SPEED, STATE, FAULT_COUNT, KP, UPTIME_MS = 0x1000, 0x1001, 0x1003, 0x1004, 0x1005, 0x1007
LAST_FAULT, TRIM, TICK_COUNT, ENERGY, TIME_OFFSET = 0x100A, 0x100C, 0x1010, 0x1011, 0x1012
SCRATCH = range(0x2000, 0x203C)
SCRATCH_FLOAT_FIRST = 0x201E
STATE_FAULT = 3


# --- Frames -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    command: int
    subfunction: int
    code: int
    payload: bytes


def request_frame(command: int, subfunction: int, payload: bytes = b"") -> bytes:
    head = struct.pack(">BBH", command, subfunction, len(payload)) + payload
    return head + struct.pack(">I", zlib.crc32(head))


def take_answer(data: bytes) -> Answer | None:
    """Decode one answer, or return None while it is incomplete."""
    if len(data) < 5:
        return None
    command, subfunction, code, size = struct.unpack_from(">BBBH", data)
    if len(data) < size + 9:
        return None
    assert len(data) == size + 9, "octets after the answer"
    assert struct.unpack_from(">I", data, size + 5)[0] == zlib.crc32(data[: size + 5])
    return Answer(command, subfunction, code, data[5 : 5 + size])


# --- Links --------------------------------------------------------------------------------------


class Link(Protocol):
    """A client's end of a transport."""

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout_s: float) -> bytes:
        """Return what has come, or nothing after the timeout or at the end of the stream."""
        ...

    def close(self) -> None: ...


class PtyLink:
    def __init__(self, path: Path | str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)  # also discards what an earlier client left unread

    def send(self, data: bytes) -> None:
        assert os.write(self.fd, data) == len(data)

    def receive(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self.fd], [], [], timeout_s)
        return os.read(self.fd, 65536) if ready else b""

    def close(self) -> None:
        os.close(self.fd)


class SocketLink:
    def __init__(self, kind: socket.SocketKind, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.connect(("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        self.socket.settimeout(timeout_s)
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            return b""

    def close(self) -> None:
        self.socket.close()


class Client:
    """Requests and answers over a link."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def exchange(self, frame: bytes, timeout_s: float = DEADLINE_S) -> Answer:
        self.link.send(frame)
        return self.answer(timeout_s)

    def answer(self, timeout_s: float = DEADLINE_S) -> Answer:
        data = b""
        deadline = time.monotonic() + timeout_s
        while (answer := take_answer(data)) is None:
            chunk = self.link.receive(max(0.0, deadline - time.monotonic()))
            assert chunk, f"no whole answer within {timeout_s} s, only {data.hex() or 'nothing'}"
            data += chunk
        return answer

    def ask(self, command: int, subfunction: int, payload: bytes = b"") -> Answer:
        answer = self.exchange(request_frame(command, subfunction, payload))
        assert (answer.command, answer.subfunction) == (command | 0x80, subfunction)
        return answer

    def get(self, command: int, subfunction: int, payload: bytes = b"") -> bytes:
        answer = self.ask(command, subfunction, payload)
        assert answer.code == OK
        return answer.payload

    def discover(self) -> tuple[int, int, str]:
        payload = self.get(COMM_CONTROL, 1, bytes.fromhex("7e18fc68"))
        assert len(payload) == 19 + payload[18]
        return payload[0], payload[1], payload[19:].decode()

    def connect(self) -> int:
        magic, session_id = struct.unpack(
            ">II", self.get(COMM_CONTROL, 4, bytes.fromhex("82902266"))
        )
        assert magic == 0x82902266
        return int(session_id)

    def disconnect(self, session_id: int) -> None:
        assert self.get(COMM_CONTROL, 5, struct.pack(">I", session_id)) == b""

    def read_value(self, value_id: int, layout: str) -> int | float:
        payload = self.get(MEMORY, 4, struct.pack(">H", value_id))
        echoed_id, value = struct.unpack(">H" + layout, payload)
        assert echoed_id == value_id
        result: int | float = value
        return result

    def write_value(self, value_id: int, layout: str, value: float) -> int:
        """Write a published value and return the response code."""
        return self.ask(MEMORY, 5, struct.pack(">H" + layout, value_id, value)).code

    def region(self, kind: int) -> tuple[int, int]:
        """Return the first octet and the size of the first region of a kind."""
        payload = self.get(GET_INFO, 5, bytes([kind, 0]))
        assert payload[:2] == bytes([kind, 0])
        start, end = struct.unpack(">QQ", payload[2:])
        return start, end - start + 1


# --- The process --------------------------------------------------------------------------------


class Application:
    """One run of the program; its first line has been read."""

    def __init__(self, program: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=self._read_line, args=(lines,), daemon=True)
        reader.start()
        try:
            self.line = lines.get(timeout=DEADLINE_S)
        except queue.Empty:
            self.process.kill()
            raise AssertionError("no line on standard output") from None
        reader.join()

    def _read_line(self, lines: queue.Queue[str]) -> None:
        assert self.process.stdout is not None
        lines.put(self.process.stdout.readline().rstrip("\n"))

    @property
    def port(self) -> int:
        match = re.fullmatch(r"(?:udp|tcp) 127\.0\.0\.1:(\d+)", self.line)
        assert match is not None, self.line
        return int(match[1])

    def stop(self, signal_number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it as an operator would; return exit code and standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            _, errors = self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, errors


StartApplication = Callable[..., Application]
OpenClient = Callable[..., Client]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the application once."""
    compiler = os.environ.get("CC", "cc")
    missing = [tool for tool in ("make", compiler.split()[0]) if shutil.which(tool) is None]
    if missing:
        reason = f"{' and '.join(missing)} not found, needed to build the example application"
        cannot_run(reason)
    build = tmp_path_factory.mktemp("example")
    make = ["make", "-C", str(ROOT / "firmware_example"), f"BUILD={build}", f"CC={compiler}", "-j4"]
    result = subprocess.run(make, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return build / "scrutiny-example-host"


@pytest.fixture
def links() -> Iterator[list[Link]]:
    """Links to close at the end."""
    opened: list[Link] = []
    yield opened
    for link in opened:
        link.close()


@pytest.fixture
def start(program: Path, links: list[Link]) -> Iterator[StartApplication]:
    """Start the application; every run ends with exit code 0 and nothing on standard error.

    It ends before the links do: pulling the cable of a serial port is an error.
    """
    running: list[Application] = []

    def start_one(*arguments: str) -> Application:
        running.append(Application(program, *arguments))
        return running[-1]

    yield start_one
    for application in running:
        assert application.stop() == (0, "")


@pytest.fixture
def open_client(start: StartApplication, links: list[Link], tmp_path: Path) -> OpenClient:
    """Start the application with a transport and further options, and return a client of it."""

    def open_one(transport: str, *arguments: str) -> Client:
        link: Link
        if transport == "pty":
            path = tmp_path / f"port{len(links)}"
            start("--pty", str(path), *arguments)
            link = PtyLink(path)
        elif transport == "tty":
            master, slave = os.openpty()
            tty.setraw(slave)
            start("--tty", os.ttyname(slave), *arguments)
            os.close(slave)
            link = MasterLink(master)
        else:
            port = start(f"--{transport}", "0", *arguments).port
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            link = SocketLink(kind, port)
        links.append(link)
        return Client(link)

    return open_one


class MasterLink(PtyLink):
    """The other end of a serial port: here the test plays the cable."""

    def __init__(self, fd: int) -> None:
        self.fd = fd


def address_of(program: Path, symbol: str) -> int:
    """Return where a variable lies, according to the file."""
    if shutil.which("nm") is None:
        pytest.skip("nm not found")
    lines = subprocess.run(["nm", str(program)], capture_output=True, text=True, check=True)
    found = {name: address for *address, _, name in map(str.split, lines.stdout.splitlines())}
    return int(found[symbol][0], 16)


fixed_addresses = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the program has fixed addresses on Linux only"
)

TRANSPORTS = ["pty", "tty", "udp", "tcp"]


# --- Sessions, over every transport -------------------------------------------------------------


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_discover_announces_protocol_and_name(open_client: OpenClient, transport: str) -> None:
    client = open_client(transport, "--name", "Pump 7")

    assert client.discover() == (1, 0, "Pump 7")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_session_opens_reads_and_closes(open_client: OpenClient, transport: str) -> None:
    client = open_client(transport, "--seed", "0x12345678")

    first = client.connect()
    assert client.read_value(SETPOINT, "f") == 1500.0
    client.disconnect(first)

    assert (first, client.connect()) == (0x12345678, 0x12345679)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("size", [0, 1, 255, 1024], ids="{} octets".format)
def test_user_command_echoes_any_payload(
    open_client: OpenClient, transport: str, size: int
) -> None:
    client = open_client(transport)
    client.connect()
    payload = bytes(i & 0xFF for i in range(size))

    assert client.get(USER_COMMAND, 0, payload) == payload


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_chunking_of_a_request_carries_no_meaning(open_client: OpenClient, transport: str) -> None:
    client = open_client(transport)
    frame = request_frame(COMM_CONTROL, 1, bytes.fromhex("7e18fc68"))

    for octet in frame:
        client.link.send(bytes([octet]))

    assert client.answer().code == OK


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_serves_again_after_noise_and_a_silence(open_client: OpenClient, transport: str) -> None:
    client = open_client(transport)

    client.link.send(b"\xff noise")
    silence = client.link.receive(0.2)

    assert silence == b""
    assert client.discover()[:2] == (1, 0)


# --- What it announces --------------------------------------------------------------------------


def test_each_start_has_its_own_session_ids(open_client: OpenClient) -> None:
    assert open_client("udp").connect() != open_client("udp").connect()


@pytest.mark.parametrize("size", [32, 256, 1024, 4096, 65519])
def test_buffer_sizes_are_announced_and_real(open_client: OpenClient, size: int) -> None:
    client = open_client("tcp", "--rx-size", str(size), "--tx-size", str(size), "--name", "x")
    client.connect()

    params = client.get(COMM_CONTROL, 3)
    payload = os.urandom(size)

    assert struct.unpack(">HH", params[:4]) == (size, size)
    assert params[16:] == bytes([8, 8])  # address size, bits of a char
    assert client.get(USER_COMMAND, 0, payload) == payload


def test_answer_that_does_not_fit_is_an_overflow(open_client: OpenClient) -> None:
    client = open_client("tcp", "--rx-size", "256", "--tx-size", "128")
    client.connect()

    assert client.ask(USER_COMMAND, 0, bytes(129)).code == OVERFLOW


@pytest.mark.parametrize(("option", "may_write"), [([], True), (["--no-memory-write"], False)])
def test_memory_write_feature_follows_the_option(
    open_client: OpenClient, option: list[str], may_write: bool
) -> None:
    client = open_client("tcp", *option)
    client.connect()

    features = client.get(GET_INFO, 3)[0]

    assert bool(features & 0x80) == may_write
    assert features & 0x70 == 0x70  # datalogging, user commands, 64-bit types


def test_published_values_are_listed_once_each(open_client: OpenClient) -> None:
    client = open_client("tcp")
    client.connect()

    (count,) = struct.unpack(">H", client.get(GET_INFO, 6))
    definitions = client.get(GET_INFO, 7, struct.pack(">HH", 0, count))
    types = dict(struct.iter_unpack(">HB", definitions))

    assert len(types) == count
    assert {types[i] for i in SCRATCH if i < SCRATCH_FLOAT_FIRST} == {0x12}
    assert {types[i] for i in SCRATCH if i >= SCRATCH_FLOAT_FIRST} == {0x22}
    assert (types[SETPOINT], types[STATE], types[FAULT_COUNT], types[UPTIME_MS]) == (
        0x22,
        0x10,
        0x11,
        0x12,
    )
    assert (types[TICK_COUNT], types[ENERGY], types[TIME_OFFSET]) == (0x13, 0x23, 0x03)


def test_loops_are_a_fixed_and_a_variable_one(open_client: OpenClient) -> None:
    client = open_client("tcp")
    client.connect()

    assert client.get(GET_INFO, 8) == b"\x02"
    control = struct.pack(">BBBIB", 0, 0, 0x80, 1000, 7) + b"control"
    assert client.get(GET_INFO, 9, b"\x00") == control
    assert client.get(GET_INFO, 9, b"\x01") == bytes([1, 1, 0x80, 4]) + b"idle"


# --- Published values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_id", "layout", "value"),
    [
        (SETPOINT, "f", -1250.5),
        (KP, "f", 0.0078125),
        (TRIM, "b", -100),
        (TIME_OFFSET, "q", -(2**62) - 1),
        (SCRATCH[0], "I", 0xDEADBEEF),
        (SCRATCH[-1], "f", -0.5),
    ],
)
def test_writable_value_keeps_what_is_written(
    open_client: OpenClient, value_id: int, layout: str, value: float
) -> None:
    client = open_client("tcp")
    client.connect()

    assert client.write_value(value_id, layout, value) == OK
    assert client.read_value(value_id, layout) == value


@pytest.mark.parametrize(
    ("value_id", "layout", "value", "code"),
    [
        (SPEED, "f", 1.0, FAILURE),
        (SETPOINT, "f", 3001.0, FAILURE),
        (SETPOINT, "f", float("nan"), FAILURE),
        (KP, "f", -1.0, FAILURE),
        (0x7777, "f", 1.0, INVALID),
    ],
    ids=["read-only", "too large", "not a number", "negative gain", "unknown id"],
)
def test_senseless_write_is_refused(
    open_client: OpenClient, value_id: int, layout: str, value: float, code: int
) -> None:
    client = open_client("tcp", "--freeze")
    client.connect()

    assert client.write_value(value_id, layout, value) == code
    assert client.read_value(SETPOINT, "f") == 1500.0


def test_sixty_channels_are_read_by_one_request(open_client: OpenClient) -> None:
    client = open_client("pty")
    client.connect()
    for index, value_id in enumerate(SCRATCH):
        layout = "I" if value_id < SCRATCH_FLOAT_FIRST else "f"
        assert client.write_value(value_id, layout, index) == OK

    payload = client.get(MEMORY, 4, struct.pack(">60H", *SCRATCH))

    integers = list(struct.iter_unpack(">HI", payload[:180]))
    floats = list(struct.iter_unpack(">Hf", payload[180:]))
    assert integers + floats == [(value_id, i) for i, value_id in enumerate(SCRATCH)]


def test_motor_reaches_its_setpoint(open_client: OpenClient) -> None:
    client = open_client("udp")
    client.connect()
    assert client.write_value(SETPOINT, "f", -800.0) == OK

    deadline = time.monotonic() + DEADLINE_S
    while abs(client.read_value(SPEED, "f") + 800.0) > 20.0:
        assert time.monotonic() < deadline

    assert client.read_value(ENERGY, "d") > 0.0
    assert client.read_value(TICK_COUNT, "Q") > 0


def test_control_loop_runs_at_its_frequency(open_client: OpenClient) -> None:
    client = open_client("udp")
    client.connect()

    first = last = client.read_value(TICK_COUNT, "Q")
    began = now = time.monotonic()
    while now < began + 0.3:
        last = client.read_value(TICK_COUNT, "Q")
        now = time.monotonic()

    # It catches up in steps of a millisecond; a pause of the whole computer may cost it some.
    assert 0.8 <= (last - first) / (now - began) / 10_000 <= 1.01


def test_frozen_motor_is_the_same_in_every_run(open_client: OpenClient) -> None:
    def snapshot(client: Client) -> list[int | float]:
        client.connect()
        return [client.read_value(i, "f") for i in (SETPOINT, SPEED, 0x1002)]

    first = open_client("udp", "--freeze")
    values = snapshot(first)

    assert values == snapshot(open_client("udp", "--freeze"))
    assert values == [first.read_value(i, "f") for i in (SETPOINT, SPEED, 0x1002)]
    assert abs(values[1] - 1500.0) < 20.0


# --- User commands ------------------------------------------------------------------------------


def test_injected_fault_shows_in_the_values(open_client: OpenClient) -> None:
    client = open_client("udp", "--freeze")
    client.connect()

    assert client.get(USER_COMMAND, 2, b"\x0b") == b""

    assert client.read_value(STATE, "B") == STATE_FAULT
    assert client.read_value(FAULT_COUNT, "H") == 1
    assert client.read_value(LAST_FAULT, "B") == 0x0B


@fixed_addresses
def test_statistics_can_be_reset(open_client: OpenClient, program: Path) -> None:
    reset_count = struct.pack(">QH", address_of(program, "statistics") + 4, 4)
    client = open_client("udp")
    client.connect()

    before = client.get(MEMORY, 1, reset_count)
    answer = client.get(USER_COMMAND, 1)
    after = client.get(MEMORY, 1, reset_count)

    assert answer == b""
    assert before == reset_count + struct.pack("=I", 0)
    assert after == reset_count + struct.pack("=I", 1)


@pytest.mark.parametrize(
    ("subfunction", "payload"),
    [(3, b""), (255, b"x"), (1, b"x"), (2, b""), (2, b"\x00"), (2, b"\x10"), (2, b"\x01\x02")],
)
def test_unknown_user_command_is_refused(
    open_client: OpenClient, subfunction: int, payload: bytes
) -> None:
    client = open_client("udp", "--freeze")
    client.connect()

    assert client.ask(USER_COMMAND, subfunction, payload).code == OVERFLOW
    assert client.read_value(FAULT_COUNT, "H") == 0


# --- Memory -------------------------------------------------------------------------------------


def test_forbidden_region_is_neither_read_nor_written(open_client: OpenClient) -> None:
    client = open_client("tcp")
    client.connect()
    assert client.get(GET_INFO, 4) == b"\x01\x01"
    start, size = client.region(1)

    assert size == 32
    assert client.ask(MEMORY, 1, struct.pack(">QH", start, 1)).code == FORBIDDEN
    assert client.ask(MEMORY, 2, struct.pack(">QHB", start, 1, 0)).code == FORBIDDEN


def test_read_only_region_is_read_and_not_written(open_client: OpenClient) -> None:
    client = open_client("tcp")
    client.connect()
    start, size = client.region(0)

    content = client.get(MEMORY, 1, struct.pack(">QH", start, size))
    refused = client.ask(MEMORY, 2, struct.pack(">QHB", start, 1, 0))

    assert struct.unpack_from("=If", content, 10) == (20240117, 1.0125000476837158)
    assert refused.code == FORBIDDEN
    assert client.get(MEMORY, 1, struct.pack(">QH", start, size)) == content


@fixed_addresses
def test_symbols_of_the_file_are_the_addresses_at_run_time(
    open_client: OpenClient, program: Path
) -> None:
    block = struct.pack(">QH", address_of(program, "motor_setpoint_rpm"), 4)
    client = open_client("tcp")
    client.connect()

    assert client.write_value(SETPOINT, "f", 1234.5) == OK
    assert client.get(MEMORY, 1, block) == block + struct.pack("=f", 1234.5)

    written = client.get(MEMORY, 2, block + struct.pack("=f", -321.5))

    assert written == block
    assert client.read_value(SETPOINT, "f") == -321.5


# --- Recording ----------------------------------------------------------------------------------


def test_control_loop_is_recorded_without_a_gap(open_client: OpenClient) -> None:
    """The loop runs in bursts here; what it records must look as if it did not."""
    client = open_client("tcp")
    client.connect()
    timeout = 500_000  # 50 ms, in 100 ns
    setup = struct.pack(">BHHBIBIB", 0, 0xBEEF, 1, 0, timeout, 0, 0, 0)
    signals = struct.pack(">BBHB", 2, 1, SPEED, 2)  # the published value, then the time
    assert client.get(DATALOG, 2, setup + signals) == b""
    assert client.get(DATALOG, 3) == b""

    deadline = time.monotonic() + DEADLINE_S
    while client.get(DATALOG, 5)[0] != 4:
        assert time.monotonic() < deadline
    _, config_id, points, size, _ = struct.unpack(">HHIII", client.get(DATALOG, 6))
    data = b""
    finished = 0
    while not finished:
        chunk = client.get(DATALOG, 7)
        finished = chunk[0]
        data += chunk[4:]

    assert config_id == 0xBEEF
    assert len(data) == size + 4 == points * 8 + 4
    assert zlib.crc32(data[:-4]) == struct.unpack(">I", data[-4:])[0]
    times = [t for _, t in struct.iter_unpack(">fI", data[:-4])]
    assert {(b - a) & 0xFFFFFFFF for a, b in pairwise(times)} == {1000}
    assert points >= 500
    assert client.get(DATALOG, 8) == b""


@pytest.mark.parametrize(
    ("option", "size"),
    [([], 65536), (["--datalog-size", "1"], 1), (["--datalog-size", "1048576"], 1048576)],
    ids=["default", "smallest", "largest"],
)
def test_room_for_recordings_is_announced_and_real(
    open_client: OpenClient, option: list[str], size: int
) -> None:
    client = open_client("tcp", *option)
    client.connect()
    start, octets = client.region(0)
    octets = min(octets, size)
    head = struct.pack(">BHHBIBIB", 0, 1, 1, 255, 0, 0, 0, 0)
    signal_of_all = struct.pack(">BQB", 0, start, octets)

    def configure(count: int) -> int:
        return client.ask(DATALOG, 2, head + bytes([count]) + signal_of_all * count).code

    count = min(16, size // octets)  # large entries, so that it is soon full
    assert struct.unpack(">IBB", client.get(DATALOG, 1)) == (size, 0, 16)
    assert configure(count) == OK
    client.get(DATALOG, 3)
    deadline = time.monotonic() + DEADLINE_S
    while client.get(DATALOG, 5)[0] != 4:
        assert time.monotonic() < deadline
    recorded = struct.unpack(">HHIII", client.get(DATALOG, 6))[3]
    assert size - octets * count < recorded <= size
    if count < 16:
        assert configure(count + 1) == OVERFLOW


def test_without_room_for_recordings_there_are_none(open_client: OpenClient) -> None:
    client = open_client("tcp", "--datalog-size", "0")
    client.connect()

    assert client.get(GET_INFO, 3)[0] & 0x40 == 0
    assert client.ask(DATALOG, 1).code == UNSUPPORTED


# --- Pace ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["pty", "udp", "tcp"])
@pytest.mark.parametrize("baud", [38400, 115200])
def test_throttled_link_has_the_pace_of_a_serial_line(
    open_client: OpenClient, transport: str, baud: int
) -> None:
    client = open_client(transport, "--baud", str(baud))
    client.connect()
    frame = request_frame(USER_COMMAND, 0, bytes(200))
    octets = (8 + 200) + (9 + 200)
    line_s = octets * 10 / baud

    # Other load on the computer can only add time, so one exchange at the right pace will do.
    deadline = time.monotonic() + 4.0  # the session ends after 5 s without a heartbeat
    ratios: list[float] = []
    while len(ratios) < 5 or (min(ratios) > 1.10 and time.monotonic() < deadline):
        began = time.perf_counter()
        client.exchange(frame)
        ratios.append((time.perf_counter() - began) / line_s)

    assert 0.99 <= min(ratios) <= 1.10


def test_an_exact_line_is_no_faster_than_a_serial_one(open_client: OpenClient) -> None:
    client = open_client("pty", "--baud", "1000000", "--exact")
    client.connect()
    frame = request_frame(USER_COMMAND, 0, bytes(200))
    line_s = ((8 + 200) + (9 + 200)) * 10 / 1_000_000

    times_s: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        client.exchange(frame)
        times_s.append(time.perf_counter() - began)

    assert min(times_s) >= 0.99 * line_s


# --- The pseudo terminal's name -----------------------------------------------------------------


def test_terminal_can_be_opened_again_and_again(start: StartApplication, tmp_path: Path) -> None:
    path = tmp_path / "port"
    application = start("--pty", str(path))
    assert application.line == f"pty {path} -> {path.readlink()}"

    for _ in range(3):
        client = Client(PtyLink(path))
        session_id = client.connect()
        client.disconnect(session_id)
        client.link.close()


def test_unread_answers_do_not_stop_the_application(
    start: StartApplication, tmp_path: Path
) -> None:
    path = tmp_path / "port"
    start("--pty", str(path), "--tx-size", "4096", "--rx-size", "4096")
    deaf = Client(PtyLink(path))
    deaf.connect()
    deaf.exchange(request_frame(USER_COMMAND, 0, bytes(4096)))
    for _ in range(30):  # more than the terminal's buffer holds
        deaf.link.send(request_frame(USER_COMMAND, 0, bytes(4096)))
    deaf.link.close()

    client = Client(PtyLink(path))
    while client.link.receive(0.3):
        pass  # what was still on its way, and a silence

    assert client.discover()[:2] == (1, 0)
    client.link.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signal_ends_it_cleanly(program: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "port"
    application = Application(program, "--pty", str(path))
    assert path.is_symlink()

    assert application.stop(signal.Signals[name]) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_link_of_a_killed_run_is_replaced(start: StartApplication, tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.symlink_to("/dev/pts/gone")
    (tmp_path / "port.new").symlink_to("/dev/pts/gone")

    start("--pty", str(path))

    assert path.is_char_device()
    assert list(tmp_path.iterdir()) == [path]


def test_link_of_a_later_run_is_left_alone(
    program: Path, start: StartApplication, tmp_path: Path
) -> None:
    path = tmp_path / "port"
    earlier = Application(program, "--pty", str(path))
    start("--pty", str(path))

    assert earlier.stop() == (0, "")

    assert path.is_char_device()


def test_file_is_never_replaced(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")

    result = subprocess.run(
        [str(program), "--pty", str(path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr == (f"--pty: {path} exists and is no symbolic link; choose another name\n")
    assert path.read_text() == "years of work"


# --- Serial port --------------------------------------------------------------------------------


def test_unplugged_serial_port_ends_it_with_a_message(program: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    application = Application(program, "--tty", os.ttyname(slave), "--baud", "9600")
    os.close(slave)

    os.close(master)
    code = application.process.wait(DEADLINE_S)
    _, errors = application.stop()

    assert code == 1
    assert errors.startswith("the port is gone: ")


# --- TCP clients --------------------------------------------------------------------------------


def test_second_tcp_client_is_shown_out(program: Path) -> None:
    application = Application(program, "--tcp", "0")
    first = Client(SocketLink(socket.SOCK_STREAM, application.port))
    first.connect()

    second = SocketLink(socket.SOCK_STREAM, application.port)
    began = time.monotonic()
    said = second.receive(DEADLINE_S)

    assert said == b""
    assert time.monotonic() - began < DEADLINE_S
    assert first.read_value(SETPOINT, "f") == 1500.0
    first.link.close()
    second.close()
    assert application.stop() == (0, "--tcp: refused a second client\n")


def test_next_tcp_client_follows_at_once(start: StartApplication) -> None:
    application = start("--tcp", "0")

    for _ in range(20):
        client = Client(SocketLink(socket.SOCK_STREAM, application.port))
        assert client.discover()[:2] == (1, 0)
        client.link.close()


# --- The command line ---------------------------------------------------------------------------


def test_help_names_every_transport(program: Path) -> None:
    result = subprocess.run(
        [str(program), "--help"], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )

    assert all(f"--{transport}" in result.stdout for transport in TRANSPORTS)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "say how to be reached"),
        (["--udp", "1", "--tcp", "2"], "give only one of"),
        (["--udp", "65536"], "'65536' is not a whole number from 0 to 65535"),
        (["--udp", "0", "--baud", "110"], "too slow"),
        (["--udp", "0", "--rx-size", "31"], "from 32 to 65519"),
        (["--udp", "0", "--seed", "-1"], "not a whole number"),
        (["--udp", "0", "--datalog-size", "1048577"], "from 0 to 1048576"),
        (["--udp", "0", "verbose"], "'verbose' is not an option"),
        (["--uart", "0"], "--uart"),
    ],
)
def test_wrong_command_line_says_what_is_wrong(
    program: Path, arguments: list[str], hint: str
) -> None:
    result = subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )

    assert result.returncode == 2
    assert hint in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--tty", "/dev/null"], "is it a serial port?"),
        (["--tty", "/nowhere/ttyS0"], "cannot open /nowhere/ttyS0"),
        (["--tty", "/dev/null", "--baud", "12345"], "use one of 1200 2400"),
        (["--pty", "/nowhere/port"], "cannot create the link /nowhere/port"),
        (["--udp", "0", "--bind", "localhost"], "is no IPv4 address"),
    ],
)
def test_port_that_cannot_be_opened_is_named(
    program: Path, arguments: list[str], hint: str
) -> None:
    result = subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )

    assert result.returncode == 1
    assert hint in result.stderr

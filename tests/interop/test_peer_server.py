"""The stock server and SDK, as an existing user has them, with our devices."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from scrutiny.core.types import DataType
from scrutiny.firmware_link.simulator.settings import DEMO_RPVS, RAM_START, SIMULATOR_FIRMWARE_ID

from .our_devices import (
    CONTROL_LOOP,
    IDLE_LOOP,
    PLACEHOLDER_ID,
    SMALL_ANSWER,
    Model,
    c_model,
    simulated_model,
)
from .peer_processes import Peer, PeerClient, Process, running_processes
from .shown_recordings import ShownRecording, assert_consecutive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the devices need POSIX")

SETPOINT, SPEED, UPTIME_MS, TICK_COUNT = "/rpv/x1000", "/rpv/x1001", "/rpv/x1007", "/rpv/x1010"
SCRATCH_INTEGER: Final = "/rpv/x2000"
SCRATCH: Final = [f"/rpv/x{rpv_id:04X}" for rpv_id in range(0x2000, 0x203C)]
SMALL_REQUEST: Final = 64

# --- Fixtures -----------------------------------------------------------------------------------


MODELS: Final[dict[str, Callable[[pytest.FixtureRequest], Model]]] = {
    "C application": lambda request: c_model(request.getfixturevalue("board_program")),
    "C application, small buffers": lambda request: c_model(
        request.getfixturevalue("board_program"), SMALL_REQUEST, SMALL_ANSWER
    ),
    "simulator": lambda request: simulated_model(),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    """Each kind of device in turn."""
    return MODELS[request.param](request)


@pytest.fixture(scope="module")
def client(
    model: Model, peer_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PeerClient]:
    """A client of a stock server that has such a device; shared by the tests of the module."""
    folder = tmp_path_factory.mktemp("peer")
    with running_processes() as processes:
        processes.append(model.start(folder / "motor"))
        peer = Peer(peer_python, folder)
        processes.append(peer.start_server(folder / "motor"))
        connected = peer.connect()
        processes.append(connected.process)
        yield connected
        connected.close()
        assert [process.stop() for process in reversed(processes)] == [0, 0, 0]


@pytest.fixture
def running() -> Iterator[list[Process]]:
    """Processes that end with the test."""
    with running_processes() as processes:
        yield processes


# --- What a device tells about itself -----------------------------------------------------------


def test_device_is_ready_and_known(client: PeerClient, model: Model) -> None:
    device = client.ask("device")

    assert device["session"]
    assert (device["name"], device["firmware_id"]) == (model.name, model.firmware_id)
    assert device["protocol"] == [1, 0]
    sizes = (device["request_size"], device["answer_size"])
    assert sizes == (model.request_size, model.answer_size)
    assert device["address_bits"] == model.address_bits
    assert (device["silence_us"], device["heartbeat_s"]) == (50_000, 5.0)
    assert device["bitrate_bps"] is None
    assert device["memory_write"]
    assert device["user_command"]
    assert device["64bit"]


def test_loops_are_offered_for_recording(client: PeerClient, model: Model) -> None:
    device = client.ask("device")

    assert device["datalogging"]
    assert device["loops"] == [
        [CONTROL_LOOP, "control", model.control_loop_hz],
        [IDLE_LOOP, "idle", None],
    ]


def test_regions_are_honoured(client: PeerClient, model: Model) -> None:
    device = client.ask("device")
    [[secret, _]] = device["forbidden"]
    [[constants, _]] = device["readonly"]

    content = bytes.fromhex(client.ask("read_memory", address=constants, size=8))

    assert content == model.readonly_begins
    assert "Read only" in client.refusal("write_memory", address=constants, data="00")
    assert "Forbidden" in client.refusal("read_memory", address=secret, size=1)
    assert "Forbidden" in client.refusal("write_memory", address=secret, data="00")
    assert client.ask("device") == device


# --- Published values ---------------------------------------------------------------------------


def test_published_values_are_listed_with_their_types(client: PeerClient) -> None:
    announced = {f"/rpv/x{rpv.id:04X}": _peer_name(rpv.type) for rpv in DEMO_RPVS}

    assert client.ask("types") == announced


def _peer_name(data_type: DataType) -> str:
    return data_type.name.lower()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(SETPOINT, -1200.5, id="float32"),
        pytest.param("/rpv/x1008", False, id="boolean"),
        pytest.param("/rpv/x1008", True, id="boolean back"),
        pytest.param("/rpv/x100C", -100, id="sint8"),
        pytest.param("/rpv/x1012", -(2**62) - 1, id="sint64"),
        pytest.param(SCRATCH_INTEGER, 0xDEADBEEF, id="uint32"),
        pytest.param(SCRATCH[-1], 2.0**-126, id="float32, smallest normal"),
    ],
)
def test_written_value_is_read_back(client: PeerClient, path: str, value: float) -> None:
    client.ask("write", path=path, value=value)

    assert client.ask("read", path=path) == value


@pytest.mark.parametrize(
    ("path", "value"), [(SETPOINT, 5000.0), (SPEED, 1e6), (UPTIME_MS, 1)], ids=str
)
def test_refused_write_changes_nothing(client: PeerClient, path: str, value: float) -> None:
    before = client.ask("read", path=path)

    client.refusal("write", path=path, value=value)

    after = client.ask("read", path=path)
    assert after != value
    assert after == before or path != SETPOINT


def test_sixty_values_are_watched_together(client: PeerClient) -> None:
    written = [float(index) for index in range(len(SCRATCH))]
    for path, value in zip(SCRATCH, written, strict=True):
        client.ask("write", path=path, value=value)

    assert client.ask("read_many", paths=SCRATCH) == written


def test_values_follow_the_device(client: PeerClient) -> None:
    first = client.ask("read", path=TICK_COUNT)

    assert client.ask("read", path=TICK_COUNT) > first


# --- Memory and user commands -------------------------------------------------------------------


def test_memory_is_written_and_read_back(
    client: PeerClient, model: Model, board_program: Path
) -> None:
    address = _writable_address(model, board_program)
    data = bytes(range(100)).hex()  # more than a request holds, where the buffers are small

    client.ask("write_memory", address=address, data=data)

    assert client.ask("read_memory", address=address, size=100) == data
    if model.firmware_id == PLACEHOLDER_ID:
        assert client.ask("read", path=SCRATCH_INTEGER) == struct.unpack("=I", bytes(range(4)))[0]


def _writable_address(model: Model, program: Path) -> int:
    if model.firmware_id == SIMULATOR_FIRMWARE_ID.hex():
        return RAM_START + 0x8000
    if not sys.platform.startswith("linux") or shutil.which("nm") is None:
        pytest.skip("needs nm, and a program with fixed addresses")
    listed = subprocess.run(["nm", program], capture_output=True, text=True, check=True)
    symbols = {name: address for *address, _, name in map(str.split, listed.stdout.splitlines())}
    return int(symbols["scratch_counts"][0], 16)


@pytest.mark.parametrize("size", [0, 1, 60])
def test_user_command_brings_its_answer(client: PeerClient, size: int) -> None:
    data = bytes(range(size)).hex()

    assert client.ask("user_command", subfunction=0, data=data) == data


def test_refused_user_command_leaves_the_session_alone(client: PeerClient) -> None:
    session = client.ask("device")["session"]

    assert "Overflow" in client.refusal("user_command", subfunction=0xEE, data="00")
    assert client.ask("device")["session"] == session


# --- Recording ----------------------------------------------------------------------------------


def test_64_kib_are_recorded_in_the_control_loop(client: PeerClient, model: Model) -> None:
    paths = [TICK_COUNT, SETPOINT]

    recorded = ShownRecording(client.ask("record", paths=paths, x_axis="MeasuredTime"))

    assert len(recorded.x) == 0x1_0000 // (8 + 4 + 4)
    assert_consecutive(recorded[TICK_COUNT])
    expected_times = [index / model.control_loop_hz for index in range(len(recorded.x))]
    assert recorded.x == pytest.approx(expected_times, abs=1e-7)
    assert set(recorded[SETPOINT]) == {client.ask("read", path=SETPOINT)}


# --- Sessions -----------------------------------------------------------------------------------

# The stock server leaves without saying goodbye. Until its heartbeats have been missing for 5 s
# the device has to refuse a new session, and then has to grant it.


@pytest.fixture(params=["C application", "simulator"])
def restartable(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param](request)


def test_device_is_found_again(
    restartable: Model, peer_python: Path, running: list[Process], tmp_path: Path
) -> None:
    port = tmp_path / "motor"
    device = restartable.start(port)
    peer = Peer(peer_python, tmp_path)
    server = peer.start_server(port)
    client = peer.connect()
    running += [device, server, client.process]
    sessions = [client.ask("device")["session"]]
    client.ask("write", path=SCRATCH_INTEGER, value=4711)

    client.ask("relink")  # the server closes the port, and opens it again
    sessions.append(client.ask("device")["session"])
    assert client.ask("read", path=SCRATCH_INTEGER) == 4711

    assert device.stop() == 0  # the board loses power
    client.ask("wait_device_gone", session=sessions[-1])
    running.append(restartable.start(port))
    sessions.append(client.ask("device")["session"])
    assert client.ask("read", path=SCRATCH_INTEGER) == 0

    client.close()
    assert server.stop() == 0
    running.append(peer.start_server(port))
    client = peer.connect()
    running.append(client.process)
    sessions.append(client.ask("device")["session"])
    assert client.ask("read", path=SCRATCH_INTEGER) == 0
    client.close()

    assert len(set(sessions)) == 4

"""The emulated device of the server, and raw writes to its variables, through a real server."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny import sdk
from scrutiny.sdk.client import ScrutinyClient
from tests.support.processes import DEADLINE_S
from tests.support.server_process import ServerProcess

DEMO_ID = "deadbeefc001d00d0ff1cebaadf00d00"
GAIN = "/global/motor_gains/kp"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, "--link", "memory:")
    yield server
    server.kill()
    assert server.complaints == []


@pytest.fixture
def client(server: ServerProcess) -> Iterator[ScrutinyClient]:
    with ScrutinyClient().connect("127.0.0.1", server.tcp_port) as client:
        client.wait_device_ready(DEADLINE_S)
        yield client


def device_of(client: ScrutinyClient) -> str:
    device = client.get_device_info()
    assert device is not None
    return device.display_name


def session_of(client: ScrutinyClient) -> str | None:
    return client.get_latest_server_status().device_session_id


@pytest.fixture
def demo(client: ScrutinyClient) -> ScrutinyClient:
    client.request_demo_mode(True)
    client.wait_device_ready(DEADLINE_S)
    client.wait_sfd_loaded(DEADLINE_S)
    return client


def test_demo_mode_takes_the_place_of_the_link_and_gives_it_back(client: ScrutinyClient) -> None:
    before = session_of(client)
    client.request_demo_mode(True)
    client.wait_device_ready(DEADLINE_S)

    demo = session_of(client)
    assert demo not in (None, before)  # it is not the device of before that was ready
    assert device_of(client) == "Demo device"
    link = client.get_latest_server_status().device_link
    assert (link.type, link.config, link.demo_mode) == (sdk.DeviceLinkType(-1), None, True)

    client.request_demo_mode(True)
    client.wait_device_ready(DEADLINE_S)
    assert session_of(client) not in (None, demo)  # another emulated device

    client.request_demo_mode(False)
    client.wait_device_ready(DEADLINE_S)
    assert device_of(client) == "Motor example (simulated)"
    assert not client.get_latest_server_status().device_link.demo_mode
    client.request_demo_mode(False)
    assert device_of(client) == "Motor example (simulated)"  # nothing has happened


def test_another_link_ends_the_demo_mode(demo: ScrutinyClient) -> None:
    demo.configure_device_link(sdk.DeviceLinkType.NONE, sdk.NoneLinkConfig())

    status = demo.get_latest_server_status()
    assert not status.device_link.demo_mode
    assert status.device_comm_state is sdk.DeviceCommState.Disconnected
    demo.request_demo_mode(False)
    assert demo.get_latest_server_status().device_link.type is sdk.DeviceLinkType.NONE


def test_the_emulated_device_has_variables_aliases_and_an_array(demo: ScrutinyClient) -> None:
    loaded = demo.get_loaded_sfd()
    assert loaded is not None
    assert loaded.firmware_id == DEMO_ID
    assert demo.get_installed_sfds() == {}  # nothing was installed for the user
    state, speed, radian, slot = demo.watch_many(
        [
            "/global/motor_state",
            "/Motor/Speed [rpm]",
            "/Motor/Speed [rad/s]",
            "/global/statistics_histogram/statistics_histogram[3]",
        ]
    )
    setpoint = demo.watch("/Motor/Setpoint [rpm]")
    setpoint.value = 600
    demo.watch("/rpv/x1008").value = True
    state.wait_value("RUNNING", DEADLINE_S)
    demo.wait_new_value_for_all(DEADLINE_S)

    assert speed.value_float > 100
    assert radian.value_float > 10
    assert slot.value_int >= 0
    assert state.value_enum in ("STARTING", "RUNNING")  # noise may take it below the setpoint


def test_a_variable_is_written_as_it_is_in_memory(demo: ScrutinyClient) -> None:
    gain = demo.watch(GAIN)
    demo.write_watchable_memory(GAIN, struct.pack("<f", 2.5))
    gain.wait_value(2.5, DEADLINE_S)

    limit = demo.watch("/global/parameters/ambient_c")
    demo.write_watchable_memory("/global/parameters/ambient_c", b"\x41")  # zeros in front of it
    limit.wait_value(8.0, DEADLINE_S)
    demo.write_watchable_memory("/Motor/Temperature [F]", bytearray(struct.pack("<f", 30.0)))
    assert demo.read_memory(demo.get_var_watchable_info(GAIN).address or 0, 4) == bytes.fromhex(
        "00002040"
    )


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        (GAIN, bytes(5), "1 to 4 are due"),
        ("/rpv/x1000", bytes(4), "it is published"),
        ("/global/nothing", bytes(4), "unknown watchable"),
    ],
)
def test_what_cannot_be_written_is_told(
    demo: ScrutinyClient, path: str, data: bytes, reason: str
) -> None:
    with pytest.raises(sdk.exceptions.OperationFailure, match=reason):
        demo.write_watchable_memory(path, data)


def test_wrong_arguments(client: ScrutinyClient) -> None:
    with pytest.raises(ValueError, match="size of data"):
        client.write_watchable_memory(GAIN, b"")
    with pytest.raises(TypeError):
        client.write_watchable_memory(GAIN, "AA")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        client.request_demo_mode(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_older_names_of_handles_work_and_warn(
    demo: ScrutinyClient, caplog: pytest.LogCaptureFixture
) -> None:
    gain = demo.watch(GAIN)
    with caplog.at_level(logging.WARNING):
        gain.write_value_str("1 + 0.5")
        assert gain.get_value_and_status() == (1.5, sdk.ValueStatus.Valid)
        assert gain.display_path == GAIN
        with pytest.raises(TypeError):
            gain.write_value_str(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    for name in ("write_value_str", "get_value_and_status", "display_path"):
        assert f"{name} is deprecated" in caplog.text

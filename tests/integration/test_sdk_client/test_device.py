"""Raw memory, user commands, device and link."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.versions import FEATURES
from scrutiny.sdk.client import ScrutinyClient

from .fake_server import FakeServer, welcome


@pytest.mark.parametrize(
    ("features", "sizes"),
    [(["memory"], [*[16383] * 8, 8936]), (FEATURES, [131072, 8928])],
)
def test_memory_of_any_size_is_read(
    server: FakeServer, client: ScrutinyClient, features: Sequence[str], sizes: list[int]
) -> None:
    memory = os.urandom(140_000)
    server.welcome = welcome(features=features)
    client.connect(server.host, server.port)

    def read(command: api.ReadMemory) -> list[api.ServerMessage]:
        start = command.address - 0x1000
        data = base64.b64encode(memory[start : start + command.size]).decode()
        token = f"t{command.reqid}"
        return [
            api.ReadMemoryReply(request_token=token),
            api.MemoryReadCompleted(
                request_token=token,
                success=True,
                data=data,
                detail_msg=None,
                completion_server_time_us=0,
            ),
        ]

    server.answers[api.ReadMemory] = read

    assert client.read_memory(0x1000, len(memory)) == memory
    assert [server.expect(api.ReadMemory).size for _ in sizes] == sizes


def test_a_large_read_of_memory_has_as_much_time_as_its_pieces_would(server: FakeServer) -> None:
    server.answers[api.ReadMemory] = lambda c: []

    with ScrutinyClient(timeout=0.2).connect(server.host, server.port) as client:
        with pytest.raises(sdk.exceptions.TimeoutException, match=r"within 0\.2 s"):
            client.read_memory(0, 16383)
        with pytest.raises(sdk.exceptions.TimeoutException, match=r"within 0\.6 s"):
            client.read_memory(0, 40_000)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_memory_is_written(
    server: FakeServer, client: ScrutinyClient, kind: Callable[[bytes], bytes]
) -> None:
    written = bytearray(20_000)

    def write(command: api.WriteMemory) -> list[api.ServerMessage]:
        data = base64.b64decode(command.data)
        written[command.address : command.address + len(data)] = data
        token = f"t{command.reqid}"
        return [
            api.WriteMemoryReply(request_token=token),
            api.MemoryWriteCompleted(
                request_token=token, success=True, detail_msg=None, completion_server_time_us=0
            ),
        ]

    server.answers[api.WriteMemory] = write
    data = os.urandom(20_000)

    client.write_memory(0, kind(data))

    assert written == data


def test_refused_memory_access_tells_the_reason(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.ReadMemory] = lambda c: [
        api.ReadMemoryReply(request_token="t"),
        api.MemoryReadCompleted(
            request_token="t",
            success=False,
            data=None,
            detail_msg="a forbidden region",
            completion_server_time_us=0,
        ),
    ]

    with pytest.raises(sdk.exceptions.OperationFailure, match=r"0x10 .*a forbidden region"):
        client.read_memory(0x10, 4)
    server.answers[api.ReadMemory] = lambda c: []
    with pytest.raises(sdk.exceptions.TimeoutException):
        client.read_memory(0x10, 4, timeout=0.01)


@pytest.mark.parametrize(
    ("address", "data", "error"),
    [
        (0, b"", ValueError),
        (-1, b"1", ValueError),
        (1 << 64, b"1", ValueError),
        (0, 5, TypeError),
        (0, "1", TypeError),
        (True, b"1", TypeError),
        (1.0, b"1", TypeError),
    ],
)
def test_wrong_arguments_of_write_memory(
    client: ScrutinyClient, address: Any, data: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.write_memory(address, data)


def test_user_command(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.UserCommand] = lambda c: [
        api.UserCommandReply(subfunction=c.subfunction, data=c.data)
    ]

    assert client.user_command(7, bytearray(b"\x00\x01")) == sdk.UserCommandResponse(7, b"\0\1")
    assert client.user_command(255).data == b""
    with pytest.raises(ValueError, match="0 to 255"):
        client.user_command(256)


def test_device_info_is_none_without_a_device(server: FakeServer, client: ScrutinyClient) -> None:
    server.answers[api.GetDeviceInfo] = lambda c: [
        api.DeviceInfoReply(available=False, device_info=None)
    ]

    assert client.get_device_info() is None


def test_links_are_configured_with_the_matching_parameters(client: ScrutinyClient) -> None:
    serial = sdk.SerialLinkConfig("/dev/ttyS0", 115200, 0)

    with pytest.raises(TypeError):
        client.configure_device_link(sdk.DeviceLinkType.UDP, serial)
    with pytest.raises(TypeError):
        client.configure_device_link(sdk.DeviceLinkType.NONE, None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="CAN"):
        client.configure_device_link(sdk.DeviceLinkType.CAN, sdk.NoneLinkConfig())

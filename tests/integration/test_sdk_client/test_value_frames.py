"""The client asks for binary values, and lives with whatever comes instead."""

from __future__ import annotations

import math
import random

import msgspec
import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.value_frames import InvalidGroup, ValueGroup, encode_frames
from scrutiny.core.types import DataType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import WatchableHandle

from .fake_server import COUNT, SOON_S, SPEED, FakeServer, values, welcome


@pytest.fixture
def handle(server: FakeServer, client: ScrutinyClient) -> WatchableHandle:
    speed = msgspec.structs.replace(SPEED, id="1f")
    server.known = {speed.path: speed, COUNT.path: msgspec.structs.replace(COUNT, id="20")}
    return client.watch("/var/speed")


def send_frame(server: FakeServer, frame: bytes) -> None:
    assert server.current is not None
    server.current.send(frame)


def send_value(server: FakeServer, value: float, number: int = 0x1F) -> None:
    groups = [ValueGroup(2_500_000_000, DataType.FLOAT32, [number], [value], [b"\1\2\3\4"])]
    (frame,) = encode_frames(groups)
    send_frame(server, frame)


def test_values_come_in_frames(server: FakeServer, handle: WatchableHandle) -> None:
    command = server.expect(api.SetValueFormat)
    assert (command.format, command.octets) == ("binary", True)

    send_value(server, 1.5)
    handle.wait_value(1.5, SOON_S)

    assert handle.last_update_timestamp is not None
    assert handle.last_update_timestamp.timestamp() == 1002.5
    assert handle.raw_data == b"\1\2\3\4"


def test_a_nan_and_the_lack_of_a_value_are_told(
    server: FakeServer, client: ScrutinyClient, handle: WatchableHandle
) -> None:
    send_value(server, math.nan)
    handle.wait_update(SOON_S, previous_counter=0)
    assert math.isnan(handle.value)

    (frame,) = encode_frames([InvalidGroup(0, [0x1F], ["nullptr"])])
    send_frame(server, frame)
    client.wait_process(SOON_S)

    assert handle.status is sdk.ValueStatus.NullPtrDereferenced


def test_what_is_not_watched_is_skipped(server: FakeServer, handle: WatchableHandle) -> None:
    send_value(server, 9.0, number=0x77)
    send_value(server, 1.0)

    handle.wait_value(1.0, SOON_S)


def test_damaged_frames_do_no_harm(server: FakeServer, handle: WatchableHandle) -> None:
    (good,) = encode_frames([ValueGroup(0, DataType.FLOAT32, [0x77], [1.0])])
    source = random.Random(0x5C2072)
    for frame in (b"", b"{}", good[:-1], good + b"\0", *map(source.randbytes, range(64))):
        send_frame(server, frame)

    send_value(server, 4.0)

    handle.wait_value(4.0, SOON_S)


def test_json_is_taken_after_frames(server: FakeServer, handle: WatchableHandle) -> None:
    send_value(server, 1.0)
    server.send(values(api.ValueUpdate("1f", 3e6, 2.0)))

    handle.wait_value(2.0, SOON_S)


def test_a_server_that_has_no_frames_is_not_asked_for_them(server: FakeServer) -> None:
    server.welcome = welcome(features=["memory"])
    with ScrutinyClient().connect(server.host, server.port) as client:
        client.wait_process(SOON_S)

    assert not server.has_received(api.SetValueFormat)


def test_who_wants_to_see_all_messages_gets_json(server: FakeServer) -> None:
    client = ScrutinyClient(rx_message_callbacks=[lambda client, message: None])
    with client.connect(server.host, server.port):
        client.wait_process(SOON_S)

    assert not server.has_received(api.SetValueFormat)

"""The client asks for binary values, and lives with whatever comes instead."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from scrutiny import sdk
from scrutiny.api import messages as api
from scrutiny.api.value_frames import InvalidGroup, ValueGroup, encode_frames
from scrutiny.core.types import DataType
from scrutiny.sdk.aio import AsyncScrutinyClient, AsyncWatchableHandle
from tests.support.either_client import RUNNERS, Scenario

from .fake_server import COUNT, SOON_S, SPEED, FakeServer, values, welcome

Run = Callable[..., None]


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest, server: FakeServer) -> Run:
    """Run a scenario with each client."""
    runner = RUNNERS[str(request.param)]

    def run_scenario(scenario: Scenario, **settings: Any) -> None:
        asyncio.run(runner(server.port, scenario, **settings))

    return run_scenario


async def watch(server: FakeServer, client: AsyncScrutinyClient) -> AsyncWatchableHandle:
    speed = msgspec.structs.replace(SPEED, id="1f")
    server.known = {speed.path: speed, COUNT.path: msgspec.structs.replace(COUNT, id="20")}
    return await client.watch("/var/speed")


def send_frame(server: FakeServer, frame: bytes) -> None:
    assert server.current is not None
    server.current.send(frame)


def send_value(server: FakeServer, value: float, number: int = 0x1F) -> None:
    groups = [ValueGroup(2_500_000_000, DataType.FLOAT32, [number], [value], [b"\1\2\3\4"])]
    (frame,) = encode_frames(groups)
    send_frame(server, frame)


def test_values_come_in_frames(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        send_value(server, 1.5)
        await handle.wait_value(1.5, SOON_S)

        assert handle.last_update_timestamp is not None
        assert handle.last_update_timestamp.timestamp() == 1002.5
        assert handle.raw_data == b"\1\2\3\4"

    run(scenario)
    command = server.expect(api.SetValueFormat)
    assert (command.format, command.octets) == ("binary", True)


def test_a_nan_and_the_lack_of_a_value_are_told(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        send_value(server, math.nan)
        await handle.wait_update(SOON_S, previous_counter=0)
        assert math.isnan(handle.value)

        (frame,) = encode_frames([InvalidGroup(0, [0x1F], ["nullptr"])])
        send_frame(server, frame)
        await client.wait_process(SOON_S)

        assert handle.status is sdk.ValueStatus.NullPtrDereferenced

    run(scenario)


def test_what_is_not_watched_is_skipped(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        send_value(server, 9.0, number=0x77)
        send_value(server, 1.0)

        await handle.wait_value(1.0, SOON_S)

    run(scenario)


def test_damaged_frames_do_no_harm(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        (good,) = encode_frames([ValueGroup(0, DataType.FLOAT32, [0x77], [1.0])])
        source = random.Random(0x5C2072)
        for frame in (b"", b"{}", good[:-1], good + b"\0", *map(source.randbytes, range(64))):
            send_frame(server, frame)

        send_value(server, 4.0)

        await handle.wait_value(4.0, SOON_S)

    run(scenario)


def test_json_is_taken_after_frames(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        send_value(server, 1.0)
        server.send(values(api.ValueUpdate("1f", 3e6, 2.0)))

        await handle.wait_value(2.0, SOON_S)

    run(scenario)


async def wait_process(client: AsyncScrutinyClient) -> None:
    await client.wait_process(SOON_S)


def test_a_server_that_has_no_frames_is_not_asked_for_them(server: FakeServer, run: Run) -> None:
    server.welcome = welcome(features=["memory"])

    run(wait_process)

    assert not server.has_received(api.SetValueFormat)


def test_who_wants_to_see_all_messages_gets_json(server: FakeServer, run: Run) -> None:
    seen: list[dict[str, object]] = []

    def see(client: object, message: dict[str, object]) -> None:
        seen.append(message)

    run(wait_process, rx_message_callbacks=[see])

    assert "welcome" in [message["cmd"] for message in seen]

    assert not server.has_received(api.SetValueFormat)


def test_frames_are_asked_for_again_after_a_reconnection(server: FakeServer, run: Run) -> None:
    async def scenario(client: AsyncScrutinyClient) -> None:
        handle = await watch(server, client)
        server.expect(api.SetValueFormat)
        server.cut()
        await asyncio.to_thread(server.expect, api.SetValueFormat)
        await handle.wait_bound(SOON_S)
        send_value(server, 2.5)

        await handle.wait_value(2.5, SOON_S)

    run(scenario)

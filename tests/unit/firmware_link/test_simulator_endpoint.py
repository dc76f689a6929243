"""The simulated device behind a memory link, in a real event loop."""

from __future__ import annotations

import asyncio

from scrutiny.firmware_link.errors import LinkClosed
from scrutiny.firmware_link.frames import Response, ResponseParser
from scrutiny.firmware_link.messages import BEFORE_PARAMS, Connect, Discover, GetProtocolVersion
from scrutiny.firmware_link.simulator import (
    FaultModel,
    FaultSettings,
    LineFaults,
    SimulatedDevice,
    Simulation,
    SimulatorEndpoint,
    default_endpoint,
)
from scrutiny.firmware_link.transports.memory import Endpoint, MemoryTransport

CONNECT = Connect().request(BEFORE_PARAMS).encode()
DISCOVER = Discover().request(BEFORE_PARAMS).encode()
VERSION = GetProtocolVersion().request(BEFORE_PARAMS).encode()


class Host:
    """A link to an endpoint; one request at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport = MemoryTransport("simulator", endpoint)
        self._parser = ResponseParser()
        self._responses: asyncio.Queue[Response] = asyncio.Queue()
        self._transport.start(asyncio.get_running_loop(), self._on_bytes, self._on_lost)

    async def ask(self, frame: bytes) -> Response:
        self._transport.write(frame)
        async with asyncio.timeout(10):
            return await self._responses.get()

    def close(self) -> None:
        self._transport.close()

    def _on_bytes(self, data: bytes) -> None:
        for response in self._parser.feed(data):
            self._responses.put_nowait(response)

    def _on_lost(self, reason: LinkClosed) -> None:
        raise AssertionError(reason)


def test_the_default_endpoint_runs_the_demo() -> None:
    async def scenario() -> None:
        host = Host(default_endpoint())
        answer = Discover().parse_answer((await host.ask(DISCOVER)).payload, BEFORE_PARAMS)
        host.close()

        assert answer.display_name == "Motor example (simulated)"

    asyncio.run(scenario())


def test_each_default_endpoint_is_a_device_of_its_own() -> None:
    async def scenario() -> None:
        first, second = Host(default_endpoint()), Host(default_endpoint())

        assert (await first.ask(CONNECT)).code == 0
        assert (await second.ask(CONNECT)).code == 0
        first.close()
        second.close()

    asyncio.run(scenario())


def test_the_session_outlives_the_link() -> None:
    async def scenario() -> None:
        endpoint = default_endpoint()
        host = Host(endpoint)
        await host.ask(CONNECT)
        host.close()

        host = Host(endpoint)
        assert (await host.ask(VERSION)).payload == b"\x01\x00"
        host.close()

    asyncio.run(scenario())


def test_a_delayed_answer_comes_by_itself() -> None:
    async def scenario() -> None:
        line = LineFaults(delay_ns=2_000_000)
        faults = FaultModel(FaultSettings(to_device=line, to_host=line))
        host = Host(SimulatorEndpoint(Simulation(SimulatedDevice(), faults)))

        assert (await host.ask(DISCOVER)).code == 0
        host.close()

    asyncio.run(scenario())


def test_a_detached_endpoint_is_silent_and_may_be_detached_again() -> None:
    endpoint = default_endpoint()
    endpoint.detach()

    endpoint.receive(DISCOVER)

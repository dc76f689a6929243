"""Who is on a network: several devices, each at an address of its own on the loopback interface."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from scrutiny.firmware_link.discovery import discover
from scrutiny.firmware_link.errors import LinkClosed, LinkOpenError
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import AddressFormat, Discover
from scrutiny.firmware_link.transports import UdpSettings, named_udp, open_transport
from scrutiny.firmware_link.transports.base import Transport
from scrutiny.firmware_link.transports.networks import EVERYWHERE, addresses_of
from tests.support.udp_devices import Answer, UdpHost, free_udp_port, named_device, udp_host

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have 127.0.0.1 only on their loopback"
)

DEADLINE_S = 10.0
NETWORK = "127.7.0.0/29"
FIRST, SECOND, THIRD = "127.7.0.1", "127.7.0.2", "127.7.0.3"
PUMP_ID = bytes(range(16))
BRIEF_S = 0.2  # everybody is on this machine
DISCOVER = Discover().request(AddressFormat(4)).encode()


class Network:
    """Hosts that share a port."""

    def __init__(self) -> None:
        self.port = free_udp_port()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def add(self, address: str, answer: Answer) -> UdpHost:
        return await self._stack.enter_async_context(udp_host(address, self.port, answer))

    async def names(self, where: str) -> list[tuple[str, str]]:
        found = [each async for each in discover(addresses_of(where), self.port, BRIEF_S)]
        assert all(each.port == self.port for each in found)
        return sorted((each.host, each.answer.display_name) for each in found)

    async def open(self, name: str, *, portable: bool = False) -> Transport:
        settings = UdpSettings(f"{name}@{NETWORK}", self.port)
        return await open_transport(settings, force_thread=portable)


def on_network(scenario: Callable[[Network], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(DEADLINE_S), Network() as network:
            await scenario(network)

    asyncio.run(limited())


# --------------------------------------------------------------------- asking


def test_all_devices_of_a_network_answer_each_once() -> None:
    async def scenario(network: Network) -> None:
        for address, name in ((FIRST, "pump"), (SECOND, "fan"), (THIRD, "")):
            await network.add(address, named_device(name, PUMP_ID))

        found = [each async for each in discover(addresses_of(NETWORK), network.port, BRIEF_S)]

        assert {(each.host, each.answer.display_name) for each in found} == {
            (FIRST, "pump"),
            (SECOND, "fan"),
            (THIRD, ""),
        }
        assert len(found) == 3
        assert {each.answer.firmware_id for each in found} == {PUMP_ID}

    on_network(scenario)


def test_a_broadcast_reaches_a_device() -> None:
    async def scenario(network: Network) -> None:
        await network.add("0.0.0.0", named_device("pump"))

        found = await network.names("127.255.255.255")

        assert [name for _, name in found] == ["pump"]

    on_network(scenario)


def test_a_device_of_this_machine_is_found_by_default() -> None:
    async def scenario(network: Network) -> None:
        await network.add("127.0.0.1", named_device("simulated"))

        assert ("127.0.0.1", "simulated") in await network.names(EVERYWHERE)

    on_network(scenario)


def test_a_question_that_gets_lost_is_asked_again() -> None:
    async def scenario(network: Network) -> None:
        device = named_device("pump")
        host = await network.add(FIRST, lambda data: device(data) if host.heard > 1 else [])

        assert await network.names(NETWORK) == [(FIRST, "pump")]

    on_network(scenario)


def test_other_programs_and_odd_devices_are_left_out() -> None:
    refusal = Response(Discover.command, Discover.subfunction, 3, b"").encode()
    other_function = Response(Discover.command, 2, 0, bytes(30)).encode()

    async def scenario(network: Network) -> None:
        device = named_device("pump")
        await network.add(FIRST, lambda data: [data])  # an echo
        await network.add(SECOND, lambda data: [refusal, other_function, b"\x82", b"HTTP/1.1 400"])
        await network.add(THIRD, lambda data: [device(data)[0][:9], device(DISCOVER)[0][9:]])

        assert await network.names(NETWORK) == [(THIRD, "pump")]

    on_network(scenario)


def test_nobody_answers() -> None:
    async def scenario(network: Network) -> None:
        assert await network.names(NETWORK) == []

    on_network(scenario)


@pytest.mark.parametrize(
    ("address", "port", "reason"),
    [
        ("a..b", 12345, "cannot find 'a..b'"),
        ("127.0.0.1", 0, "cannot ask 127.0.0.1: Invalid argument"),
    ],
)
def test_what_cannot_be_asked_says_why(address: str, port: int, reason: str) -> None:
    async def ask() -> None:
        assert [each async for each in discover([address], port, BRIEF_S)] == []

    with pytest.raises(LinkOpenError, match=reason):
        asyncio.run(ask())


# --------------------------------------------------------------------- links by name


class Listener:
    """What comes over a link."""

    def __init__(self, transport: Transport) -> None:
        self.data: asyncio.Queue[bytes] = asyncio.Queue()
        self.loss: asyncio.Future[LinkClosed] = asyncio.get_running_loop().create_future()
        transport.start(
            asyncio.get_running_loop(),
            self.data.put_nowait,
            lambda loss: self.loss.set_result(loss),
        )


@pytest.mark.parametrize("portable", [False, True], ids=["udp", "udp-endpoint"])
@pytest.mark.parametrize("name", ["pump", PUMP_ID.hex()], ids=["by name", "by firmware"])
def test_a_link_goes_to_the_device_of_that_name(name: str, portable: bool) -> None:
    async def scenario(network: Network) -> None:
        await network.add(FIRST, named_device("fan"))
        await network.add(SECOND, named_device("pump", PUMP_ID))

        transport = await network.open(name, portable=portable)
        listener = Listener(transport)
        transport.write(DISCOVER)

        assert b"pump" in await listener.data.get()
        assert transport.bits_per_second is None
        transport.close()

    on_network(scenario)


def test_without_a_name_it_goes_to_the_only_one() -> None:
    async def scenario(network: Network) -> None:
        await network.add(SECOND, named_device("pump"))
        (await network.open("")).close()

    on_network(scenario)


@pytest.mark.parametrize(
    ("name", "devices", "texts"),
    [
        ("pump", [], ("no device 'pump' answers at port ", f" of {NETWORK}. Check that it runs")),
        ("pump", ["fan"], (f". These do: 'fan' ({FIRST}). Check that it runs",)),
        (
            "pump",
            ["pump", "fan", "pump"],
            (
                f"2 devices are called 'pump': 'pump' ({FIRST}), 'pump' ({THIRD}). ",
                f"Name one by its address, as udp://{FIRST}:",
            ),
        ),
        ("", ["pump", "fan"], (f"2 devices answer: 'pump' ({FIRST}), 'fan' ({SECOND}). ",)),
        ("", [], ("no device answers at port ",)),
    ],
)
def test_the_error_tells_who_answers(name: str, devices: list[str], texts: tuple[str, ...]) -> None:
    async def scenario(network: Network) -> None:
        for address, device in zip((FIRST, SECOND, THIRD), devices, strict=False):
            await network.add(address, named_device(device))
        with pytest.raises(LinkOpenError) as caught:
            await network.open(name)
        for text in texts:
            assert text in f"{caught.value}"

    on_network(scenario)


def test_a_device_that_falls_silent_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_udp, "SILENCE_S", 0.1)

    async def scenario(network: Network) -> None:
        host = await network.add(FIRST, named_device("pump"))
        transport = await network.open("pump")
        listener = Listener(transport)
        host.vanish()

        while not listener.loss.done():
            transport.write(DISCOVER)
            await asyncio.wait({listener.loss}, timeout=0.02)

        expected = f"the link is closed: pump ({FIRST}:{network.port}) is silent, and is looked for"
        assert f"{listener.loss.result()}".startswith(expected)
        transport.close()

    on_network(scenario)


def test_a_device_that_is_not_asked_may_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_udp, "SILENCE_S", 0.02)

    async def scenario(network: Network) -> None:
        await network.add(FIRST, named_device("pump"))
        transport = await network.open("pump")
        listener = Listener(transport)

        await asyncio.wait({listener.loss}, timeout=0.1)  # five times as long

        assert not listener.loss.done()
        transport.close()

    on_network(scenario)


@pytest.mark.parametrize("portable", [False, True], ids=["udp", "udp-endpoint"])
def test_a_link_to_a_broadcast_address_asks_for_a_name(portable: bool) -> None:
    settings = UdpSettings("127.255.255.255", 12345)

    with pytest.raises(LinkOpenError, match=r"as udp://pump@127\.255\.255\.255:12345; `scrutiny d"):
        asyncio.run(open_transport(settings, force_thread=portable))

"""Simulated devices on addresses of the loopback interface, in the loop of the test."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from scrutiny.firmware_link.simulator.device import SimulatedDevice
from scrutiny.firmware_link.simulator.settings import DeviceSettings

Answer = Callable[[bytes], Sequence[bytes]]


def named_device(name: str, firmware_id: bytes = bytes(16)) -> Answer:
    """Return what a device of that name answers."""
    settings = DeviceSettings(display_name=name, firmware_id=firmware_id)
    device = SimulatedDevice(settings, now_ns=time.monotonic_ns())

    def answer(data: bytes) -> list[bytes]:
        device.receive(data, time.monotonic_ns())
        return [octets] if (octets := device.take_output()) else []

    return answer


def free_udp_port() -> int:
    """Return a port that nobody has on any address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        any_socket.bind(("", 0))
        return int(any_socket.getsockname()[1])


class UdpHost(asyncio.DatagramProtocol):
    """Answers each datagram.

    Attributes:
        heard: how many datagrams came.
    """

    def __init__(self, answer: Answer) -> None:
        self.heard = 0
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.heard += 1
        for part in self._answer(data):
            self._transport.sendto(part, addr)

    def vanish(self) -> None:
        """Be there no more."""
        self._transport.abort()


@asynccontextmanager
async def udp_host(address: str, port: int, answer: Answer) -> AsyncGenerator[UdpHost]:
    """Have something that answers at an address."""
    _, host = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: UdpHost(answer), local_addr=(address, port), allow_broadcast=True
    )
    try:
        yield host
    finally:
        host.vanish()

"""How the links of a device are opened, and how often if they do not last."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrutiny.firmware_link.errors import LinkOpenError
from scrutiny.firmware_link.simulator.device import SimulatedDevice
from scrutiny.firmware_link.transports import (
    MemorySettings,
    SerialSettings,
    drop_links,
    register_endpoint,
    unregister_endpoint,
)
from scrutiny.server.device import DeviceDriver
from scrutiny.server.settings import DeviceSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions
from tests.support.odd_port import OddPort, as_device

DEADLINE_S = 10.0
NAME = "breaks at once"


class BreakingEndpoint:
    """A device whose link is lost whenever it was opened."""

    def __init__(self) -> None:
        self.opened_s: list[float] = []
        self.enough = asyncio.Event()

    def attach(self, send: Callable[[bytes], None], loop: asyncio.AbstractEventLoop) -> None:
        self.opened_s.append(loop.time())
        if len(self.opened_s) == 5:
            self.enough.set()
        drop_links(NAME)

    def receive(self, data: bytes) -> None:
        """Hear nothing."""

    def detach(self) -> None:
        """Stay: the next link is to the same device."""


class FailingEndpoint(BreakingEndpoint):
    """Calls a function while its link is being opened, and does not open."""

    def __init__(self, do: Callable[[], None]) -> None:
        super().__init__()
        self.do = do

    def attach(self, send: Callable[[bytes], None], loop: asyncio.AbstractEventLoop) -> None:
        self.do()
        raise LinkOpenError("this is told too late")


class SilentEndpoint(BreakingEndpoint):
    """A device that says nothing, on a link that stays."""

    def attach(self, send: Callable[[bytes], None], loop: asyncio.AbstractEventLoop) -> None:
        self.enough.set()


@pytest.fixture
def endpoint() -> Iterator[BreakingEndpoint]:
    endpoint = BreakingEndpoint()
    register_endpoint(NAME, lambda: endpoint)
    yield endpoint
    unregister_endpoint(NAME)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
@pytest.mark.parametrize("portable_links", [False, True])
def test_a_port_is_read_by_a_thread_where_that_is_asked_for(
    portable_links: bool, tmp_path: Path
) -> None:
    async def become_ready(port: Path) -> bool:
        settings = DeviceSettings(
            link=SerialSettings(f"{port}"), portable_links=portable_links, runtime_folder=tmp_path
        )
        loop = asyncio.get_running_loop()
        driver = DeviceDriver(loop, settings, ValueStore(), Subscriptions())
        is_ready = asyncio.Event()
        driver.on_ready.append(lambda profile: is_ready.set())
        running = asyncio.create_task(driver.run())
        await asyncio.wait_for(is_ready.wait(), DEADLINE_S)
        has_thread = any(thread.name == "serial reader" for thread in threading.enumerate())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return has_thread

    with OddPort(as_device(SimulatedDevice(now_ns=time.monotonic_ns()))) as port:
        assert asyncio.run(become_ready(port.path)) is portable_links


def test_a_link_that_breaks_at_once_is_opened_in_growing_intervals(
    endpoint: BreakingEndpoint, tmp_path: Path
) -> None:
    async def open_five_times() -> None:
        settings = DeviceSettings(link=MemorySettings(NAME), runtime_folder=tmp_path)
        loop = asyncio.get_running_loop()
        driver = DeviceDriver(loop, settings, ValueStore(), Subscriptions())
        running = asyncio.create_task(driver.run())
        await asyncio.wait_for(endpoint.enough.wait(), DEADLINE_S)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(open_five_times())

    times = endpoint.opened_s
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[1] >= 0.049
    assert pauses[2] >= 0.099
    assert pauses[3] >= 0.199


def test_a_link_does_not_fail_for_the_reason_of_the_one_before(tmp_path: Path) -> None:
    async def change_links() -> None:
        settings = DeviceSettings(link=MemorySettings("fails"), runtime_folder=tmp_path)
        loop = asyncio.get_running_loop()
        driver = DeviceDriver(loop, settings, ValueStore(), Subscriptions())
        silent = SilentEndpoint()
        failing = FailingEndpoint(lambda: driver.configure_link(MemorySettings("is silent")))
        register_endpoint("fails", lambda: failing)
        register_endpoint("is silent", lambda: silent)
        running = asyncio.create_task(driver.run())

        await asyncio.wait_for(silent.enough.wait(), DEADLINE_S)
        await asyncio.sleep(0)
        status = driver.status

        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (status.link, status.failure_reason) == (MemorySettings("is silent"), "")

    try:
        asyncio.run(change_links())
    finally:
        unregister_endpoint("fails")
        unregister_endpoint("is silent")

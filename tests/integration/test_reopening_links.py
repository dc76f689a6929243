"""How often a link is opened that does not last."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrutiny.firmware_link.transports import (
    MemorySettings,
    drop_links,
    register_endpoint,
    unregister_endpoint,
)
from scrutiny.server.device import DeviceDriver
from scrutiny.server.settings import DeviceSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions

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


@pytest.fixture
def endpoint() -> Iterator[BreakingEndpoint]:
    endpoint = BreakingEndpoint()
    register_endpoint(NAME, lambda: endpoint)
    yield endpoint
    unregister_endpoint(NAME)


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

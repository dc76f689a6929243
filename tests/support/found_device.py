"""Whether a device is at the end of a link, as the server finds it."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scrutiny.firmware_link.profile import DeviceProfile
from scrutiny.firmware_link.transports import LinkSettings
from scrutiny.server.device import DeviceDriver
from scrutiny.server.settings import DeviceSettings
from scrutiny.server.store import ValueStore
from scrutiny.server.subscriptions import Subscriptions

DEADLINE_S = 20.0
# A machine with much to do may answer too late now and then; a line that loses octets needs a retry
# for one request after the other.
LATE_ANSWERS = 2


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that has told all about itself.

    Attributes:
        name: as the firmware shows it.
        sessions: how many it took.
        requests: that were answered or given up.
        retries: of requests.
        is_well: it took one session, and no more retries than a busy machine explains.
    """

    name: str
    sessions: int
    requests: int
    retries: int

    @property
    def is_well(self) -> bool:
        return self.sessions == 1 and self.retries <= LATE_ANSWERS


class Mute:
    """A device that hears nothing and says nothing."""

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        """Keep nothing of it."""

    def receive(self, data: bytes) -> None:
        """Hear nothing."""

    def detach(self) -> None:
        """There is nothing to end."""


async def find_device(link: LinkSettings, folder: Path) -> FoundDevice:
    """Open a link, let the device tell what it is, and close the session.

    Args:
        link: to the device.
        folder: for what the server keeps.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[DeviceProfile] = loop.create_future()
    settings = DeviceSettings(link=link, runtime_folder=folder)
    driver = DeviceDriver(loop, settings, ValueStore(), Subscriptions())
    driver.on_ready.append(lambda profile: None if found.done() else found.set_result(profile))
    running = asyncio.create_task(driver.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            profile = await found
        statistics = driver.statistics
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return FoundDevice(
        profile.display_name, statistics.session_count, statistics.requests, statistics.retries
    )

"""The running server: builds the parts, owns the tasks, and takes all down in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .api.client import SharedParts
from .api.device_port import Device
from .api.hub import Hub
from .api.listener import Listener
from .clock import ServerClock
from .device import DeviceDriver
from .settings import DeviceSettings, ServerSettings
from .store import ValueStore
from .subscriptions import Subscriptions

logger = logging.getLogger(__name__)

MakeDevice = Callable[
    [asyncio.AbstractEventLoop, DeviceSettings, ValueStore, Subscriptions], Device
]


class Daemon:
    """One server: one device, any number of clients.

    Args:
        settings: of the server.
        make_device: replaces the driver, in tests.
    """

    def __init__(self, settings: ServerSettings, make_device: MakeDevice = DeviceDriver) -> None:
        self._settings = settings
        self._make_device = make_device
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let `run` come to its end; call it from the loop's thread."""
        self._stopped.set()

    async def run(self, ready: Callable[[int], None] = lambda port: None) -> None:
        """Serve until `stop` is called.

        Cancelling is safe: the clients are told, and the device is disconnected.

        Args:
            ready: called with the port once clients can connect.

        Raises:
            ListenError: the address for clients cannot be opened.
        """
        loop = asyncio.get_running_loop()
        store, subscriptions = ValueStore(), Subscriptions()
        device = self._make_device(loop, self._settings.device, store, subscriptions)
        parts = SharedParts(loop, ServerClock(), store, subscriptions, device)
        listener = await Listener.open(Hub(parts), self._settings.host, self._settings.port)
        link = loop.create_task(device.run(), name="device link")
        stopped = loop.create_task(self._stopped.wait(), name="wait for stop")
        try:
            ready(listener.port)
            await asyncio.wait((link, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            link.cancel()
            # Both at once: a client that does not answer must not delay the goodbye to the device.
            _, problem, _ = await asyncio.gather(
                listener.close(), link, stopped, return_exceptions=True
            )
            logger.info("%s has stopped", self._settings.name)
        if isinstance(problem, Exception):
            raise problem

"""The wish of an asyncio client that its connection be made again whenever it is lost."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from . import exceptions
from ._reconnect import Backoff

logger = logging.getLogger(__name__)


class Keeper:
    """Connects again, in a task of its own, after each :meth:`lost`, until it is stopped.

    Args:
        connect: One attempt; a ScrutinySDKException means that it failed. Afterwards there is a
            connection, whose loss will be told again.
        give_up: Called if it stops while it tries: nobody will connect any more.
    """

    def __init__(self, connect: Callable[[], Awaitable[None]], give_up: Callable[[], None]) -> None:
        self._connect = connect
        self._give_up = give_up
        self._backoff = Backoff(time.monotonic, random.random)
        self._task: asyncio.Task[None] | None = None  # while it tries
        self.is_stopped = False

    def lost(self) -> None:
        """Begin to connect again; nothing while it does already."""
        if self.is_stopped or self._task is not None:
            return
        self._backoff.lost()
        self._task = asyncio.create_task(self._try_on(), name="scrutiny-sdk-reconnect")
        self._task.add_done_callback(self._ended)

    def stop(self) -> None:
        """End an attempt under way, and make none any more; also when the event loop is closed."""
        self.is_stopped = True
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()

    async def wait_stopped(self) -> None:
        """Sleep until the last attempt is over; not to be called from within that."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _try_on(self) -> None:
        while True:
            await asyncio.sleep(self._backoff.next_pause_s())
            try:
                await self._connect()
            except exceptions.ScrutinySDKException as error:
                logger.debug("Not connected again yet: %s", error)
            else:
                self._backoff.connected()
                self._task = None  # in the same step as the last look at the connection
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Look at how a task ended; not from within it, which may be cancelled before it begins."""
        if task is not self._task:
            return
        self._task = None
        self.is_stopped = True
        if not task.cancelled() and (failure := task.exception()) is not None:
            logger.error("Connecting again failed; this is a defect", exc_info=failure)
        self._give_up()

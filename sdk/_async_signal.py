"""Sleeping in an asyncio task until something happens; cancelling any of it is safe."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from ._exchanges import Exchange


def time_limit(timeout_s: float | None) -> asyncio.Timeout:
    """Return a context that raises TimeoutError in time; None and infinity mean never."""
    return asyncio.timeout(None if timeout_s is None or math.isinf(timeout_s) else timeout_s)


class Signal:
    """Wakes up all tasks that wait for a condition, whenever it may have become true."""

    def __init__(self) -> None:
        self._sleepers: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Let the sleepers look at their conditions."""
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()

    async def until(self, predicate: Callable[[], bool], timeout_s: float | None) -> bool:
        """Sleep until the predicate holds, checked at each :meth:`notify`; False if late."""
        if predicate():
            return True
        try:
            async with time_limit(timeout_s):
                while not predicate():
                    await self._sleep()
        except TimeoutError:
            return predicate()
        return True

    async def _sleep(self) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            self._sleepers.discard(sleeper)


class Done:
    """Lets one task sleep until an exchange is done; make it before the exchange starts."""

    def __init__(self, exchange: Exchange) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        exchange.on_done = self.open

    def open(self) -> None:
        """Let the sleeper go."""
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, timeout_s: float | None) -> bool:
        """Sleep until it is over; False when the time is up."""
        try:
            async with time_limit(timeout_s):
                await asyncio.shield(self._future)  # so that it may be waited for again
        except TimeoutError:
            return self._future.done()
        return True

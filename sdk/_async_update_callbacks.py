"""Calls functions of the user for the updates of handles, each in a task of its own."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable

from ._async_signal import Signal
from ._pending_readings import PendingReadings
from ._watch_state import WatchState
from ._watched_value import UpdateCallback, ValueSnapshot, make_snapshot

logger: logging.Logger = logging.getLogger(__name__)


class AsyncUpdateCallbacks:
    """The functions of one client; what they return is awaited, if it can be."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, state: WatchState, callback: UpdateCallback) -> Callable[[], None]:
        """Call a function for each update from now on; return what ends that."""
        pending, arrived = PendingReadings(state), Signal()

        def changed() -> None:
            if pending.keep():
                arrived.notify()

        def detach() -> None:
            state.unobserve(changed)

        async def run() -> None:
            try:
                while not pending.is_empty or not state.is_over:
                    for reading in pending.take():
                        await _call(state, callback, make_snapshot(reading))
                    await arrived.until(lambda: not pending.is_empty or state.is_over, None)
            finally:
                detach()

        state.observe(changed)
        task = asyncio.get_running_loop().create_task(run(), name="scrutiny-sdk-callback")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def remove() -> None:
            detach()
            task.cancel()

        return remove


async def _call(state: WatchState, callback: UpdateCallback, snapshot: ValueSnapshot) -> None:
    try:
        result = callback(snapshot)
        if inspect.isawaitable(result):
            await result
    except Exception:
        logger.exception("A callback for %s failed", state.path)

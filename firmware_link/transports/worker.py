"""Blocking opens in a worker thread, without leaking what is opened too late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def open_in_worker(open_it: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Run a blocking open in a worker thread.

    Cancelling is safe: what is opened after that goes to ``discard``, in the worker.
    """
    opened: list[T] = []
    lock = threading.Lock()
    is_abandoned = False

    def work() -> None:
        result = open_it()
        with lock:
            if not is_abandoned:
                opened.append(result)
                return
        discard(result)

    try:
        await asyncio.get_running_loop().run_in_executor(None, work)
    except asyncio.CancelledError:
        with lock:
            is_abandoned = True
        for result in opened:
            discard(result)
        raise
    return opened[0]

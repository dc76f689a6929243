"""What transports share whose driver blocks: threads of their own talk to it, and to the loop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue

from .base import MAX_UNSENT_OCTETS, TransportBase, stalled_reason


class ThreadedTransport(TransportBase):
    """A transport with threads, whose callbacks are brought into the loop.

    A thread takes what is to be sent from ``_outgoing``, where None means that the transport ends,
    and posts ``_sent`` when the driver has taken it. What a thread receives or finds out is posted
    too, as ``_deliver`` and ``_lose``.
    """

    def __init__(self, name: str, bits_per_second: int | None = None) -> None:
        super().__init__(name, bits_per_second)
        self._is_ending = threading.Event()
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._unsent_octets = 0  # of the loop's thread

    def write(self, data: bytes) -> None:
        if not self._is_open:
            return
        self._unsent_octets += len(data)
        if self._unsent_octets > MAX_UNSENT_OCTETS:
            self._lose(stalled_reason(self._name))
        else:
            self._outgoing.put(data)

    def _end(self) -> None:
        self._is_ending.set()
        self._outgoing.put(None)

    def _post(self, callback: Callable[..., None], *args: object) -> None:
        """Let the loop call something; for the threads."""
        # The loop may be closed by the time a driver returns.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def _deliver(self, octets: bytes) -> None:
        if self._is_open and octets:
            self._on_bytes(octets)

    def _sent(self, size: int) -> None:
        self._unsent_octets -= size

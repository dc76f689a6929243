"""Octets through the RTT buffers of a target behind a J-Link.

A thread does all that there is to do with the probe: Segger's library blocks, is not made for
several threads, and has to be asked again and again whether something came.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from pylink.errors import JLinkException  # pyright: ignore[reportMissingTypeStubs]

from .base import MAX_UNSENT_OCTETS, TransportBase, stalled_reason
from .driver_words import told
from .jlink_probe import Probe, close_probe
from .settings import RttSettings

_READ_SIZE: Final = 4096
# How often the probe is asked: a device speaks only when it was asked, so that there is nothing to
# hear some time after the last request. The next request ends a pause at once.
_PAUSE_S: Final = 0.001
_IDLE_PAUSE_S: Final = 0.05
_IDLE_AFTER_S: Final = 2.0
_CHECK: Final = "Check the USB cable of the J-Link, and the power of the board"
_SEND_PATIENCE_S: Final = 1.0  # until the firmware reads, which may be in a breakpoint


class JLinkTransport(TransportBase):
    """A pair of RTT buffers, with the callbacks brought into the loop."""

    def __init__(self, settings: RttSettings, probe: Probe) -> None:
        super().__init__(f"RTT channel {settings.channel} of {settings.target}")
        self._channel = settings.channel
        self._probe = probe
        self._is_ending = threading.Event()
        self._outgoing: SimpleQueue[bytes] = SimpleQueue()
        self._unsent_octets = 0  # of the loop's thread
        self._thread = threading.Thread(target=self._run, name="J-Link", daemon=True)

    def write(self, data: bytes) -> None:
        if not self._is_open:
            return
        self._unsent_octets += len(data)
        if self._unsent_octets > MAX_UNSENT_OCTETS:
            self._lose(stalled_reason(self._name))
        else:
            self._outgoing.put(data)

    def _begin(self) -> None:
        self._thread.start()

    def _end(self) -> None:
        self._is_ending.set()
        self._outgoing.put(b"")

    def _release(self) -> None:
        if self._thread.ident is None:  # never started
            threading.Thread(target=close_probe, args=(self._probe,), daemon=True).start()

    def _run(self) -> None:
        try:
            self._serve()
        except JLinkException as error:
            self._post(self._lose, f"{self._name} is lost: {told(error)}. {_CHECK}")
        finally:
            close_probe(self._probe)

    def _serve(self) -> None:
        busy_until_s = 0.0
        while not self._is_ending.is_set():
            is_idle = time.monotonic() > busy_until_s
            with contextlib.suppress(Empty):
                data = self._outgoing.get(timeout=_IDLE_PAUSE_S if is_idle else _PAUSE_S)
                self._send(data)
                busy_until_s = time.monotonic() + _IDLE_AFTER_S
            while octets := bytes(self._probe.rtt_read(self._channel, _READ_SIZE)):
                self._post(self._deliver, octets)
                if self._is_ending.is_set():
                    break

    def _send(self, data: bytes) -> None:
        give_up_s = time.monotonic() + _SEND_PATIENCE_S
        unsent = data
        while unsent and not self._is_ending.is_set():
            size = self._probe.rtt_write(self._channel, list(unsent))
            unsent = unsent[size:]
            if size:
                give_up_s = time.monotonic() + _SEND_PATIENCE_S
            elif time.monotonic() > give_up_s:
                self._post(self._lose, _full_reason(self._name))
                return
            elif unsent:
                self._is_ending.wait(_PAUSE_S)
        self._post(self._sent, len(data))

    def _post(self, callback: Callable[..., None], *args: object) -> None:
        # The loop may be closed by the time the library returns.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def _deliver(self, octets: bytes) -> None:
        if self._is_open:
            self._on_bytes(octets)

    def _sent(self, size: int) -> None:
        self._unsent_octets -= size


def _full_reason(name: str) -> str:
    return (
        f"{name} takes no data: the firmware does not read it. Check that it runs, is in no "
        "breakpoint, and reads this channel"
    )

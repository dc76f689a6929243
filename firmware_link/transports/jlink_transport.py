"""Octets through the RTT buffers of a target behind a J-Link.

A thread does all that there is to do with the probe: Segger's library blocks, is not made for
several threads, and has to be asked again and again whether something came.
"""

from __future__ import annotations

import contextlib
import threading
import time
from queue import Empty
from typing import Final

from pylink.errors import JLinkException  # pyright: ignore[reportMissingTypeStubs]

from .driver_words import told
from .jlink_probe import Probe, close_probe
from .settings import RttSettings
from .thread_base import ThreadedTransport

_READ_SIZE: Final = 4096
# How often the probe is asked: a device speaks only when it was asked, so that there is nothing to
# hear some time after the last request. The next request ends a pause at once.
_PAUSE_S: Final = 0.001
_IDLE_PAUSE_S: Final = 0.05
_IDLE_AFTER_S: Final = 2.0
_CHECK: Final = "Check the USB cable of the J-Link, and the power of the board"
_SEND_PATIENCE_S: Final = 1.0  # until the firmware reads, which may be in a breakpoint


class JLinkTransport(ThreadedTransport):
    """A pair of RTT buffers."""

    def __init__(self, settings: RttSettings, probe: Probe) -> None:
        super().__init__(f"RTT channel {settings.channel} of {settings.target}")
        self._channel = settings.channel
        self._probe = probe
        self._thread = threading.Thread(target=self._run, name="J-Link", daemon=True)

    def _begin(self) -> None:
        self._thread.start()

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
                if data is None:
                    return
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


def _full_reason(name: str) -> str:
    return (
        f"{name} takes no data: the firmware does not read it. Check that it runs, is in no "
        "breakpoint, and reads this channel"
    )

"""The clock of a simulation in an event loop: octets in, octets out, a timer for the rest."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from typing import Final

from .simulation import Simulation

_NS_PER_S: Final = 1_000_000_000


class SimulationPump:
    """Runs a simulation; all calls in the loop's thread."""

    def __init__(
        self, simulation: Simulation, send: Callable[[bytes], None], loop: AbstractEventLoop
    ) -> None:
        """Start at once; what the device says goes into ``send``, one call per answer."""
        self._simulation = simulation
        self._send = send
        self._loop = loop
        self._timer: TimerHandle | None = None
        self._timer_ns = 0
        self._run(time.monotonic_ns())

    def receive(self, data: bytes) -> None:
        """Octets for the device have arrived."""
        now_ns = time.monotonic_ns()
        self._simulation.receive(data, now_ns)
        self._run(now_ns)

    def close(self) -> None:
        """Stop; nothing is sent any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self, now_ns: int) -> None:
        for answer in self._simulation.run(now_ns):
            self._send(answer)
        wake_ns = self._simulation.wake_ns
        # A timer that is too early is left alone: it costs less than a new one per request.
        if self._timer is None or wake_ns < self._timer_ns:
            self.close()
            delay_s = max(wake_ns - now_ns, 0) / _NS_PER_S
            self._timer_ns = wake_ns
            self._timer = self._loop.call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._run(time.monotonic_ns())

"""The simulated device as the far end of a memory link."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

from .device import SimulatedDevice
from .pump import SimulationPump
from .simulation import Simulation


class SimulatorEndpoint:
    """Implements the memory transport's `Endpoint`.

    The device outlives the link, with its session, as a real one does when a cable is unplugged:
    a factory may return the same endpoint again.

    Attributes:
        simulation: The device and its line, for tests to look into.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._pump: SimulationPump | None = None

    def attach(self, send: Callable[[bytes], None], loop: AbstractEventLoop) -> None:
        """The link is up."""
        self.detach()
        self._pump = SimulationPump(self.simulation, send, loop)

    def receive(self, data: bytes) -> None:
        """Octets have arrived."""
        if self._pump is not None:
            self._pump.receive(data)

    def detach(self) -> None:
        """The link is down."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None


def default_endpoint() -> SimulatorEndpoint:
    """Return a new device that runs the motor demo, on a perfect line."""
    return SimulatorEndpoint(Simulation(SimulatedDevice(now_ns=time.monotonic_ns())))

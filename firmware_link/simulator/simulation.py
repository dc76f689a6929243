"""A simulated device behind a line of limited speed and quality; no I/O, no clock."""

from __future__ import annotations

from collections import deque
from typing import Final

from .device import SimulatedDevice
from .faults import Direction, FaultModel

# How often the application runs when nobody asks: the motor of 50 ms takes 0.2 ms, 1.2 ms while
# its loop is recorded.
TICK_NS: Final = 50_000_000

# Per direction; who sends more to a slow line loses it, as with a full driver.
MAX_OCTETS_UNDERWAY: Final = 1 << 20

_NS_PER_S: Final = 1_000_000_000
_BITS_PER_OCTET: Final = 10  # with start and stop bit


class _Wire:
    """One direction: octets on their way, in order, with the time they arrive."""

    def __init__(self, baud: int) -> None:
        self._baud = baud
        self._free_ns = 0
        self._octet_count = 0
        self._chunks: deque[tuple[int, bytes]] = deque()

    @property
    def next_due_ns(self) -> int | None:
        return self._chunks[0][0] if self._chunks else None

    def put(self, due_ns: int, data: bytes) -> None:
        if self._octet_count + len(data) > MAX_OCTETS_UNDERWAY:
            return
        self._octet_count += len(data)
        if self._baud:
            duration_ns = len(data) * _BITS_PER_OCTET * _NS_PER_S // self._baud
            due_ns = self._free_ns = max(due_ns, self._free_ns) + duration_ns
        self._chunks.append((due_ns, data))

    def take(self, now_ns: int) -> tuple[int, bytes] | None:
        """Return the next chunk that has arrived, with the time it did."""
        if not self._chunks or self._chunks[0][0] > now_ns:
            return None
        chunk = self._chunks.popleft()
        self._octet_count -= len(chunk[1])
        return chunk


class Simulation:
    """Octets and a time go in; octets and the time of the next wake-up come out.

    Attributes:
        device: At the end of the line.
        faults: What goes wrong; None for a perfect line.
    """

    def __init__(
        self, device: SimulatedDevice, faults: FaultModel | None = None, baud: int = 0
    ) -> None:
        """Build the line; ``baud`` is its speed, 0 for no limit."""
        if baud < 0:
            raise ValueError(f"baud is {baud}, a speed is 0 or more")
        self.device = device
        self.faults = faults
        self._to_device = _Wire(baud)
        self._to_host = _Wire(baud)
        self._ticked_ns = 0

    @property
    def wake_ns(self) -> int:
        """When `run` has something to do, if no octets come before."""
        dues = (self._to_device.next_due_ns, self._to_host.next_due_ns)
        return min((due for due in dues if due is not None), default=self._ticked_ns + TICK_NS)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take octets for the device, in any chunking."""
        self._pass_on(data, Direction.TO_DEVICE, now_ns)

    def run(self, now_ns: int) -> list[bytes]:
        """Let time pass and return what arrives from the device, one chunk per answer."""
        self._ticked_ns = now_ns
        if self.faults is not None and self.faults.take_reboot():
            self.device.reboot(now_ns)
        while (arrived := self._to_device.take(now_ns)) is not None:
            due_ns, data = arrived
            self.device.receive(data, due_ns)
            if answer := self.device.take_output():
                self._pass_on(answer, Direction.TO_HOST, due_ns)
        self.device.tick(now_ns)
        answers: list[bytes] = []
        while (arrived := self._to_host.take(now_ns)) is not None:
            answers.append(arrived[1])
        return answers

    def _pass_on(self, data: bytes, direction: Direction, now_ns: int) -> None:
        wire = self._to_device if direction is Direction.TO_DEVICE else self._to_host
        if self.faults is None:
            wire.put(now_ns, data)
            return
        for due_ns, part in self.faults.pass_on(data, direction, now_ns):
            wire.put(due_ns, part)

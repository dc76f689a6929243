"""How many requests have gone to a board, seen on the line."""

from __future__ import annotations

from scrutiny.firmware_link.simulator.faults import Direction

from .noisy_line import NoisyLine


class ExchangeCounter:
    """Counts what the server writes: one request each, as it waits for the answer to the last.

    Attributes:
        count: requests since it was made, repeated ones included.
    """

    def __init__(self, line: NoisyLine) -> None:
        self.count = 0
        line.on_octets = self._note

    def _note(self, direction: Direction, data: bytes) -> None:
        self.count += direction is Direction.TO_DEVICE

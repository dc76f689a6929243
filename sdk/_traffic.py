"""How much goes over the connection per second."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_WINDOW_S = 2.0
_RESOLUTION_S = 0.25


class TrafficRates(NamedTuple):
    """Octets and messages per second, in both directions."""

    rx_data_rate: float
    rx_message_rate: float
    tx_data_rate: float
    tx_message_rate: float


class TrafficMeter:
    """Counts messages, and tells rates over the last two seconds. Time is an argument."""

    def __init__(self, now_s: float) -> None:
        self._totals = [0, 0, 0, 0]
        self._history: deque[tuple[float, tuple[int, ...]]] = deque()
        self.reset(now_s)

    def reset(self, now_s: float) -> None:
        """Start over."""
        self._history.clear()
        self._history.append((now_s, tuple(self._totals)))

    def received(self, size: int, now_s: float) -> None:
        """Count a message from the server."""
        self._totals[0] += size
        self._totals[1] += 1
        self._mark(now_s)

    def sent(self, size: int, now_s: float) -> None:
        """Count a message to the server."""
        self._totals[2] += size
        self._totals[3] += 1
        self._mark(now_s)

    def rates(self, now_s: float) -> TrafficRates:
        """Return the rates, all 0 when no time has passed."""
        self._mark(now_s)
        start_s, start = self._history[0]
        elapsed_s = now_s - start_s
        if elapsed_s <= 0:
            return TrafficRates(0.0, 0.0, 0.0, 0.0)
        rx_data, rx_messages, tx_data, tx_messages = (
            (total - before) / elapsed_s for total, before in zip(self._totals, start, strict=True)
        )
        return TrafficRates(rx_data, rx_messages, tx_data, tx_messages)

    def _mark(self, now_s: float) -> None:
        history = self._history
        if now_s - history[-1][0] >= _RESOLUTION_S:
            history.append((now_s, tuple(self._totals)))
            while len(history) > 1 and now_s - history[1][0] >= _WINDOW_S:
                history.popleft()

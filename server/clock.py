"""Time of the server: nanoseconds of the monotonic clock, told to clients in microseconds."""

from __future__ import annotations

import time


class ServerClock:
    """Monotonic time since the start of the server, anchored once to wall time.

    Attributes:
        zero_timestamp: Unix time in seconds of the instant zero, told in the welcome message.
    """

    def __init__(self) -> None:
        self._zero_ns = time.monotonic_ns()
        self.zero_timestamp = time.time()

    def to_us(self, time_ns: int) -> float:
        """Convert an instant of `time.monotonic_ns` to microseconds of server time."""
        return (time_ns - self._zero_ns) / 1000

    def to_ns(self, time_ns: int) -> int:
        """Convert an instant of `time.monotonic_ns` to nanoseconds of server time."""
        return time_ns - self._zero_ns

    def now_us(self) -> float:
        """Return the server time, in microseconds."""
        return self.to_us(time.monotonic_ns())

    def uptime_s(self) -> float:
        """Return the seconds since the server started."""
        return self.now_us() / 1e6

"""When to try to connect again after a connection was lost. A policy: no I/O, no threads.

A server that is started again is back within a second or two, so the first attempt comes at once
and the pauses stay short. A connection that ends as soon as it is there does not start the pauses
anew: a server that hangs up on everyone is not asked a thousand times per second.
"""

from __future__ import annotations

from collections.abc import Callable

# Pause before the second attempt. It doubles from there.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# Pauses are multiplied with a number between 1 - JITTER and 1 + JITTER: the clients of a server
# that was restarted do not come back in the same instant.
JITTER = 0.25
# How long a connection lasts that was a good one.
STEADY_S = 1.0


class Backoff:
    """The pauses between attempts, over all losses of one connection.

    Args:
        clock: a monotonic clock, in seconds.
        random: a number from 0 to 1, another one at each call.
    """

    def __init__(self, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._pause_s = 0.0
        self._connected_s = clock()

    def connected(self) -> None:
        """There is a connection again."""
        self._connected_s = self._clock()

    def lost(self) -> None:
        """The connection ended."""
        if self._clock() - self._connected_s >= STEADY_S:
            self._pause_s = 0.0

    def next_pause_s(self) -> float:
        """Return how long to wait before the next attempt, in seconds; 0 before the first."""
        pause_s = self._pause_s
        self._pause_s = min(max(FIRST_PAUSE_S, 2 * pause_s), LONGEST_PAUSE_S)
        return pause_s * (1 - JITTER + 2 * JITTER * self._random())

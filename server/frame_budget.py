"""How often all clients together get the newest values, so that the server keeps its processor.

On a machine with few processors, many clients take the processor from the server that feeds them,
and the device is asked less often. What tells of it is how long the server has to wait for a
processor. The more it waits, the longer is the pause between the frames of two clients; values that
wait meanwhile are replaced by newer ones. The pauses are even: clients that are told all at once
are busy all at once, when the next answer of the device comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Final

# Share of the time that the server may wait for a processor. With 50 clients it waits for a tenth
# with next to nothing to send, and loses a tenth of the requests to the device where it waits for a
# third. Ten clients that get all there is make it wait for nearly a fifth, which costs little: the
# fewer there are, the less can be gained from them.
MOST_WAITING: Final = 0.15
MORE_FOR_ONE: Final = 0.5  # for one of two clients half as much, and so on

# Pauses above the longest would not be noticed by others; the shortest is still an order of
# magnitude above what a frame costs the server.
LONGEST_PAUSE_S: Final = 0.001
SHORTEST_PAUSE_S: Final = 0.0001

LOOK_INTERVAL_S: Final = 0.05
_NEW_SHARE: Final = 0.3  # weight of one look
_LARGEST_STEP: Final = 1.3  # from one pause to the next one

# Pauses are kept on average; a timer for each would wake the loop more often than needed.
TICK_S: Final = 0.001

_SCHEDULING: Final = Path("/proc/thread-self/schedstat")


def waited_ns() -> int:
    """Return how long this thread has waited for a processor; 0 where the system does not tell."""
    try:
        return int(_SCHEDULING.read_bytes().split()[1])
    except (OSError, ValueError, IndexError):  # not Linux, or a kernel without these figures
        return 0


class FrameBudget:
    """Tells each client when it may be sent the newest values.

    Args:
        waited: how long the server has waited for a processor, in nanoseconds.

    Attributes:
        pause_s: between the frames of two clients; 0: as they come.
    """

    def __init__(self, waited: Callable[[], int] = waited_ns) -> None:
        self.pause_s = 0.0
        self._waited = waited
        self._waited_ns = 0
        self._looked_s = -math.inf
        self._share = 0.0
        self._latest_client: Hashable = None
        self._clients: set[Hashable] = set()  # since the last look
        self._latest_s = -math.inf  # when the latest client was told to send

    def slot_s(self, client: Hashable, now_s: float) -> float:
        """Return when a client may send, which is to be done then.

        Who asks again, with nobody else in between, never waits: there is nobody to wait for.

        Args:
            client: what tells it from the others; it is kept when the client leaves.
            now_s: the time.
        """
        if client is self._latest_client:
            return now_s
        self._latest_client = client
        self._clients.add(client)
        if now_s >= self._looked_s + LOOK_INTERVAL_S:
            self._look(now_s)
        if not self.pause_s:
            return now_s
        self._latest_s = max(self._latest_s, now_s - TICK_S) + self.pause_s
        if self._latest_s <= now_s:
            return now_s
        return math.ceil(self._latest_s / TICK_S) * TICK_S

    def _look(self, now_s: float) -> None:
        """Adapt the pause to how long the server has waited since the last look."""
        waited_ns, elapsed_s = self._waited(), now_s - self._looked_s
        share = (waited_ns - self._waited_ns) / 1e9 / elapsed_s
        self._waited_ns, self._looked_s = waited_ns, now_s
        most = MOST_WAITING + MORE_FOR_ONE / len(self._clients)
        self._clients.clear()
        if elapsed_s > 2 * LOOK_INTERVAL_S:
            return  # it was about something else, as when hardly anything was sent
        self._share += _NEW_SHARE * (share - self._share)
        if not self.pause_s and self._share <= most:
            return
        step = math.sqrt(self._share / most)
        step = min(max(step, 1 / _LARGEST_STEP), _LARGEST_STEP)
        pause_s = max(self.pause_s, SHORTEST_PAUSE_S) * step
        self.pause_s = min(pause_s, LONGEST_PAUSE_S) if pause_s >= SHORTEST_PAUSE_S else 0.0

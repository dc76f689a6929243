"""Readings of one watch that somebody has not taken yet: the newest, or all if all are wanted."""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from ._watch_state import Reading, WatchState
from .definitions import ValueStatus

logger: logging.Logger = logging.getLogger(__name__)

MOST_PENDING: Final = 100_000  # of a watch of which every sample is wanted


class PendingReadings:
    """What has come for one watch since it was last taken.

    Args:
        state: of the watch.
        with_current: the reading that it has now is news, too.
    """

    def __init__(self, state: WatchState, *, with_current: bool = False) -> None:
        self._state = state
        self._last: Reading | None = None if with_current else state.reading
        self._readings: deque[Reading] = deque()
        self._has_warned = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._readings

    def keep(self) -> bool:
        """Keep the reading that the watch has now; False if it is no news."""
        reading = self._state.reading
        if reading is self._last or reading.status is ValueStatus.NeverSet:
            return False
        self._last = reading
        if not self._state.options.wants_all:
            self._readings.clear()
        elif len(self._readings) == MOST_PENDING:
            self._readings.popleft()
            if not self._has_warned:
                self._has_warned = True
                logger.warning(
                    "%d updates of %s wait to be taken; the oldest are dropped",
                    MOST_PENDING,
                    self._state.path,
                )
        self._readings.append(reading)
        return True

    def take(self) -> list[Reading]:
        """Take all out, the oldest first."""
        taken: list[Reading] = []
        while self._readings:  # piece by piece: another thread may add some meanwhile
            taken.append(self._readings.popleft())
        return taken

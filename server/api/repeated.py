"""A fact that many may cause at once: told once, and then how often it came again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

_QUIET_S: Final = 10.0


class RepeatedWarning:
    """Logs the first of many warnings, and counts those of the ten seconds that follow.

    Args:
        logger: gets them.
        clock_s: in seconds.
    """

    def __init__(self, logger: logging.Logger, clock_s: Callable[[], float]) -> None:
        self._logger = logger
        self._clock_s = clock_s
        self._quiet_until_s = 0.0
        self._untold = 0

    def tell(self, text: str) -> None:
        """Log it, or count it."""
        now_s = self._clock_s()
        if now_s < self._quiet_until_s:
            self._untold += 1
            return
        more = f" ({self._untold} others before)" if self._untold else ""
        self._logger.warning("%s%s", text, more)
        self._untold = 0
        self._quiet_until_s = now_s + _QUIET_S

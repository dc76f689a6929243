"""What packages for drivers say about their errors."""

from __future__ import annotations

import logging


def told(error: Exception) -> str:
    """Return the words of a driver, for a text that goes on behind them."""
    return f"{error}".rstrip(". ")


def hush(logger_name: str) -> None:
    """Let a package log no errors that it raises too, unless its logger was set by the user.

    A link that does not open is tried again and again, and its failure is told once.
    """
    logger = logging.getLogger(logger_name)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)

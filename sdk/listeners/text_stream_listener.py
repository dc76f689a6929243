"""A listener that prints."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .base_listener import BaseListener
from .value_update import ValueUpdate


class TextStreamListener(BaseListener):
    """Writes a line per update: milliseconds since the start, kind and type, path, value.

    Where there is no value, the line tells why.

    Args:
        stream: Where to; None is the standard output at the time of the start.
        name: For the log.
        queue_max_size: As of ``BaseListener``.
    """

    def __init__(
        self, stream: TextIO | None = None, name: str | None = None, queue_max_size: int = 1000
    ) -> None:
        super().__init__(name, queue_max_size)
        self._stream = stream
        self._output: TextIO = sys.stdout
        self._start_s = 0.0

    def setup(self) -> None:
        """Start the clock."""
        self._output = sys.stdout if self._stream is None else self._stream
        self._start_s = time.monotonic()

    def receive(self, updates: list[ValueUpdate]) -> None:
        """Write a line per update."""
        elapsed_ms = (time.monotonic() - self._start_s) * 1e3
        for update in updates:
            handle = update.watchable
            value = update.status.name if update.value is None else update.value
            kind = f"({handle.type.to_str()}/{handle.datatype.name})"
            self._output.write(f"{elapsed_ms:.2f}ms\t {kind}{handle.server_path}: {value}\n")

    def teardown(self) -> None:
        """Flush."""
        self._output.flush()

    def allow_subscription_changes_while_running(self) -> bool:
        """Tell that they are allowed."""
        return True

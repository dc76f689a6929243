"""A program that runs beside this one, until a line says that it is ready."""

from __future__ import annotations

import contextlib
import queue
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from scrutiny.core.errors import ScrutinyError

_READY_TIMEOUT_S: Final = 20.0
_STOP_TIMEOUT_S: Final = 5.0
_KEPT_LINES: Final = 20


class ChildFailed(ScrutinyError):
    """A program did not start; the text holds the last lines it wrote."""


class Child:
    """Start a program and wait until it writes a line that matches.

    Args:
        command: program and arguments.
        ready: regular expression for the line, from standard output or standard error.

    Attributes:
        ready_match: what matched, with its groups.

    Raises:
        ChildFailed: it ended, or wrote no such line within 20 s.
    """

    def __init__(self, command: Sequence[str], ready: str) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        # Unlike other queues, it stays whole when Ctrl-C ends a wait.
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.ready_match = self._wait_for(re.compile(ready))
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_for_end(self) -> None:
        """Return when the program has ended by itself."""
        self._process.wait()

    def stop(self) -> None:
        """End the program, gently first. May be called again."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(ValueError):  # closed meanwhile
            for line in stream:
                self._news.put(line.rstrip())
        self._news.put(None)

    def _wait_for(self, pattern: re.Pattern[str]) -> re.Match[str]:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while True:
            try:
                line = self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._failure(f"was not ready within {_READY_TIMEOUT_S:.0f} s") from None
            if line is None:
                raise self._failure("ended before it was ready")
            self._lines.append(line)
            if (match := pattern.search(line)) is not None:
                return match

    def _failure(self, what: str) -> ChildFailed:
        name = " ".join(str(part) for part in self._process.args[:3])  # type: ignore[index]
        return ChildFailed("\n    ".join([f"{name} {what}:", *self._lines]))

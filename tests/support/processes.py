"""Child processes whose output is read as it comes, and that never outlive their owner."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

DEADLINE_S: Final = 20.0  # generous: machines that run tests are often busy
_STOP_DEADLINE_S: Final = 5.0


class LoggedProcess:
    """A process with its lines of output, standard error included, and the time of each.

    Attributes:
        started_s: when it was started, `time.monotonic`.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = Path(command[0]).name
        self._lines: list[tuple[float, str]] = []
        self._has_ended = False
        self._changed = threading.Condition()
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        """What the system calls it."""
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        """What it has said so far."""
        with self._changed:
            return [line for _, line in self._lines]

    def wait_for_line(
        self, pattern: str, timeout_s: float = DEADLINE_S, *, skip: int = 0
    ) -> tuple[re.Match[str], float]:
        """Return the first line that matches, after some to skip, and the time when it came.

        Raises:
            AssertionError: it did not come, or the process ended before.
        """
        deadline_s = time.monotonic() + timeout_s
        searched = skip
        with self._changed:
            while True:
                for time_s, line in self._lines[searched:]:
                    if match := re.search(pattern, line):
                        return match, time_s
                searched = len(self._lines)
                if self._has_ended or not self._changed.wait(deadline_s - time.monotonic()):
                    text = "\n".join(line for _, line in self._lines)
                    raise AssertionError(f"{self._name} did not say {pattern!r}, only:\n{text}")

    def stop(self) -> int:
        """End it as an operator would, and return the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self._finish_output()

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def pause(self) -> None:
        """Let it do nothing at all, until `resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def finish(self, timeout_s: float = DEADLINE_S) -> int:
        """Wait until it ends by itself, and return the exit code.

        Raises:
            AssertionError: it did not.
        """
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            text = "\n".join(self.lines)
            raise AssertionError(f"{self._name} did not end:\n{text}") from None
        finally:
            self._finish_output()

    def kill(self) -> None:
        """End it as a crash would; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        self._finish_output()

    def _finish_output(self) -> None:
        if self._process.poll() is not None and self._process.stdout is not None:
            self._reader.join()
            self._process.stdout.close()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            with self._changed:
                self._lines.append((time.monotonic(), line.rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

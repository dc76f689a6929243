"""Run two commands at the same time, and print what they say as if one ran after the other.

    python tools/side_by_side.py COMMAND BESIDE

Both are lines for the shell. COMMAND has the terminal. BESIDE has the processors when nothing else
wants them, and is heard when COMMAND has ended. Both run to their end. If one fails, so does it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from queue import SimpleQueue
from typing import IO

_INTERRUPTED = 130


def main() -> int:
    """Run both, and return the exit code."""
    if len(sys.argv) != 3:
        sys.stderr.write(f"{__doc__}")
        return 2
    command, beside = sys.argv[1:]
    try:
        return run(command, beside)
    except KeyboardInterrupt:  # which both commands have seen, too
        return _INTERRUPTED


def run(command: str, beside: str) -> int:
    """Run both, and return the exit code of the first that failed, or 0."""
    nice = ["nice", "-n", "19"] if shutil.which("nice") else []
    with subprocess.Popen(
        [*nice, "sh", "-c", beside],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as other:
        assert other.stdout is not None
        said = _Said(other.stdout)
        code = subprocess.run(["sh", "-c", command], check=False).returncode
        said.print()
    return code or other.returncode


class _Said:
    """What a process says, read while it runs so that it never waits."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def print(self) -> None:
        """Print all that was said, and whatever follows until it ends."""
        for line in iter(self._lines.get, b""):
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)
        self._lines.put(b"")


if __name__ == "__main__":
    sys.exit(main())

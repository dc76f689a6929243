"""The processes of a benchmark, and what they have used so far. Linux only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.example_board import Board
from tests.support.processes import LoggedProcess
from tests.support.server_process import ServerProcess

_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters of one moment.

    Attributes:
        time_s: when, `time.perf_counter`.
        cpu_s: processor time of all threads.
        wakeups: how often a thread had been waiting for something and went on.
        octets_read: from files, terminals and sockets, by calls of read().
        resident_octets: memory in use now.
    """

    time_s: float
    cpu_s: float
    wakeups: int
    octets_read: int
    resident_octets: int

    def cpu_share_since(self, before: Usage) -> float:
        """Return the share of one core used since an earlier moment."""
        return (self.cpu_s - before.cpu_s) / (self.time_s - before.time_s)

    def wakeups_per_s_since(self, before: Usage) -> float:
        """Return how often per second it was woken up since an earlier moment."""
        return (self.wakeups - before.wakeups) / (self.time_s - before.time_s)

    def octets_read_since(self, before: Usage) -> int:
        """Return the octets read since an earlier moment."""
        return self.octets_read - before.octets_read


def usage_of(pid: int) -> Usage:
    """Look at a running process of this user."""
    folder = Path("/proc", str(pid))
    threads = list((folder / "task").iterdir())
    # The scheduler's own count, in nanoseconds; /proc/PID/stat counts in steps of 10 ms.
    cpu_ns = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    return Usage(
        time_s=time.perf_counter(),
        cpu_s=cpu_ns / 1e9,
        wakeups=sum(_field(thread / "status", "voluntary_ctxt_switches") for thread in threads),
        octets_read=_field(folder / "io", "rchar"),
        resident_octets=int((folder / "statm").read_text().split()[1]) * _PAGE_SIZE,
    )


def _field(file: Path, name: str) -> int:
    fields = dict(line.split(":", 1) for line in file.read_text().splitlines())
    return int(fields[name])


class MeasuredProcess(LoggedProcess):
    """Any process, and what it uses."""

    @property
    def usage(self) -> Usage:
        """Its counters at this moment."""
        return usage_of(self._process.pid)

    def keep_on(self, processors: Iterable[int]) -> None:
        """Run it on these processors only."""
        os.sched_setaffinity(self._process.pid, processors)


class MeasuredBoard(MeasuredProcess, Board):
    """The example firmware, and what it uses."""


class MeasuredServer(MeasuredProcess, ServerProcess):
    """The server, and what it uses."""

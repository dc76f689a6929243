"""The processes of a benchmark, and what they have used so far. Linux only."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scrutiny.server.scheduling import ask_for_short_turns
from tests.support.example_board import ROOT, Board
from tests.support.processes import LoggedProcess
from tests.support.server_process import ServerProcess

PLACEMENTS: Final = ("apart", "free")

_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")


def checkout_environment() -> dict[str, str]:
    """Return an environment in which Python finds this checkout, installed or not."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


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


@dataclass(frozen=True, slots=True)
class Placement:
    """Which processors a process may use."""

    poller: frozenset[int]
    device: frozenset[int]
    client: frozenset[int]

    @classmethod
    def of(cls, name: str) -> Placement:
        """Return one of `PLACEMENTS` for the processors that there are."""
        everywhere = frozenset(os.sched_getaffinity(0))
        if name == "free" or len(everywhere) == 1:
            return cls(everywhere, everywhere, everywhere)
        first, second, *others = (frozenset({number}) for number in sorted(everywhere))
        return cls(poller=first, device=second, client=others[0] if others else everywhere)


@contextmanager
def awake(numbers: Iterable[int]) -> Generator[None]:
    """Keep processors from falling asleep, by a process on each that runs when nobody else does.

    To wake a processor of a virtual machine takes 20 to 60 µs, more than an exchange does, and
    whether it sleeps between two requests is decided by a few microseconds.
    """
    spinners = [
        subprocess.Popen([sys.executable, "-c", _SPIN.format(number)]) for number in numbers
    ]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


_SPIN: Final = """
import os
os.sched_setaffinity(0, {{{}}})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while True:
    pass
"""


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
    """The example firmware, and what it uses.

    A real board has a processor of its own. This one gets one whenever it needs it, if that is
    allowed here, as it is to root; else soon, where the system can do that. Whoever talks to it.
    """

    def __init__(self, program: Path, port: Path, *options: str) -> None:
        super().__init__(program, port, *options)
        try:
            os.sched_setscheduler(self.pid, os.SCHED_FIFO, os.sched_param(1))
        except OSError:
            ask_for_short_turns(self.pid)


class MeasuredServer(MeasuredProcess, ServerProcess):
    """The server, and what it uses."""


class MachineLoad:
    """What others use of the machine, the workers of the kernel included."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._begin_s = time.perf_counter()
        self._busy_s, self._own_s = _busy_s(), _own_s()

    def of_others(self) -> float:
        """Return the share of one processor; children of this process have to be waited for."""
        busy_s, own_s = _busy_s() - self._busy_s, _own_s() - self._own_s
        return max(0.0, busy_s - own_s) / (time.perf_counter() - self._begin_s)


def _busy_s() -> float:
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    ticks = [int(field) for field in fields]
    idle, guest = ticks[3] + ticks[4], sum(ticks[8:])  # guest time is contained in user time
    return (sum(ticks) - idle - guest) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)

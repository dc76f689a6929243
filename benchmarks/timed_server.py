"""The server, which tells when it has fetched an acquisition. It takes the server's arguments.

Per acquisition it prints a line: ``fetched NUMBER BEGIN LAST CHECKED CPU REQUESTS``. The times are
those of `time.monotonic_ns`, in nanoseconds: just before the first request for a chunk is written,
when the last chunk was read from the port, and when all of it was found to be right. CPU is the
processor time that the process has used from the first to the last of these, in nanoseconds.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.firmware_link.frames import Response  # noqa: E402
from scrutiny.server.__main__ import main  # noqa: E402
from scrutiny.server.datalog_lane import DatalogLane  # noqa: E402
from scrutiny.server.datalogging.conversation import ChunkJob  # noqa: E402
from scrutiny.server.jobs import Job  # noqa: E402


@dataclass(slots=True)
class Fetch:
    """The transfer that is under way."""

    begin_ns: int = 0  # 0: there is none
    last_ns: int = 0
    begin_cpu_ns: int = 0
    request_count: int = 0


def watch_fetches() -> None:
    """Note once per transfer when it begins and ends, and once per chunk when it came.

    The chunk is noted when the request for the next one is out.
    """
    fetch = Fetch()
    number = 0
    put, withdraw, answered = DatalogLane.put, DatalogLane.withdraw, ChunkJob.answered

    def noting_put(self: DatalogLane, job: Job) -> None:
        nonlocal fetch
        if isinstance(job, ChunkJob):
            fetch = Fetch(time.monotonic_ns(), begin_cpu_ns=time.process_time_ns())
        put(self, job)

    def noting_answered(self: ChunkJob, response: Response, now_ns: int) -> None:
        fetch.last_ns = now_ns
        fetch.request_count += 1
        answered(self, response, now_ns)

    def noting_withdraw(self: DatalogLane) -> None:
        nonlocal number
        withdraw(self)
        if fetch.begin_ns:
            checked_ns, cpu_ns = time.monotonic_ns(), time.process_time_ns()
            number += 1
            print(
                "fetched", number, fetch.begin_ns, fetch.last_ns, checked_ns,
                cpu_ns - fetch.begin_cpu_ns, fetch.request_count, flush=True,
            )  # fmt: skip
            fetch.begin_ns = 0

    # Public methods, each replaced by one that calls it: the path of a chunk stays as it is.
    DatalogLane.put = noting_put  # type: ignore[method-assign]
    DatalogLane.withdraw = noting_withdraw  # type: ignore[method-assign]
    ChunkJob.answered = noting_answered  # type: ignore[method-assign]


if __name__ == "__main__":
    watch_fetches()
    sys.exit(main())

"""What calls of the blocking client cost, before the server and the example firmware.

python benchmarks/sdk_calls.py --writes 2000
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from scrutiny.sfd.store import DescriptionStore  # noqa: E402
from tests.support.bench import Bench  # noqa: E402
from tests.support.example_board import SCRATCH, build_board, description_of  # noqa: E402
from tests.support.processes import DEADLINE_S  # noqa: E402

LIMITS: Final = {"write": 0.001, "batch": 0.5, "watch_many": 0.2}  # seconds
MANY: Final = 500


def main() -> int:
    """Print the table; the exit code is 1 if a call takes longer than its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--writes", type=int, default=1000, help="of one value each")
    writes: int = parser.parse_args().writes
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        program = build_board(Path(folder) / "build", described=True)
        store = DescriptionStore(Path(folder) / "data" / "server")
        store.install(description_of(program))
        bench = stack.enter_context(Bench(program, Path(folder)))
        client = bench.connect(bench.start_server(bench.start_board().port))
        client.wait_device_ready(DEADLINE_S)
        client.wait_sfd_loaded(DEADLINE_S)
        spent_s = {
            "watch_many": time_watch_many(client),
            "write": time_write(client, writes),
            "batch": time_batch(client),
        }
    for name, time_s in spent_s.items():
        print(f"{name:11} {time_s * 1e3:8.3f} ms  limit {LIMITS[name] * 1e3:g} ms")
    return 0 if all(time_s < LIMITS[name] for name, time_s in spent_s.items()) else 1


def time_watch_many(client: ScrutinyClient) -> float:
    """Return the seconds that watching as many paths as there are takes, at most 500."""
    request = client.download_watchable_list()
    request.wait_for_completion(DEADLINE_S)
    content = request.get()
    paths = [*content.var, *content.alias, *content.rpv][:MANY]
    start_s = time.perf_counter()
    client.watch_many(paths)
    time_s = time.perf_counter() - start_s
    print(f"{len(paths)} paths watched, {MANY} values per batch")
    for path in paths:
        client.unwatch(path)
    return time_s


def time_write(client: ScrutinyClient, count: int) -> float:
    """Return the median seconds of a write that the device confirmed."""
    handle = client.watch(SCRATCH[0])
    times_s: list[float] = []
    for number in range(count):
        start_s = time.perf_counter()
        handle.value = number & 0x7F
        times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s)


def time_batch(client: ScrutinyClient) -> float:
    """Return the seconds that 500 writes in one batch take."""
    handles = client.watch_many(SCRATCH)
    start_s = time.perf_counter()
    with client.batch_write():
        for number in range(MANY):
            handles[number % len(handles)].value = number & 0x7F
    return time.perf_counter() - start_s


if __name__ == "__main__":
    sys.exit(main())

"""Times calls of the blocking client: ours, or the stock one in an environment of its own.

    python benchmarks/timed_calls.py 8765 1000 paths.json

Prints seconds by the names of calls, as JSON. Nothing here is beyond what both clients offer, but
for `watch_many`, which the stock one lacks.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from scrutiny.sdk.client import ScrutinyClient

DEADLINE_S = 30.0
BATCH = 500
LOOK_AGAIN_S = 0.05


def main() -> None:
    """Connect, measure, and print."""
    port, writes, file = sys.argv[1:]
    paths: dict[str, list[str]] = json.loads(Path(file).read_text())
    with ScrutinyClient().connect("127.0.0.1", int(port)) as client:
        client.wait_device_ready(DEADLINE_S)
        wait_described(client)
        spent_s = {
            "write": time_write(client, paths["written"][0], int(writes)),
            "batch": time_batch(client, paths["written"]),
            "watch": time_watch(client, paths["watched"]),
        }
        if hasattr(client, "watch_many"):
            spent_s["watch_many"] = time_watch_many(client, paths["watched"])
    print(json.dumps(spent_s))


def wait_described(client: ScrutinyClient) -> None:
    """Wait for the description of the firmware, as both clients can."""
    deadline = time.monotonic() + DEADLINE_S
    while client.get_loaded_sfd() is None:
        if time.monotonic() > deadline:
            raise TimeoutError("no description was loaded")
        time.sleep(LOOK_AGAIN_S)


def time_write(client: ScrutinyClient, path: str, count: int) -> float:
    """Return the median seconds of a write that the device confirmed."""
    handle = client.watch(path)
    times_s: list[float] = []
    for number in range(count):
        start_s = time.perf_counter()
        handle.value = number & 0x7F
        times_s.append(time.perf_counter() - start_s)
    handle.unwatch()
    return statistics.median(times_s)


def time_batch(client: ScrutinyClient, paths: list[str]) -> float:
    """Return the seconds that 500 writes in one batch take."""
    handles = [client.watch(path) for path in paths]
    client.wait_new_value_for_all(DEADLINE_S)
    start_s = time.perf_counter()
    with client.batch_write(DEADLINE_S):
        for number in range(BATCH):
            handles[number % len(handles)].value = number & 0x7F
    time_s = time.perf_counter() - start_s
    for handle in handles:
        handle.unwatch()
    return time_s


def time_watch(client: ScrutinyClient, paths: list[str]) -> float:
    """Return the seconds that watching all paths takes, one after the other."""
    start_s = time.perf_counter()
    handles = [client.watch(path) for path in paths]
    time_s = time.perf_counter() - start_s
    client.wait_new_value_for_all(DEADLINE_S)  # they are really watched
    for handle in handles:
        handle.unwatch()
    return time_s


def time_watch_many(client: ScrutinyClient, paths: list[str]) -> float:
    """Return the seconds that watching all paths takes in one call."""
    start_s = time.perf_counter()
    handles = client.watch_many(paths)
    time_s = time.perf_counter() - start_s
    client.wait_new_value_for_all(DEADLINE_S)
    for handle in handles:
        handle.unwatch()
    return time_s


if __name__ == "__main__":
    main()

"""The client of a measurement: ours, or the stock one in an environment of its own.

    python client.py '{"port": 8765, "task": "poll", "paths": [...], "seconds": 1.0}'

Prints "begin" and "end" around what is measured, then the result as JSON. Nothing here is beyond
what both clients offer, but for what ours does better: where it can, it watches all at once, takes
every sample, and is called back.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from scrutiny.sdk import datalogging, listeners
from scrutiny.sdk.client import ScrutinyClient

DEADLINE_S = 60.0
LOOK_AGAIN_S = 0.02
LOOK_CLOSELY_S = 0.0005
PEER_LARGEST_READ = 0x3FFF

BATCHES = 3
RARELY_HZ = 1  # what is written has to be watched; few reads shall be under way

CallBack = Callable[[Callable[[Any], None]], object]


def main() -> None:
    """Do one task."""
    job: dict[str, Any] = json.loads(sys.argv[1])
    tasks = {
        "age": measure_age,
        "batch": measure_batch,
        "gone": measure_gone,
        "memory": measure_memory,
        "poll": measure_polling,
        "ready": measure_ready,
        "record": measure_recording,
        "watch": measure_watching,
        "write": measure_writing,
    }
    with ScrutinyClient().connect("127.0.0.1", job["port"]) as client:
        if job["task"] != "ready":
            client.wait_device_ready(DEADLINE_S)
            wait_described(client)
        result = tasks[job["task"]](client, job)
    print(json.dumps(result), flush=True)


def wait_described(client: ScrutinyClient) -> None:
    """Wait for the description of the firmware, as both clients can."""
    deadline = time.monotonic() + DEADLINE_S
    while client.get_loaded_sfd() is None:
        if time.monotonic() > deadline:
            raise TimeoutError("no description was loaded")
        time.sleep(LOOK_AGAIN_S)


def watched(
    client: ScrutinyClient,
    paths: list[str],
    update_rate: float | None = None,
    *,
    every_sample: bool = False,
) -> list[Any]:
    """Watch values, and wait until all have one."""
    if not paths:
        return []
    if not hasattr(client, "watch_many"):
        handles = [client.watch(path, update_rate) for path in paths]
    elif every_sample:
        from scrutiny.sdk.definitions import UpdateMode

        handles = client.watch_many(paths, update_rate, mode=UpdateMode.EverySample)
    else:
        handles = client.watch_many(paths, update_rate)
    client.wait_new_value_for_all(DEADLINE_S)
    return handles


def say(word: str) -> None:
    """Tell whoever measures the server."""
    print(word, flush=True)


def measure_polling(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Count the updates that the handles get."""
    handles = watched(client, job["paths"], every_sample=job.get("every_sample", False))
    time.sleep(job["settle"])
    lost_before = getattr(client, "lost_sample_count", 0)
    say("begin")
    before, begin_s = count_at_update(handles)
    time.sleep(job["seconds"])
    after, end_s = count_at_update(handles)
    say("end")
    lost = getattr(client, "lost_sample_count", 0) - lost_before
    return {"updates_per_s": (after - before) / (end_s - begin_s), "lost": lost}


def count_at_update(handles: list[Any]) -> tuple[int, float]:
    """Return how many updates there were when a handle got its next one, and when that was.

    So a slow line is measured over whole cycles, however few there are.
    """
    if handles:
        before = handles[0].update_counter
        deadline_s = time.perf_counter() + DEADLINE_S
        while handles[0].update_counter == before and time.perf_counter() < deadline_s:
            time.sleep(LOOK_CLOSELY_S)
    now_s = time.perf_counter()
    return sum(each.update_counter for each in handles), now_s


class AgeListener(listeners.BaseListener):
    """Notes how old each value of a clock is when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.ages_ns: list[int] = []

    def receive(self, updates: Any) -> None:
        now_ns = time.monotonic_ns()
        self.ages_ns += [now_ns - update.value for update in updates]


def measure_age(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Take the age of a clock in the device, while other values are watched besides."""
    handles = watched(client, [job["clock"], *job["paths"]])
    ages_ns: list[int] = []
    on_update: CallBack | None = getattr(handles[0], "on_update", None)
    if on_update is not None:

        def note(update: Any) -> None:
            now_ns = time.monotonic_ns()
            if update.value is not None:
                ages_ns.append(now_ns - update.value)

        on_update(note)
        time.sleep(job["settle"])
        ages_ns.clear()
        say("begin")
        time.sleep(job["seconds"])
    else:
        listener = AgeListener()
        client.register_listener(listener)
        listener.subscribe(handles[0])
        with listener.start():
            time.sleep(job["settle"])
            listener.ages_ns.clear()
            say("begin")
            time.sleep(job["seconds"])
        ages_ns = listener.ages_ns
    say("end")
    ranked = sorted(ages_ns)
    return {
        f"p{percent}_ms": ranked[len(ranked) * percent // 100] / 1e6 for percent in (50, 95, 99)
    } | {"count": len(ranked)}


def measure_writing(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Time writes that the device confirms, while other values are watched besides."""
    (handle, *_) = watched(client, [job["written"], *job["paths"]])
    time.sleep(job["settle"])
    say("begin")
    times_s: list[float] = []
    end_s = time.perf_counter() + job["seconds"]
    while time.perf_counter() < end_s:
        begin_s = time.perf_counter()
        handle.value = len(times_s) & 0x7F
        times_s.append(time.perf_counter() - begin_s)
    say("end")
    ranked = sorted(times_s)
    return {
        "p50_ms": statistics.median(ranked) * 1e3,
        "p99_ms": ranked[len(ranked) * 99 // 100] * 1e3,
        "count": len(ranked),
    }


def measure_batch(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Time batches that write each value once, between two reads of the values."""
    handles = watched(client, job["paths"], RARELY_HZ)
    times_s: list[float] = []
    say("begin")
    for number in range(BATCHES):
        begin_s = time.perf_counter()
        with client.batch_write(DEADLINE_S):
            for index, handle in enumerate(handles):
                handle.value = (index + number) & 0x7F
        times_s.append(time.perf_counter() - begin_s)
    say("end")
    return {"s": statistics.median(times_s)}


def measure_memory(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Time reads of memory."""
    times_s: list[float] = []
    say("begin")
    for _ in range(job["repeats"]):
        begin_s = time.perf_counter()
        octets = read_memory(client, job["address"], job["size"])
        times_s.append(time.perf_counter() - begin_s)
        assert len(octets) == job["size"]
    say("end")
    return {"s": statistics.median(times_s)}


def read_memory(client: ScrutinyClient, address: int, size: int) -> bytes:
    """Read any size, as the peer's users have to."""
    if hasattr(client, "watch_many"):
        return client.read_memory(address, size, timeout=DEADLINE_S)
    starts = range(0, size, PEER_LARGEST_READ)
    pieces = [(address + start, min(PEER_LARGEST_READ, size - start)) for start in starts]
    return b"".join(client.read_memory(*piece, timeout=DEADLINE_S) for piece in pieces)


def measure_recording(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Let the device record once, and note when the recording is there."""
    config = datalogging.DataloggingConfig(sampling_rate=0)
    axis = config.add_axis("all")
    for path in job["signals"]:
        config.add_signal(path, axis)
    config.configure_trigger(datalogging.TriggerCondition.AlwaysTrue, position=0)
    say("begin")
    client.start_datalog(config).wait_for_completion(DEADLINE_S)
    told_s = time.monotonic()
    say("end")
    return {"told_s": told_s}


def measure_watching(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Time the beginning of subscriptions."""
    say("begin")
    begin_s = time.perf_counter()
    if hasattr(client, "watch_many"):
        client.watch_many(job["paths"])
    else:
        for path in job["paths"]:
            client.watch(path)
    spent_s = time.perf_counter() - begin_s
    say("end")
    return {"s": spent_s}


def measure_ready(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Note when a device is ready that is plugged in now, and when a variable has a value."""
    client.listen_events(ScrutinyClient.Events.LISTEN_DEVICE_READY)
    say("begin")
    while client.read_event(timeout=DEADLINE_S) is None:
        pass
    ready_s = time.monotonic()
    wait_described(client)
    client.watch(job["paths"][0]).wait_update(timeout=DEADLINE_S)
    value_s = time.monotonic()
    say("end")
    return {"ready_s": ready_s, "value_s": value_s}


def measure_gone(client: ScrutinyClient, job: dict[str, Any]) -> dict[str, float]:
    """Note when a device is gone."""
    watched(client, job["paths"])
    client.listen_events(ScrutinyClient.Events.LISTEN_DEVICE_GONE)
    say("begin")
    while client.read_event(timeout=DEADLINE_S) is None:
        pass
    gone_s = time.monotonic()
    say("end")
    return {"gone_s": gone_s}


if __name__ == "__main__":
    main()

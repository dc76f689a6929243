"""Storing and reading acquisitions, against the least that it takes: to compress, write and sync.

The samples are those of a device with a recording buffer of 64 KiB: floats of 4 octets, which are
noise, the worst there is; stored are 8 octets each. The ceiling compresses the same octets at the
same level, and appends them to a file that it syncs. The two take turns.

A task of the loop notes for how long it was kept from running meanwhile, and for how long it was
when nothing was stored, which is what the machine itself does to it.

    python benchmarks/acquisition_storage.py                     4 signals of 4,096 samples
    python benchmarks/acquisition_storage.py --samples 16384     four times as many
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.core.datalogging import Acquisition, SampleType  # noqa: E402
from scrutiny.server.datalogging.opening import database_in  # noqa: E402
from scrutiny.server.datalogging.storage import AcquisitionStorage  # noqa: E402
from tests.support.acquisitions import acquisition  # noqa: E402

ROUNDS: Final = 40
SIGNALS: Final = 4
LEVEL: Final = 1
_FLOAT64: Final[SampleType] = "d"


def recording(random: Random, sample_count: int) -> Acquisition:
    """Return what a device has recorded, over its time."""
    columns = [array(_FLOAT64, [index / 10_000 for index in range(sample_count)])]
    for _ in range(SIGNALS):
        noise = array("f", [random.gauss(0, 1) for _ in range(sample_count)])
        columns.append(array(_FLOAT64, noise))
    return acquisition(*columns, time_s=time.time())


class Lag:
    """Notes for how long the loop was kept from running."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._task = asyncio.create_task(self._watch())

    def take_longest_ms(self) -> float:
        """Return the longest time since the last call."""
        longest_s, self.longest_s = self.longest_s, 0.0
        return longest_s * 1e3

    def stop(self) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        before_s = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now_s = time.perf_counter()
            self.longest_s = max(self.longest_s, now_s - before_s)
            before_s = now_s


def least(stored: Acquisition, descriptor: int) -> None:
    """Do what cannot be saved."""
    for series in (stored.x, *stored.series):
        os.write(descriptor, zlib.compress(series.samples.tobytes(), LEVEL))
    os.fsync(descriptor)


async def measure(folder: Path, sample_count: int) -> None:
    """Store, read, and print what it took."""
    random = Random(1)
    storage = AcquisitionStorage(folder)
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT)
    ceiling_ms: list[float] = []
    added_ms: list[float] = []
    read_ms: list[float] = []
    lag_ms: dict[str, list[float]] = {"nothing": [], "add": [], "read": []}
    await storage.summaries()
    for _ in range(ROUNDS):
        stored = recording(random, sample_count)
        start_s = time.perf_counter()
        await asyncio.to_thread(least, stored, descriptor)
        ceiling_ms.append((time.perf_counter() - start_s) * 1e3)
        lag = Lag()
        await asyncio.sleep(ceiling_ms[-1] / 1e3)
        lag_ms["nothing"].append(lag.take_longest_ms())
        start_s = time.perf_counter()
        await storage.add(stored)
        added_ms.append((time.perf_counter() - start_s) * 1e3)
        lag_ms["add"].append(lag.take_longest_ms())
        start_s = time.perf_counter()
        await storage.read(stored.reference_id)
        read_ms.append((time.perf_counter() - start_s) * 1e3)
        lag_ms["read"].append(lag.take_longest_ms())
        lag.stop()
    await storage.close()
    bare, ours = (folder / "bare").stat().st_size, database_in(folder).stat().st_size
    os.close(descriptor)
    ratios = [ours / least for ours, least in zip(added_ms, ceiling_ms, strict=True)]
    print(f"least        {statistics.median(ceiling_ms):8.1f} ms")
    print(f"add          {statistics.median(added_ms):8.1f} ms")
    print(f"read         {statistics.median(read_ms):8.1f} ms")
    print(f"add / least  {statistics.median(ratios):8.2f}")
    print(f"on disk      {ours / ROUNDS / 1024:8.1f} KiB each, {ours / bare:.2f} of what is needed")
    for what, longest in lag_ms.items():
        print(f"loop kept from running, {what:8} {_quartiles(longest)}")


def _quartiles(values: Sequence[float]) -> str:
    low, median, high = statistics.quantiles(values, n=4)
    return f"longest: median {median:.2f} ms [{low:.2f} to {high:.2f}], best {min(values):.2f}"


def main() -> None:
    """Measure in a folder on the disk of the temporary files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=4096, help="of each of 4 signals")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure(Path(name), arguments.samples))


if __name__ == "__main__":
    main()

"""How long a client is without its device after a cable, a board or a server failed.

The example firmware and the server run as processes, with a line between them that can be pulled,
put back and made silent. Medians of several runs; the silence has a computed budget beside it.

    python benchmarks/recovery.py --runs 10
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from tests.support.bench import Bench, Events, expect_event  # noqa: E402
from tests.support.budgets import silence_budget_s  # noqa: E402
from tests.support.example_board import SCRATCH, build_board  # noqa: E402
from tests.support.noisy_line import NoisyLine  # noqa: E402
from tests.support.processes import DEADLINE_S  # noqa: E402

BAUDRATE: Final = 115200  # that the server is told

Figures = defaultdict[str, list[float]]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder) / "build")
        with Bench(program, Path(folder)) as bench:
            line = bench.connect_line(bench.start_board())
            for _ in range(arguments.runs):
                measure_cable(bench, line, figures)
                measure_killed_server(bench, line, figures)
    print(f"{'':<44}   median      min      max")
    for name, seconds in figures.items():
        print(
            f"{name:<44} {statistics.median(seconds):>6.3f} s {min(seconds):>6.3f} s"
            f" {max(seconds):>6.3f} s"
        )
    print(f"{'budget for the silence, polling 60 values':<44} {polling_budget_s():>6.3f} s")
    print(f"{'budget for the silence, idle':<44} {silence_budget_s(0, BAUDRATE):>6.3f} s")
    return 0


def polling_budget_s() -> float:
    """Longest time until silence is noticed while the scratch values are polled."""
    return silence_budget_s(len(SCRATCH), BAUDRATE)


def measure_cable(bench: Bench, line: NoisyLine, figures: Figures) -> None:
    """Pull the cable, put it back, and make it silent, with and without polling."""
    server = bench.start_server(line.port)
    client = bench.connect(server)
    expect_event(client, Events.DeviceReadyEvent)
    poll(client)

    begin_s = time.monotonic()
    line.unplug()
    expect_event(client, Events.DeviceGoneEvent)
    figures["unplug → DeviceGone"].append(time.monotonic() - begin_s)

    begin_s = time.monotonic()
    line.plug()
    expect_event(client, Events.DeviceReadyEvent)
    figures["replug → DeviceReady"].append(time.monotonic() - begin_s)

    measure_silence(client, line, figures, "idle")
    poll(client)
    measure_silence(client, line, figures, "polling 60 values")
    client.disconnect()
    server.stop()


def poll(client: ScrutinyClient) -> None:
    """Let the server read all scratch values as often as possible."""
    for path in SCRATCH:
        client.watch(path)
    client.wait_new_value_for_all(DEADLINE_S)


def measure_silence(
    client: ScrutinyClient, line: NoisyLine, figures: Figures, activity: str
) -> None:
    """Let the board be silent until it is gone, then let it speak again."""
    begin_s = time.monotonic()
    line.mute()
    expect_event(client, Events.DeviceGoneEvent)
    figures[f"silent → DeviceGone, {activity}"].append(time.monotonic() - begin_s)

    begin_s = time.monotonic()
    line.unmute()
    expect_event(client, Events.DeviceReadyEvent)
    figures["speaks again → DeviceReady"].append(time.monotonic() - begin_s)


def measure_killed_server(bench: Bench, line: NoisyLine, figures: Figures) -> None:
    """Kill a server that polls; the board holds its session when the next server comes."""
    server = bench.start_server(line.port)
    client = bench.connect(server)
    expect_event(client, Events.DeviceReadyEvent)
    poll(client)
    server.kill()
    client.disconnect()

    server = bench.start_server(line.port)
    client = bench.connect(server)
    expect_event(client, Events.DeviceReadyEvent)
    ready_s = time.monotonic()
    figures["kill -9, restart → DeviceReady"].append(ready_s - server.started_s)
    figures["   of it: start until clients can connect"].append(
        server.listening_s - server.started_s
    )
    figures["   of it: handshake, client connected"].append(ready_s - server.listening_s)
    client.disconnect()
    server.stop()


if __name__ == "__main__":
    sys.exit(main())

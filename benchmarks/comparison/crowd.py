"""What many clients cost, and what a server costs that has nothing to do."""

from __future__ import annotations

import sys
import time
from typing import Final

from .exchanges import planned_exchanges
from .rig import QUICK, Rig, line_text
from .rows import USUAL_BUFFER, Rows
from .sides import FAILED, Client, ClientFailed

WATCHED: Final = 100
CLIENTS: Final = (1, 10, 50)
BAUD: Final = 1_000_000
# What is measured is clients that are there. Fifty that start at once take all of two processors.
STARTED_TOGETHER: Final = 5
IDLE_S: Final = 10.0


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    for count in (1, 10) if rig.duration is QUICK else CLIENTS:
        for baud in (BAUD, 0):
            measure_clients(rig, rows, baud, count)
    measure_idle(rig, rows)
    measure_watching(rig, rows)


def measure_clients(rig: Rig, rows: Rows, baud: int, count: int) -> None:
    """Let many clients watch the same variables."""
    line = line_text(baud)
    rig.progress(f"{count} clients: {line}")
    case = f"{line}, {count} clients, {WATCHED} watched"
    at_device = rows.row("clients", f"{case}, device", "requests/s")
    at_clients = rows.row("clients", f"{case}, each client", "updates/s")
    indices = rig.indices("contiguous", WATCHED)
    (exchange,) = planned_exchanges(rig.variables(indices), USUAL_BUFFER)
    job = {
        "paths": rig.paths(indices),
        "seconds": rig.duration.measure_s,
        "settle": rig.duration.settle_s,
    }

    for who, side, board in rig.contenders(baud, USUAL_BUFFER):
        others: list[Client] = []
        try:
            while (missing := count - 1 - len(others)) > 0:
                started = [
                    side.client("poll", **{**job, "seconds": 600.0})
                    for _ in range(min(missing, STARTED_TOGETHER))
                ]
                others += started
                for other in started:
                    other.wait_for("begin")
            outcome = side.do(board, "poll", **job)
        except ClientFailed as reason:
            print(f"{case}: {who} failed: {reason}\n{side.log}", file=sys.stderr)
            outcome = FAILED
        finally:
            for other in others:
                other.kill()
        rate = outcome.device_octets / len(exchange.frame) / outcome.seconds
        at_device.note(who, rate, outcome.server_cpu)
        at_clients.note(who, outcome.result["updates_per_s"])


def measure_idle(rig: Rig, rows: Rows) -> None:
    """Look at servers with a device and without a client."""
    rig.progress("idle")
    share = rows.row("idle", "a device, no client", "% of a core", more_is_better=False)
    memory = rows.row("idle", "memory, a device, no client", "MB", more_is_better=False)
    seconds = rig.duration.measure_s if rig.duration is QUICK else IDLE_S

    for who, side, board in rig.contenders(0, USUAL_BUFFER):
        side.do(board, "poll", paths=[], seconds=0.0, settle=0.0)  # it is ready
        time.sleep(1.0)
        before = side.usage
        time.sleep(seconds)
        after = side.usage
        share.note(who, 100 * after.cpu_share_since(before))
        memory.note(who, after.resident_octets / 1e6)


def measure_watching(rig: Rig, rows: Rows) -> None:
    """Time how long it takes to watch 1,000 variables."""
    rig.progress("watching 1,000")
    row = rows.row("watch", "1,000 paths", "ms", more_is_better=False)
    job = {"paths": rig.paths(rig.indices("scattered", 1000))}
    for who, side, board in rig.contenders(0, USUAL_BUFFER):
        row.note(who, side.do(board, "watch", **job).result["s"] * 1e3)

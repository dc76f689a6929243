"""How old a value is when a client is told, and how long a write takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scrutiny.firmware_link.codes import RESPONSE_OVERHEAD
from scrutiny.firmware_link.messages import MemoryData, WriteMemory

from .exchanges import FORMAT, Exchange, cycle_s, planned_exchanges
from .rig import ELEMENT, QUICK, Rig, line_text
from .rows import BOUND, LOOP, USUAL_BUFFER, Rows

WATCHED: Final = 100
AGE_BAUD: Final = 1_000_000
BATCHES: Final = (100, 1000)  # more than some hundred are too many for the peer


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    measure_ages(rig, rows)
    for baud in (115_200, 0) if rig.duration is QUICK else (115_200, 1_000_000, 3_000_000, 0):
        for watched in (0, WATCHED):
            measure_writes(rig, rows, baud, watched)
        for count in BATCHES:
            measure_batch(rig, rows, baud, count)


def measure_ages(rig: Rig, rows: Rows) -> None:
    """Take the age of a clock among 100 variables."""
    rig.progress("age of a value")
    indices = rig.indices("contiguous", WATCHED - 1)
    exchanges = planned_exchanges([rig.clock, *rig.variables(indices)], USUAL_BUFFER)
    job = {
        "clock": rig.clock.path,
        "paths": rig.paths(indices),
        "seconds": rig.duration.measure_s,
        "settle": rig.duration.settle_s,
    }
    percentiles = ("p50_ms", "p95_ms", "p99_ms")
    case = f"{AGE_BAUD:,} baud, {WATCHED} watched, {{}}"
    found = {
        name: rows.row("age", case.format(name[:3]), "ms", more_is_better=False)
        for name in percentiles
    }
    for row in found.values():
        row.note(BOUND, cycle_s(exchanges, AGE_BAUD) * 1e3)
    for who, side, board in rig.contenders(AGE_BAUD, USUAL_BUFFER):
        outcome = side.do(board, "age", **job)
        for name, row in found.items():
            row.note(who, outcome.result[name], outcome.server_cpu)


def measure_writes(rig: Rig, rows: Rows, baud: int, watched: int) -> None:
    """Time blocking writes of one value, with others watched besides."""
    line = line_text(baud)
    rig.progress(f"writes: {line}, {watched} watched")
    row = rows.row("write", f"{line}, {watched} watched, p50", "ms", more_is_better=False)
    written, *others = rig.indices("contiguous", watched + 1)
    exchange = write_exchange(rig.table_address + ELEMENT * written)
    if baud:
        row.note(BOUND, cycle_s([exchange], baud) * 1e3)
    with rig.board(baud, USUAL_BUFFER) as board:
        rate = rig.loop.run(board.port, [exchange], rig.duration.measure_s)
        row.note(LOOP, 1e3 / rate.requests_per_s)
    job = {
        "written": rig.paths([written])[0],
        "paths": rig.paths(others),
        "seconds": rig.duration.measure_s,
        "settle": rig.duration.settle_s,
    }
    for who, side, board in rig.contenders(baud, USUAL_BUFFER):
        outcome = side.do(board, "write", **job)
        row.note(who, outcome.result["p50_ms"], outcome.server_cpu)


def measure_batch(rig: Rig, rows: Rows, baud: int, count: int) -> None:
    """Time many writes in one batch."""
    line = line_text(baud)
    rig.progress(f"batch of {count}: {line}")
    row = rows.row(
        "batch",
        f"{line}, {count} writes",
        "ms",
        more_is_better=False,
    )
    indices = rig.indices("scattered", count)
    paths = rig.paths(indices)
    if baud:
        addresses = [rig.table_address + ELEMENT * index for index in indices]
        row.note(BOUND, cycle_s(batch_exchanges(addresses, USUAL_BUFFER), baud) * 1e3)
    for who, side, board in rig.contenders(baud, USUAL_BUFFER):
        row.note(who, side.do(board, "batch", paths=paths).result["s"] * 1e3)


def write_exchange(*addresses: int) -> Exchange:
    """Return the request that writes elements, and the size of its answer."""
    message = WriteMemory(tuple(MemoryData(address, bytes(ELEMENT)) for address in addresses))
    head = FORMAT.address_size + 2
    return Exchange(message.request(FORMAT).encode(), RESPONSE_OVERHEAD + head * len(addresses))


def batch_exchanges(addresses: Sequence[int], buffer_size: int) -> list[Exchange]:
    """Return the fewest requests that write all elements, each apart from the others."""
    fitting = buffer_size // (FORMAT.address_size + 2 + ELEMENT)
    starts = range(0, len(addresses), fitting)
    return [write_exchange(*addresses[start : start + fitting]) for start in starts]

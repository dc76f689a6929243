"""How fast much is read: 64 KiB of memory."""

from __future__ import annotations

from typing import Final

from scrutiny.firmware_link.codes import RESPONSE_OVERHEAD
from scrutiny.firmware_link.messages import MemoryBlock, ReadMemory

from .exchanges import FORMAT, Exchange, cycle_s
from .rig import QUICK, Rig, line_text
from .rows import BOUND, LOOP, Rows

SIZE: Final = 64 << 10
BUFFERS: Final = (256, 1024, 4096)
BAUDS: Final = (115_200, 1_000_000, 3_000_000, 0)
UNIT: Final = "KiB/s"


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    is_quick = rig.duration is QUICK
    for baud in BAUDS[1:] if is_quick else BAUDS:
        for buffer_size in (1024,) if is_quick else BUFFERS:
            measure_memory(rig, rows, baud, buffer_size)


def measure_memory(rig: Rig, rows: Rows, baud: int, buffer_size: int) -> None:
    """Read 64 KiB some times."""
    line = line_text(baud)
    rig.progress(f"memory: {line}, buffers of {buffer_size}")
    row = rows.row("memory", f"{line}, 64 KiB, buffers of {buffer_size}", UNIT)
    exchanges = read_exchanges(rig.table_address, buffer_size)
    if baud:
        row.note(BOUND, (SIZE >> 10) / cycle_s(exchanges, baud))
    with rig.board(baud, buffer_size) as board:
        rate = rig.loop.run(board.port, exchanges, rig.duration.measure_s)
        row.note(LOOP, rate.cycles_per_s * (SIZE >> 10))
    job = {
        "address": rig.table_address,
        "size": SIZE,
        "repeats": 1 if 0 < baud < 1_000_000 else 5,
    }
    for who, side, board in rig.contenders(baud, buffer_size):
        outcome = side.do(board, "memory", **job)
        row.note(who, (SIZE >> 10) / outcome.result["s"], outcome.server_cpu)


def read_exchanges(address: int, buffer_size: int) -> list[Exchange]:
    """Return the fewest requests that read all of it."""
    head = FORMAT.address_size + 2
    largest = buffer_size - head
    exchanges: list[Exchange] = []
    for start in range(0, SIZE, largest):
        size = min(largest, SIZE - start)
        frame = ReadMemory((MemoryBlock(address + start, size),)).request(FORMAT).encode()
        exchanges.append(Exchange(frame, RESPONSE_OVERHEAD + head + size))
    return exchanges

"""How fast much is read: 64 KiB of memory, and a recording of as many."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks.fetches import answer_sizes, gapless_s
from scrutiny.firmware_link.codes import RESPONSE_OVERHEAD
from scrutiny.firmware_link.messages import MemoryBlock, ReadMemory
from tests.support.example_board import SCRATCH

from .emission import looking_at
from .exchanges import FORMAT, Exchange, cycle_s
from .rig import QUICK, Rig, line_text
from .rows import BOUND, LOOP, USUAL_BUFFER, Rows

SIZE: Final = 64 << 10
BUFFERS: Final = (256, 1024, 4096)
BAUDS: Final = (115_200, 1_000_000, 3_000_000, 0)
LONGEST_LOOP_S: Final = 4.0  # without a heartbeat, a device ends the session after 5 s
SLOW_BAUD: Final = 1_000_000  # below, once is long enough
READS: Final = 5
RECORDINGS: Final = 3
UNIT: Final = "KiB/s"
SIGNALS: Final = ["/rpv/x1010", *SCRATCH[:14]]  # one of 8 octets, 14 of 4: 64 in an entry


def measure(rig: Rig, rows: Rows) -> None:
    """Measure everything once."""
    is_quick = rig.duration is QUICK
    for baud in BAUDS[1:] if is_quick else BAUDS:
        for buffer_size in (USUAL_BUFFER,) if is_quick or baud == BAUDS[0] else BUFFERS:
            measure_memory(rig, rows, baud, buffer_size)
            measure_recording(rig, rows, baud, buffer_size)


def measure_memory(rig: Rig, rows: Rows, baud: int, buffer_size: int) -> None:
    """Read 64 KiB some times."""
    line = line_text(baud)
    rig.progress(f"memory: {line}, buffers of {buffer_size}")
    row = rows.row("memory", f"{line}, 64 KiB, buffers of {buffer_size}", UNIT)
    exchanges = read_exchanges(rig.table_address, buffer_size)
    if baud:
        row.note(BOUND, (SIZE >> 10) / cycle_s(exchanges, baud))
    if not baud or cycle_s(exchanges, baud) < LONGEST_LOOP_S:
        with rig.board(baud, buffer_size) as board:
            rate = rig.loop.run(board.port, exchanges, rig.duration.measure_s)
            row.note(LOOP, rate.cycles_per_s * (SIZE >> 10))
    job = {
        "address": rig.table_address,
        "size": SIZE,
        "repeats": repeats(baud, READS),
    }
    for who, side, board in rig.contenders(baud, buffer_size):
        outcome = side.do(board, "memory", **job)
        row.note(who, (SIZE >> 10) / outcome.result["s"], outcome.server_cpu)


def measure_recording(rig: Rig, rows: Rows, baud: int, buffer_size: int) -> None:
    """Let a board record some times, and time how long each recording takes to the client."""
    line = line_text(baud)
    rig.progress(f"recording: {line}, buffers of {buffer_size}")
    row = rows.row("recording", f"{line}, 64 KiB, buffers of {buffer_size}", UNIT)
    told = rows.row("recording", f"{line}, told after the last octet", "ms", more_is_better=False)
    answers = answer_sizes(SIZE, buffer_size)
    if baud:
        row.note(BOUND, (SIZE >> 10) / gapless_s(baud, answers))
    for who, side, board in rig.contenders(baud, buffer_size, "--datalog-size", f"{SIZE}"):
        taken_s: list[float] = []
        behind_s: list[float] = []
        cpu: list[float] = []
        for _ in range(repeats(baud, RECORDINGS)):
            with looking_at(board.pid) as emission:
                outcome = side.do(board, "record", signals=SIGNALS)
            told_s = outcome.result["told_s"]
            begin_s, end_s = emission.of_last(sum(answers), told_s)
            taken_s.append(end_s - begin_s)
            behind_s.append(told_s - end_s)
            cpu.append(outcome.server_cpu)
        row.note(who, (SIZE >> 10) / median(taken_s), median(cpu))
        told.note(who, 1e3 * median(behind_s))


def repeats(baud: int, usual: int) -> int:
    """Return how often something is measured of which the middle is taken."""
    return 1 if 0 < baud < SLOW_BAUD else usual


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

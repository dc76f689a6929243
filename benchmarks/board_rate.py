"""How much of a line of 115,200 baud is left for values, on an emulated microcontroller.

One run measures, in turn, on two boards of the same kind behind lines of the same pace:

- the ceiling: a loop that writes a frame made beforehand and reads the answer, in one process;
- the server, a process of its own, with one client that watches the same 256 numbers of 32 bits,
  side by side in memory.

Values are counted on the line, by the requests for them. Then the client writes a value again and
again, each time until the board has confirmed it, while it watches that value only, and while it
watches all.

    python benchmarks/board_rate.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.measured import MeasuredProcess, MeasuredServer  # noqa: E402
from benchmarks.paced_line import Passage, read_notes  # noqa: E402
from benchmarks.raw_port import RawPort  # noqa: E402
from scrutiny.firmware_link.codes import (  # noqa: E402
    REQUEST_OVERHEAD,
    RESPONSE_OVERHEAD,
    Command,
    MemoryControlFunction,
)
from scrutiny.firmware_link.exchange import BITS_PER_OCTET  # noqa: E402
from scrutiny.firmware_link.frames import Request  # noqa: E402
from scrutiny.sdk.client import ScrutinyClient  # noqa: E402
from scrutiny.sfd.store import DescriptionStore  # noqa: E402
from tests.support.board_kinds import BOARD_KINDS, BoardKind, BuiltFirmware  # noqa: E402
from tests.support.processes import DEADLINE_S  # noqa: E402
from tests.support.small_package import write_package  # noqa: E402

VALUE_COUNT: Final = 256
VALUE_SIZE: Final = 4
ARRAY: Final = "/block/value/value"
PATHS: Final = [f"{ARRAY}[{index}]" for index in range(VALUE_COUNT)]
BUFFER: Final = "datalog_buffer"  # so much memory in one piece that nobody else uses

ADDRESS_SIZE: Final = 4
BLOCK_HEAD_SIZE: Final = ADDRESS_SIZE + 2
ANSWER_MAX: Final = 1024  # of the board
READ: Final = (Command.MEMORY_CONTROL, MemoryControlFunction.READ)

SETTLE_S: Final = 0.3


def main() -> int:
    """Print the tables."""
    arguments = parse_arguments()
    if arguments.nice:
        os.nice(arguments.nice)  # the processes started from here on inherit it
    kind = next(kind for kind in BOARD_KINDS if kind.name == arguments.board)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        report = measure(kind, arguments, Path(folder), stack)
    print_rates(report, arguments.baud)
    print_writes(report)
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--board", default="mps2-an385", choices=[k.name for k in BOARD_KINDS])
    parser.add_argument("--baud", type=int, default=115_200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each, up to 4")
    parser.add_argument("--writes", type=int, default=300)
    parser.add_argument("--nice", type=int, default=0, help="-5 on a busy machine, as root")
    return parser.parse_args()


@dataclass(slots=True)
class Report:
    """What was measured.

    Attributes:
        loop, server: values per second, round by round.
        cpu: share of a core that the server used, round by round.
        writes_s: seconds of each write, by what was watched meanwhile.
        retries: requests that the server had to repeat.
    """

    loop: list[float] = field(default_factory=list[float])
    server: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    writes_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which values were polled, `time.monotonic_ns`."""

    begin_ns: int
    end_ns: int

    def values_per_s(self, passages: Sequence[Passage]) -> float:
        """Return how many were asked for, according to what passed the line.

        From the first request to the last: a window ends anywhere between two.
        """
        inside = [p for p in passages if self.begin_ns <= p.time_ns < self.end_ns]
        values = sum(values_of(passage.octets) for passage in inside[:-1])
        return values * 1e9 / (inside[-1].time_ns - inside[0].time_ns)


def values_of(octets: bytes) -> int:
    """Return how many values some requests ask for."""
    values = 0
    while len(octets) >= REQUEST_OVERHEAD:
        size = int.from_bytes(octets[2:4], "big")
        blocks = octets[4 : 4 + size]
        if (octets[0], octets[1]) == READ:
            for begin in range(0, size, BLOCK_HEAD_SIZE):
                head = blocks[begin : begin + BLOCK_HEAD_SIZE]
                values += int.from_bytes(head[ADDRESS_SIZE:], "big") // VALUE_SIZE
        octets = octets[REQUEST_OVERHEAD + size :]
    return values


# --- The processes ------------------------------------------------------------------------------


class Line(MeasuredProcess):
    """A line in front of a board.

    Attributes:
        port: of the server or the loop.
    """

    def __init__(self, board: Path, baud: int, folder: Path) -> None:
        self.port = folder / "port"
        self._notes = folder / "notes"
        script = ROOT / "benchmarks" / "paced_line.py"
        super().__init__([sys.executable, *map(str, (script, self.port, board, baud, self._notes))])
        try:
            self.wait_for_line("^ready$")
        except BaseException:
            self.kill()
            raise

    def end(self) -> list[Passage]:
        """End it, and return what it has noted."""
        assert self.stop() == 0, self.lines
        return read_notes(self._notes)


def start_line(
    kind: BoardKind, firmware: BuiltFirmware, baud: int, folder: Path, stack: ExitStack
) -> Line:
    """Start a board with a line in front of it."""
    folder.mkdir()
    board = kind.start(firmware, folder)
    stack.callback(board.kill)
    line = Line(board.port, baud, folder)
    stack.callback(line.kill)
    return line


def describe(firmware: BuiltFirmware, target: Path) -> Path:
    """Write a description that has the 256 numbers only."""
    with zipfile.ZipFile(firmware.description) as archive:
        firmware_id = archive.read("firmwareid").decode().strip()
    array = {"dims": [VALUE_COUNT], "byte_size": VALUE_SIZE}
    variable = {
        "type_id": "0",
        "addr": firmware.symbols()[BUFFER],
        "array_segments": {ARRAY: array},
    }
    content = {
        "endianness": "little",
        "char_bit": 8,
        "type_map": {"0": {"name": "uint32_t", "type": "uint32"}},
        "enums": {},
        "variables": {ARRAY: variable},
    }
    return write_package(target, firmware_id, content)


# --- The measurements ---------------------------------------------------------------------------


def measure(
    kind: BoardKind, arguments: argparse.Namespace, folder: Path, stack: ExitStack
) -> Report:
    """Start all processes, and measure in turn."""
    report = Report()
    firmware = kind.build()
    loop_line = start_line(kind, firmware, arguments.baud, folder / "loop", stack)
    line = start_line(kind, firmware, arguments.baud, folder / "server", stack)
    DescriptionStore(folder / "data" / "server").install(describe(firmware, folder / "x.sfd"))
    link = f"serial:{line.port}?baudrate={arguments.baud}"
    server = MeasuredServer(folder, "--link", link)
    stack.callback(server.kill)
    client = stack.enter_context(ScrutinyClient().connect("127.0.0.1", server.tcp_port))
    while client.get_loaded_sfd() is None:
        client.wait_server_status_update(DEADLINE_S)

    report.writes_s["that value"] = time_writes(client, arguments.writes)
    requests = block_requests(firmware.symbols()[BUFFER])
    loop_windows: list[Window] = []
    windows: list[Window] = []
    for _ in range(arguments.rounds):
        loop_windows.append(poll_by_loop(loop_line, requests, arguments.seconds))
        handles = client.watch_many(PATHS)
        client.wait_new_value_for_all(DEADLINE_S)
        time.sleep(SETTLE_S)
        before = server.usage
        windows.append(sleep_for(arguments.seconds))
        report.cpu.append(server.usage.cpu_share_since(before))
        for handle in handles:
            handle.unwatch()
    client.watch_many(PATHS)
    client.wait_new_value_for_all(DEADLINE_S)
    report.writes_s["all values"] = time_writes(client, arguments.writes // 10)
    report.retries = client.get_server_stats().device_retry_count
    client.disconnect()

    loop_passages, passages = loop_line.end(), line.end()
    report.loop = [window.values_per_s(loop_passages) for window in loop_windows]
    report.server = [window.values_per_s(passages) for window in windows]
    return report


def block_requests(address: int) -> list[tuple[bytes, int]]:
    """Return as few requests as the answers have room for, each with the size of its answer."""
    requests: list[tuple[bytes, int]] = []
    rest = VALUE_COUNT * VALUE_SIZE
    while rest:
        size = min(rest, (ANSWER_MAX - BLOCK_HEAD_SIZE) // VALUE_SIZE * VALUE_SIZE)
        payload = address.to_bytes(ADDRESS_SIZE, "big") + size.to_bytes(2, "big")
        answer_size = RESPONSE_OVERHEAD + BLOCK_HEAD_SIZE + size
        requests.append((Request(*READ, payload).encode(), answer_size))
        address += size
        rest -= size
    return requests


def poll_by_loop(line: Line, requests: Sequence[tuple[bytes, int]], seconds: float) -> Window:
    """Ask for all values again and again."""
    port = RawPort(line.port)
    try:
        begin_ns = time.monotonic_ns()
        port.cycle(requests, seconds)
        return Window(begin_ns, time.monotonic_ns())
    finally:
        port.close()


def sleep_for(seconds: float) -> Window:
    """Let the others work."""
    begin_ns = time.monotonic_ns()
    time.sleep(seconds)
    return Window(begin_ns, time.monotonic_ns())


def time_writes(client: ScrutinyClient, count: int) -> list[float]:
    """Return how long writes take until they are confirmed, each in seconds."""
    handle = client.watch(PATHS[0])
    handle.wait_update(DEADLINE_S)
    times_s: list[float] = []
    for number in range(count):
        begin_s = time.perf_counter()
        handle.value = number
        times_s.append(time.perf_counter() - begin_s)
    handle.unwatch()
    return times_s


# --- The report ---------------------------------------------------------------------------------


def print_rates(report: Report, baud: int) -> None:
    """Print values per second: medians, with the quartiles in brackets."""
    line = baud / BITS_PER_OCTET / VALUE_SIZE
    ratios = [server / loop for server, loop in zip(report.server, report.loop, strict=True)]
    print("polled by       values/s                 share of the line  of the loop        CPU")
    print(f"line            {line:,.0f}")
    loop = statistics.median(report.loop)
    print(f"loop            {spread(report.loop, ',.0f'):24} {loop / line:17.1%}")
    server = statistics.median(report.server)
    print(
        f"server          {spread(report.server, ',.0f'):24} {server / line:17.1%}"
        f"  {spread(ratios, '.3f'):18} {statistics.median(report.cpu):3.0%}"
    )
    if report.retries:
        print(f"The server had to repeat {report.retries} requests: the machine is busy.")


def print_writes(report: Report) -> None:
    """Print how long writes take."""
    print("\nwatched meanwhile  write p50  p90, ms")
    for watched, times_s in report.writes_s.items():
        p50 = statistics.median(times_s) * 1e3
        p90 = statistics.quantiles(times_s, n=10)[-1] * 1e3
        print(f"{watched:18} {p50:9.2f}  {p90:.2f}")


def spread(numbers: Sequence[float], form: str) -> str:
    """Return the median, with the quartiles in brackets if there are any."""
    middle = statistics.median(numbers)
    if len(numbers) < 4:
        return f"{middle:{form}}"
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{middle:{form}} [{low:{form}} to {high:{form}}]"


if __name__ == "__main__":
    sys.exit(main())

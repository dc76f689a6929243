"""What it costs when a board has no time for its UART: octets lost, requests repeated, sessions.

Each emulated board is busy with something else half of the time, with interrupts off, and a little
longer each time than its UART has room for at 115,200 baud. The AVR loses octets by itself, as on
silicon; for the others, whose emulator waits, the line in front of them does. A client polls four
values and writes them all the time, and every value that is read has to be the one confirmed last.
The server reaches the line over TCP: a busy machine holds up the octets of a terminal.

    python benchmarks/overrun.py --exchanges 10000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from tests.support.board_desk import BoardDesk  # noqa: E402
from tests.support.board_kinds import BOARD_KINDS, BoardKind  # noqa: E402
from tests.support.example_board import SCRATCH, CannotBuild  # noqa: E402
from tests.support.exchange_counter import ExchangeCounter  # noqa: E402
from tests.support.workload import Workload, WorkloadReport  # noqa: E402

HEADER: Final = (
    "board           off    exchanges  seconds  octets lost  retries  given up  confirmed  unknown"
    "  sessions lost"
)
SLICE_S: Final = 1.0


def main() -> int:
    """Print the table; the exit code is 1 if a session ended or a value was wrong."""
    arguments = parse_arguments()
    is_good = True
    print(HEADER)
    for kind in arguments.boards:
        with tempfile.TemporaryDirectory() as folder:
            try:
                is_good &= measure(kind, Path(folder), arguments.exchanges)
            except CannotBuild as error:
                print(f"{kind.name:15} {error}")
    return 0 if is_good else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    kinds = {kind.name: kind for kind in BOARD_KINDS if kind.busy_us}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--exchanges", type=int, default=10_000, help="with each board")
    parser.add_argument("--boards", nargs="+", choices=kinds, default=list(kinds))
    arguments = parser.parse_args()
    arguments.boards = [kinds[name] for name in arguments.boards]
    return arguments


def measure(kind: BoardKind, folder: Path, exchange_count: int) -> bool:
    """Print the line of one board; return whether all went well."""
    with BoardDesk(kind, kind.build(), folder, over_tcp=True) as desk:
        client = desk.begin()
        workload = Workload(client, SCRATCH[:4])
        desk.make_busy(client)
        overruns_before = desk.overruns
        exchanges = ExchangeCounter(desk.line)
        begin_s = time.monotonic()
        reports: list[WorkloadReport] = []
        while exchanges.count < exchange_count:
            reports.append(workload.run(SLICE_S))
        seconds = time.monotonic() - begin_s
        wrong = [text for report in reports for text in report.contradictions]
        wrong += workload.check_all()
        lost = desk.overruns - overruns_before
    print_line(kind, exchanges.count, seconds, lost, reports)
    for text in wrong:
        print(f"        WRONG: {text}")
    return not wrong and not any(report.device_gone for report in reports)


def print_line(
    kind: BoardKind, exchanges: int, seconds: float, lost: int, reports: Sequence[WorkloadReport]
) -> None:
    """Print the sums over all parts of a run."""
    print(
        f"{kind.name:15} {kind.busy_us:3} µs {exchanges:9,} {seconds:8.1f} {lost:12,}"
        f" {sum(report.retries for report in reports):8,}"
        f" {sum(report.failed_requests for report in reports):9,}"
        f" {sum(report.confirmed for report in reports):10,}"
        f" {sum(report.unknown for report in reports):8,}"
        f" {sum(report.device_gone for report in reports):14,}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())

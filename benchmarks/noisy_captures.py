"""What a bad line costs a recording: time, never a wrong sample.

The example firmware and the server run as processes, with a line between them that flips, drops and
doubles octets both ways. A client has a tick counter recorded, again and again, and looks at each
sample. A recording may fail, with a reason; how often each reason was given is told.

    python benchmarks/noisy_captures.py --seconds 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.fetches import answer_sizes  # noqa: E402
from benchmarks.line_noise import kinds_of_faults, noise_parser  # noqa: E402
from scrutiny.firmware_link.messages import BEFORE_PARAMS, ReadAcquisition  # noqa: E402
from scrutiny.firmware_link.simulator.faults import (  # noqa: E402
    Direction,
    FaultSettings,
)
from tests.support.bench import Bench  # noqa: E402
from tests.support.capture_workload import CaptureReport, CaptureWorkload  # noqa: E402
from tests.support.example_board import build_board  # noqa: E402
from tests.support.noisy_line import NoisyLine  # noqa: E402
from tests.support.processes import DEADLINE_S  # noqa: E402

HEADER: Final = (
    "baud    faults     per octet  right  failed  wrong  s/capture   ratio  passes  retries  gone"
    "  injected"
)


def main() -> int:
    """Print the table; the exit code is 1 if a sample was wrong, or a recording never ended."""
    arguments = parse_arguments()
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder) / "build")
        print(f"{arguments.size} octets in chunks of {arguments.tx_size}, seed {arguments.seed}")
        print(HEADER)
        for baud in arguments.baud:
            with Bench(program, Path(folder)) as bench:
                is_good &= measure(bench, baud, arguments)
    return 0 if is_good else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = noise_parser(__doc__.splitlines()[0] if __doc__ else "", 60.0)
    parser.add_argument("--size", type=int, default=8192, help="octets of a recording")
    parser.add_argument("--tx-size", type=int, default=128, help="largest payload of the device")
    return parser.parse_args()


def measure(bench: Bench, baud: int, arguments: argparse.Namespace) -> bool:
    """Print the lines of one speed, the clean line first; return whether all went well."""
    size, tx_size = arguments.size, arguments.tx_size
    board = bench.start_board(
        *("--baud", f"{baud}", "--datalog-size", f"{size}", "--tx-size", f"{tx_size}")
    )
    line = bench.connect_line(board)
    requests = ChunkRequests(line)
    client = bench.connect(bench.start_server(line.port, baud or 115_200))
    client.wait_device_ready(DEADLINE_S)
    workload = CaptureWorkload(client, size)
    requests_of_a_pass = len(answer_sizes(size, tx_size))
    is_good = True
    clean_s = 0.0
    for name, faults in kinds_of_faults(arguments.one_in).items():
        faults_before, requests.count = line.counts.faults, 0
        line.set_faults(FaultSettings(faults, faults, seed=arguments.seed))
        report = workload.run(arguments.seconds)
        line.set_faults(None)
        injected = line.counts.faults - faults_before
        clean_s = clean_s or report.usual_s
        passes = requests.count / requests_of_a_pass / max(report.count, 1)
        print(
            f"{baud or 'full':<7} {name:<10} {f'1/{arguments.one_in}' if injected else '-':<10}"
            f"{len(report.durations_s):>6} {report.failures.total():>7} {len(report.wrong):>6}"
            f" {report.usual_s:>10.2f} {report.usual_s / clean_s:>7.2f} {passes:>7.2f}"
            f" {report.retries:>8} {report.device_gone:>5} {injected:>9}",
            flush=True,
        )
        print_reasons(report)
        is_good &= not report.wrong
    return is_good


def print_reasons(report: CaptureReport) -> None:
    """Print why recordings failed, and what was wrong."""
    for reason, count in report.failures.most_common():
        print(f"        {count} x {reason}")
    for text in report.wrong:
        print(f"        WRONG: {text}")


class ChunkRequests:
    """Counts the requests for chunks that a server sends, before the line damages them."""

    def __init__(self, line: NoisyLine) -> None:
        self.count = 0
        self._frame = ReadAcquisition().request(BEFORE_PARAMS).encode()
        line.on_octets = self._note

    def _note(self, direction: Direction, data: bytes) -> None:
        if direction is Direction.TO_DEVICE:
            self.count += data.count(self._frame)  # it is written in one piece


if __name__ == "__main__":
    sys.exit(main())

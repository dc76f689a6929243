"""What a bad line costs: polling speed, repeated requests, and the fate of every write.

The example firmware and the server run as processes, with a line between them that flips, drops and
doubles octets both ways. A client polls 60 values and writes all the time.

    python benchmarks/noise.py --seconds 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from benchmarks.line_noise import kinds_of_faults, noise_parser  # noqa: E402
from scrutiny.firmware_link.simulator.faults import FaultSettings  # noqa: E402
from tests.support.bench import Bench  # noqa: E402
from tests.support.example_board import SCRATCH, build_board  # noqa: E402
from tests.support.noisy_line import NoisyLine  # noqa: E402
from tests.support.workload import Workload, WorkloadReport  # noqa: E402

HEADER: Final = (
    "baud    faults      per octet     polls/s   ratio   confirmed  refused  unknown  retries"
    "  given up  gone  injected"
)


def main() -> int:
    """Print the table; the exit code is 1 if a session ended or a value was wrong."""
    arguments = parse_arguments()
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder) / "build")
        print(HEADER)
        for baud in arguments.baud:
            with Bench(program, Path(folder)) as bench:
                is_good &= measure(bench, baud, arguments.seconds, arguments.one_in, arguments.seed)
    return 0 if is_good else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = noise_parser(__doc__.splitlines()[0] if __doc__ else "", 10.0)
    return parser.parse_args()


def measure(bench: Bench, baud: int, seconds: float, one_in: int, seed: int) -> bool:
    """Print the lines of one speed, the clean line first; return whether all went well."""
    line = bench.connect_line(bench.start_board("--baud", str(baud)))
    client = bench.connect(bench.start_server(line.port))
    workload = Workload(client, SCRATCH)
    is_good = True
    clean_polls_per_s = 0.0
    for name, faults in kinds_of_faults(one_in).items():
        report, injected = run(workload, line, FaultSettings(faults, faults, seed=seed), seconds)
        clean_polls_per_s = clean_polls_per_s or report.polls_per_s
        ratio = report.polls_per_s / clean_polls_per_s
        print(
            f"{baud or 'full':<7} {name:<11} {f'1/{one_in}' if name != 'none' else '-':<11}"
            f"{report.polls_per_s:>10.1f} {ratio:>7.1%} {report.confirmed:>11} {report.refused:>8}"
            f" {report.unknown:>8} {report.retries:>8} {report.failed_requests:>9}"
            f" {report.device_gone:>5} {injected:>9}",
            flush=True,
        )
        for text in report.contradictions:
            print(f"        WRONG: {text}")
        is_good &= report.device_gone == 0 and not report.contradictions
    return is_good


def run(
    workload: Workload, line: NoisyLine, faults: FaultSettings, seconds: float
) -> tuple[WorkloadReport, int]:
    """Work over a line with faults; return what came of it, and how many octets met a fault."""
    before = line.counts.faults
    line.set_faults(faults)
    report = workload.run(seconds)
    line.set_faults(None)
    report.contradictions += workload.check_all()
    return report, line.counts.faults - before


if __name__ == "__main__":
    sys.exit(main())

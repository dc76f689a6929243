"""Instructions of scrutiny_loop_run() on an emulated Cortex-M3, iteration by iteration.

What a recording costs the control loop it is made in, for many kinds of signals and triggers; see
loop_cost.c. The emulator counts instructions, so that the figures are the same in every run and on
every machine. They depend on the compiler, and to a small part on its C library.

    python benchmarks/loop_cost.py                        -Os, as most firmware is built
    python benchmarks/loop_cost.py --optimization=-O2
    python benchmarks/loop_cost.py --core cortex-m0       without unaligned accesses and division
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from tests.support.cortex_m3 import build_for_cortex_m3, run_on_cortex_m3  # noqa: E402
from tests.support.example_board import CannotBuild  # noqa: E402

PHASES: Final = ("configured", "armed", "fires", "triggered", "completes", "completed")
PROGRAM: Final = ROOT / "benchmarks" / "loop_cost.c"


@dataclass(frozen=True, slots=True)
class Cost:
    """Instructions of the iterations of one phase; a phase is the state they end in.

    Attributes:
        case: what is recorded and compared.
        phase: one of `PHASES`; nothing for a loop that records nothing.
        least: of the cheapest iteration.
        most: of the dearest one.
        iterations: how many there were.
    """

    case: str
    phase: str
    least: int
    most: int
    iterations: int


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--optimization", default="-Os", help="of the compiler (-Os)")
    parser.add_argument("--core", default="cortex-m3", help="its instructions are used (cortex-m3)")
    arguments = parser.parse_args()
    try:
        costs = measure(arguments.optimization, arguments.core)
    except CannotBuild as reason:
        print(f"{reason}: sh tools/install_system_packages.sh test", file=sys.stderr)
        return 2
    print_table(costs)
    return 0


def measure(optimization: str = "-Os", core: str = "cortex-m3") -> list[Cost]:
    """Build the program, run it, and return what it has counted.

    Raises:
        CannotBuild: a tool is missing on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = build_for_cortex_m3(Path(folder), PROGRAM, optimization=optimization, core=core)
        status, lines = run_on_cortex_m3(program)
    assert status == 0, lines
    return [_to_cost(line) for line in lines]


def print_table(costs: Iterable[Cost]) -> None:
    """Print a line per case: least and most of each phase."""
    rows: dict[str, dict[str, str]] = {}
    for cost in costs:
        text = str(cost.most) if cost.least == cost.most else f"{cost.least} to {cost.most}"
        rows.setdefault(cost.case, {})[cost.phase or PHASES[-1]] = text
    width = max(map(len, rows))
    print("instructions".ljust(width), *(phase.rjust(14) for phase in PHASES))
    for case, row in rows.items():
        print(case.ljust(width), *(row.get(phase, "").rjust(14) for phase in PHASES))


def _to_cost(line: str) -> Cost:
    case, phase, least, most, iterations = line.split(";")
    return Cost(case, phase, int(least), int(most), int(iterations))


if __name__ == "__main__":
    sys.exit(main())

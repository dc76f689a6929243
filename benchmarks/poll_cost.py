"""Instructions of scrutiny_poll() and scrutiny_receive() on an emulated Cortex-M3.

The dearest call for each kind of request, with and without a limit of octets per poll; see
poll_cost.c. The emulator counts instructions, so that the figures are the same in every run and on
every machine. They depend on the compiler.

    python benchmarks/poll_cost.py                        -Os, as most firmware is built
    python benchmarks/poll_cost.py --optimization=-O2
    python benchmarks/poll_cost.py --write                renew the table in docs/footprint.md
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
from tools.footprint import PAGE, with_table  # noqa: E402

PROGRAM: Final = ROOT / "benchmarks" / "poll_cost.c"
LIMIT: Final = 8
"""Octets per poll, as in the program."""
HEAD: Final = (
    f"| Request, or what arrives | Dearest poll | {LIMIT} octets per poll | before the last |"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Instructions of the dearest call.

    Attributes:
        case: what is requested, or arrives.
        most: without a limit.
        most_limited: with `LIMIT` octets per poll.
        most_before: the same, of all polls but the last, in which the request is executed; 0 where
            there is but one.
    """

    case: str
    most: int
    most_limited: int
    most_before: int


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--optimization", default="-Os", help="of the compiler (-Os)")
    parser.add_argument("--write", action="store_true", help="renew the table of the documentation")
    arguments = parser.parse_args()
    try:
        costs = measure(arguments.optimization)
    except CannotBuild as reason:
        print(f"{reason}: sh tools/install_system_packages.sh test", file=sys.stderr)
        return 2
    print(table(costs))
    if arguments.write:
        PAGE.write_text(with_table(PAGE.read_text(), table(costs)))
    return 0


def measure(optimization: str = "-Os") -> list[Cost]:
    """Build the program, run it, and return what it has counted.

    Raises:
        CannotBuild: a tool is missing on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = build_for_cortex_m3(Path(folder), PROGRAM, optimization=optimization)
        status, lines = run_on_cortex_m3(program)
    assert status == 0, lines
    return [_to_cost(line) for line in lines]


def table(costs: Iterable[Cost]) -> str:
    """Return the table of the documentation, in Markdown."""
    rows = [
        f"| {cost.case} | {cost.most:,} | {cost.most_limited:,} "
        f"| {f'{cost.most_before:,}' if cost.most_before else ''} |"
        for cost in costs
    ]
    return "\n".join([HEAD, "|---|--:|--:|--:|", *rows])


def _to_cost(line: str) -> Cost:
    case, most, most_limited, most_before = line.split(";")
    return Cost(case, int(most), int(most_limited), int(most_before))


if __name__ == "__main__":
    sys.exit(main())

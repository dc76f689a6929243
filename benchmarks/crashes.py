"""A server that is killed at random moments, and whether all that its clients were told is true.

The example firmware and the server run as processes. One client records, as fast as it goes; one
lists, reads, renames and deletes what is stored; one listens. Then the server gets SIGKILL, and the
database is compared with what the clients know: SQLite has to find it in order, what was announced
and not deleted has to be there, each sample of it, and each change that was confirmed.

    python benchmarks/crashes.py --kills 200
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of a checkout that is not installed

from tests.support.crash_rounds import CrashRounds, spread  # noqa: E402
from tests.support.example_board import build_board  # noqa: E402


def main() -> int:
    """Print the table; the exit code is 1 if something was not as clients were told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="other moments for another number")
    arguments = parser.parse_args()
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder) / "build")
        with CrashRounds(program, Path(folder), arguments.seed) as rounds:
            for number in range(arguments.kills):
                if sys.stderr.isatty():
                    print(f"\rkill {number + 1}", end="", file=sys.stderr, flush=True)
                rounds.kill_one()
            rounds.end_well()
    print("\r", end="", file=sys.stderr)
    print(f"seed {arguments.seed}, {time.monotonic() - begin_s:.0f} s")
    print(text_of(rounds))
    return 1 if rounds.ledger.problems else 0


def text_of(rounds: CrashRounds) -> str:
    """Return what happened, and what is wrong."""
    ledger, autopsy = rounds.ledger, rounds.autopsy
    lines = [
        _row("kills", f"{rounds.moments.total()}"),
        _row("  at a moment since", _counts(rounds.moments)),
        _row("  the datalogger was", _counts(rounds.states)),
        _row("  not answered yet", _counts(rounds.under_way)),
        _row("answered before", _counts(ledger.answered)),
        _row("in doubt, then done", _counts(_of(autopsy.in_doubt, True))),
        _row("in doubt, not done", _counts(_of(autopsy.in_doubt, False))),
        _row("databases in order", f"{autopsy.good_count} of {autopsy.look_count}"),
        _row("acquisitions", f"{len(ledger.entries)} stored, {ledger.deleted_count} deleted"),
        _row("  compared", f"{autopsy.checked_count} times, sample by sample"),
        _row("start to connection", spread(rounds.listening_s)),
        _row("start to recording", spread(rounds.recorded_s)),
        _row("WRONG", f"{len(ledger.problems)}"),
    ]
    return "\n".join([*lines, *(f"  {problem}" for problem in ledger.problems[:50])])


def _row(what: str, text: str) -> str:
    return f"{what:<22}{text}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.most_common()) or "-"


def _of(counts: Counter[tuple[str, bool]], wanted: bool) -> Counter[str]:
    return Counter(
        {what: count for (what, was_done), count in counts.items() if was_done is wanted}
    )


if __name__ == "__main__":
    sys.exit(main())

"""Measure everything in one run, and print the table.

python -m benchmarks.comparison                    an hour
python -m benchmarks.comparison --quick            three minutes
python -m benchmarks.comparison --only polling
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.measured import MachineLoad
from tests.support.token_folder import share_tokens

from . import bulk, crowd, latency, life, polling
from .report import table_of, write_json
from .rig import FULL, QUICK, Rig
from .rows import Rows

SCENARIOS: Final = {
    "polling": polling.measure,
    "latency": latency.measure,
    "bulk": bulk.measure,
    "crowd": crowd.measure,
    "life": life.measure,
}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="once, shorter, and less of all")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="default: all")
    parser.add_argument("--no-peer", action="store_true", help="without the stock server")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures")
    arguments = parser.parse_args()
    share_tokens()
    duration = QUICK if arguments.quick else FULL
    wanted = [SCENARIOS[name] for name in arguments.only or SCENARIOS]
    rows = Rows()
    load = MachineLoad()
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), duration, with_peer=not arguments.no_peer)
        for _ in range(duration.rounds):
            for measure in wanted:
                measure(rig, rows)
    rig.progress("\r")
    noise = load.of_others()
    print(table_of(rows.all))
    print(f"Other processes have used {noise:.0%} of one of {os.cpu_count()} processors.")
    if arguments.json is not None:
        write_json(arguments.json, rows.all, noise)
    return 0


if __name__ == "__main__":
    sys.exit(main())

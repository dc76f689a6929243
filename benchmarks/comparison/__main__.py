"""Measure everything in one run, and print the table.

python -m benchmarks.comparison                    twenty minutes
python -m benchmarks.comparison --quick            three minutes
python -m benchmarks.comparison --only polling
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.measured import MachineLoad, awake
from tests.support.example_board import ROOT
from tests.support.token_folder import share_tokens

from . import bulk, crowd, descriptions, latency, life, polling
from .picture import draw
from .report import table_of, write_json
from .rig import FULL, QUICK, Rig
from .rows import OURS, Rows

SCENARIOS: Final = {
    "polling": polling.measure,
    "latency": latency.measure,
    "bulk": bulk.measure,
    "crowd": crowd.measure,
    "life": life.measure,
    "descriptions": descriptions.measure,
}


def keep_bytecode() -> None:
    """Let servers start as those that are installed do: compiled once, not each time."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / "build" / "bytecode")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="once, shorter, and less of all")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="default: all")
    parser.add_argument("--no-peer", action="store_true", help="without the stock server")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw them: .svg, .png, .pdf")
    arguments = parser.parse_args()
    share_tokens()
    keep_bytecode()
    duration = QUICK if arguments.quick else FULL
    wanted = [SCENARIOS[name] for name in arguments.only or SCENARIOS]
    rows = Rows()
    load = MachineLoad()
    with awake(os.sched_getaffinity(0)), tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), duration, with_peer=not arguments.no_peer)
        for _ in range(duration.rounds):
            for measure in wanted:
                measure(rig, rows)
                if arguments.json is not None:  # whoever has no patience has what there is
                    write_json(arguments.json, rows.all, noise=math.nan)
    rig.progress("\r")
    noise = load.of_others()
    print(table_of(rows.all))
    print(f"Other processes have used {noise:.0%} of one of {os.cpu_count()} processors.")
    if arguments.json is not None:
        write_json(arguments.json, rows.all, noise)
    if arguments.picture is not None:
        draw(rows.all, arguments.picture)
    return 1 if any(map(math.isnan, rows.figures_of(OURS))) else 0


if __name__ == "__main__":
    sys.exit(main())

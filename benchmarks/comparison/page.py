"""Put the figures of a run into the documentation: its tables, its picture, and all of them.

python -m benchmarks.comparison.page build/bench.json
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.example_board import ROOT

from .picture import draw
from .report import markdown_of, read_json
from .rows import POLLING, USUAL_BUFFER, Row

PAGE: Final = ROOT / "docs" / "performance.md"
FIGURES: Final = PAGE.with_suffix(".json")
PICTURE: Final = PAGE.with_suffix(".svg")
_TABLE: Final = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("json", type=Path, help="what `make bench` has written")
    arguments = parser.parse_args()
    rows, _ = read_json(arguments.json)
    if arguments.json.resolve() != FIGURES:
        shutil.copy(arguments.json, FIGURES)
    PAGE.write_text(filled(PAGE.read_text(), rows))
    draw(rows, PICTURE)
    return 0


def filled(page: str, rows: Sequence[Row]) -> str:
    """Return the page with the tables of these rows; each is between two comments."""
    return _TABLE.sub(lambda place: f"{place[1]}\n{_table(place[2], rows)}\n\n{place[3]}", page)


def _table(scenario: str, rows: Sequence[Row]) -> str:
    shown = [row for row in rows if row.scenario == scenario]
    if scenario == POLLING:
        shown = [row for row in shown if row.case.endswith(f"buffers of {USUAL_BUFFER}")]
    return markdown_of(shown)


if __name__ == "__main__":
    sys.exit(main())

"""No iteration of a control loop takes longer than the documentation says, on a Cortex-M3.

The figures are those of docs/recording-cost.md; other versions of the compiler may take a quarter
more.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import pytest

from benchmarks.loop_cost import PHASES, ROOT, Cost, measure
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run

HEADROOM: Final = 1.25
HEAD: Final = f"| Recorded, and what fires the trigger | {' | '.join(PHASES)} |"


@cache
def measured(optimization: str) -> tuple[Cost, ...]:
    try:
        return tuple(measure(optimization))
    except CannotBuild as reason:
        cannot_run(f"{reason}")


def documented() -> dict[tuple[str, str], int]:
    """Return the instructions of the table, by case and phase."""
    text = (ROOT / "docs" / "recording-cost.md").read_text()
    table = re.search(re.escape(HEAD) + r"\n\|[-:|]+\|\n((?:\|.*\n)+)", text)
    assert table is not None, "the table is gone"
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table[1].splitlines()]
    return {
        (case, phase): int(cell)
        for case, *cells in rows
        for phase, cell in zip(PHASES, cells, strict=True)
        if cell
    }


@pytest.mark.parametrize("optimization", ["-Os", "-O2"])
def test_no_iteration_takes_longer_than_documented(optimization: str) -> None:
    table = documented()

    too_long = {
        (cost.case, cost.phase): cost.most
        for cost in measured(optimization)
        if cost.most > HEADROOM * table[cost.case, cost.phase or PHASES[-1]]
    }

    assert too_long == {}


@pytest.mark.parametrize("page", ["firmware/README.md", "docs/recording-cost.md"])
def test_the_text_quotes_the_table(page: str) -> None:
    table = documented()
    usual = next(iter(table))[0]
    quoted = [table[usual, phase] for phase in ("configured", "armed", "fires", "completed")]
    quoted.append(table["a loop that records nothing", "completed"])

    paragraph = next(
        text for text in (ROOT / page).read_text().split("\n\n") if "a trigger on a `float`" in text
    )

    assert set(map(str, quoted)) <= set(re.findall(r"\d+", paragraph))


def test_the_table_lists_what_is_measured() -> None:
    assert list(documented()) == [(cost.case, cost.phase or PHASES[-1]) for cost in measured("-Os")]


def test_the_dearest_iterations_are_among_many() -> None:
    """The ring holds 40 entries, and comes round in each of the long phases."""
    fewest = {"configured": 400, "armed": 400, "fires": 2, "triggered": 15, "completes": 1}

    few = [
        cost
        for cost in measured("-Os")
        if cost.phase and cost.iterations < fewest.get(cost.phase, 300)
    ]

    assert few == []

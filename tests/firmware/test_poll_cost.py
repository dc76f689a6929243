"""No poll takes longer than the documentation says, on a Cortex-M3, and a limit of octets is one.

The figures are those of docs/footprint.md; other versions of the compiler may take a quarter more.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from benchmarks.poll_cost import HEAD, LIMIT, Cost, measure
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run
from tools.footprint import PAGE

HEADROOM: Final = 1.25
IDLE: Final = "nothing to do"
RECEIVE: Final = "receive of one octet"
LONG: Final = "write of 250 octets"
LONG_OCTETS: Final = 4 + 6 + 250 + 4


@cache
def measured() -> dict[str, Cost]:
    try:
        return {cost.case: cost for cost in measure()}
    except CannotBuild as reason:
        cannot_run(f"{reason}")


def requests() -> dict[str, Cost]:
    return {case: cost for case, cost in measured().items() if cost.most_before > 0}


def documented() -> dict[str, list[int]]:
    """Return the numbers of the table, by case."""
    table = re.search(re.escape(HEAD) + r"\n\|[-:|]+\|\n((?:\|.*\n)+)", PAGE.read_text())
    assert table is not None, "the table is gone"
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table[1].splitlines()]
    return {case: [int(cell.replace(",", "") or 0) for cell in cells] for case, *cells in rows}


def test_no_poll_takes_longer_than_documented() -> None:
    table = documented()

    too_long = {
        case: cost
        for case, cost in measured().items()
        for figure, limit in zip(
            (cost.most, cost.most_limited, cost.most_before), table[case], strict=True
        )
        if figure > HEADROOM * limit
    }

    assert too_long == {}


def test_the_table_lists_what_is_measured() -> None:
    assert list(documented()) == list(measured())


def test_the_limit_bounds_every_poll_that_executes_nothing() -> None:
    idle = measured()[IDLE].most
    long = measured()[LONG]
    octet = (long.most - long.most_limited) / (LONG_OCTETS - LIMIT)

    dearest = max(cost.most_before for cost in requests().values())

    assert LIMIT * octet / 2 < dearest <= idle + 1.1 * LIMIT * octet


def test_the_limit_takes_the_parsing_out_of_the_poll_that_executes() -> None:
    for cost in requests().values():
        assert cost.most_limited < cost.most


def test_the_text_quotes_what_an_interrupt_takes() -> None:
    assert f"no more than {measured()[RECEIVE].most} instructions" in PAGE.read_text()

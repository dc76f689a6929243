"""The device library takes no more flash and RAM than the budget allows and the docs say."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.missing_tools import cannot_run
from tools.footprint import (
    PAGE,
    Sizes,
    Stacks,
    above_budget,
    measure_all,
    measure_stacks,
    other_compilers,
    read_budget,
    stack_table,
    table,
    with_table,
)
from tools.linked_sizes import FEATURES, TARGETS, CannotMeasure, measure, modules

CORTEX_M3: Final = next(target for target in TARGETS if target.name == "Cortex-M3")

pytestmark = pytest.mark.timeout(600)  # some 70 short runs of compilers

OTHER_COMPILER: Final = 1.1
"""What the versions of a compiler may differ by."""


@cache
def measured() -> Sizes:
    try:
        return measure_all()
    except CannotMeasure as reason:
        cannot_run(f"{reason}")


@cache
def measured_stacks() -> Stacks:
    try:
        return measure_stacks()
    except CannotMeasure as reason:
        cannot_run(f"{reason}")


def test_it_stays_within_the_budget() -> None:
    sizes = measured()

    assert above_budget(sizes, OTHER_COMPILER if other_compilers() else 1.0) == []


def test_the_documentation_says_what_is_measured() -> None:
    sizes = measured()
    if other := other_compilers():
        cannot_run(f"the figures are of other compilers than {' and '.join(other)}")

    page = PAGE.read_text()

    assert page == with_table(page, table(sizes)), "python tools/footprint.py --write renews it"


def test_there_is_a_budget_for_each_line() -> None:
    budget = read_budget()

    assert {name: set(lines) for name, lines in budget.items()} == {
        target.name: set(FEATURES) for target in TARGETS
    }


def test_each_feature_costs_something() -> None:
    sizes = measured()

    for target in TARGETS:
        least, std, dl_min, dl, everything = (
            sizes[target.name, features].flash for features in FEATURES
        )
        assert least < std < dl < everything
        assert least < dl_min < dl


def test_one_file_takes_less_than_many(tmp_path: Path) -> None:
    by_files = measure(CORTEX_M3, "std", tmp_path, by_files=True)

    assert measured()[CORTEX_M3.name, "std"].flash < by_files.flash


def test_the_modules_add_up_to_the_whole(tmp_path: Path) -> None:
    parts = modules(CORTEX_M3, "std", tmp_path)

    assert sum(parts.values()) == measured()[CORTEX_M3.name, "std"].flash
    assert parts["frames"] > 0


def test_the_documentation_says_how_much_stack_is_needed() -> None:
    stacks = measured_stacks()
    if other := other_compilers():
        cannot_run(f"the figures are of other compilers than {' and '.join(other)}")

    page = PAGE.read_text()

    assert page == with_table(page, stack_table(stacks)), "tools/footprint.py --write renews it"


def test_a_function_needs_no_less_stack_than_where_it_calls_back() -> None:
    for functions in measured_stacks().values():
        for stack in functions.values():
            assert 0 < (stack.at_callback or 1) <= stack.most

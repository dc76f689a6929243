"""The figures of docs/performance.md are those of the run that is kept beside it."""

from __future__ import annotations

from benchmarks.comparison.page import FIGURES, PAGE, PICTURE, filled
from benchmarks.comparison.report import read_json
from benchmarks.comparison.rows import OURS


def test_its_tables_are_made_of_the_figures() -> None:
    rows, _ = read_json(FIGURES)

    page = PAGE.read_text()

    assert filled(page, rows) == page


def test_every_scenario_has_a_table() -> None:
    rows, _ = read_json(FIGURES)

    page = PAGE.read_text()

    assert {row.scenario for row in rows if f"<!-- {row.scenario} -->" not in page} == set()
    assert all(OURS in row.figures for row in rows)


def test_its_picture_is_there() -> None:
    assert "<svg" in PICTURE.read_text()[:1000]

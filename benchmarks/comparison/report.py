"""The table, and the figures as JSON."""

from __future__ import annotations

import json
import math
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from .rows import BOUND, LOOP, OURS, PEER, WHO, Row


def markdown_of(rows: Sequence[Row]) -> str:
    """Return rows of one scenario as a table of a page: medians, and ratios of ours."""
    names = ("", "", *WHO, "of the bound", "of the loop", "times the peer", "spread")
    head = f"| {' | '.join(names)} |"
    rule = f"|---|---|{'--:|' * (len(names) - 2)}"
    return "\n".join([head, rule, *map(_markdown_line, rows)])


def _markdown_line(row: Row) -> str:
    figures = [_figure(row.median(who)) for who in WHO]
    figures[WHO.index(OURS)] = f"**{figures[WHO.index(OURS)]}**"
    ratios = [_ratio(row.ratio(to)) for to in (BOUND, LOOP)]
    to_peer = row.ratio(PEER)
    times = "-" if to_peer is None else f"{to_peer:.3g}"
    cells = [row.case, row.unit, *figures, *ratios, times, _spread(row)]
    return f"| {' | '.join(cells)} |"


def table_of(rows: Sequence[Row]) -> str:
    """Return all rows as text: medians, and how far a round was from ours at most."""
    lines: list[str] = []
    for scenario, group in groupby(rows, lambda row: row.scenario):
        members = list(group)
        width = max(len(row.case) for row in members)
        heads = " ".join(f"{who:>10}" for who in WHO)
        lines += [
            "",
            f"{scenario:{width}} {'unit':>11} {heads}   spread  /bound   /loop   /peer"
            f"  {'CPU ours':>8} {'peer':>5}",
        ]
        lines += [_line(row, width) for row in members]
    return "\n".join(lines[1:])


def _line(row: Row, width: int) -> str:
    figures = " ".join(f"{_figure(row.median(who)):>10}" for who in WHO)
    ratios = " ".join(f"{_ratio(row.ratio(to)):>7}" for to in (BOUND, LOOP, PEER))
    cpu = f"{_share(row, OURS):>8} {_share(row, PEER):>5}"
    return f"{row.case:{width}} {row.unit:>11} {figures}   {_spread(row):>6} {ratios}  {cpu}"


def _figure(figure: float | None) -> str:
    if figure is None:
        return "-"
    if math.isnan(figure):
        return "failed"
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:,.4g}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"


def _spread(row: Row) -> str:
    return f"{row.spread(OURS):.1%}" if len(row.figures.get(OURS, ())) > 1 else "-"


def _share(row: Row, who: str) -> str:
    return f"{statistics.median(row.cpu[who]):.0%}" if who in row.cpu else "-"


def write_json(file: Path, rows: Sequence[Row], noise: float) -> None:
    """Keep all figures.

    Args:
        file: where.
        rows: what was measured.
        noise: share of a processor that other processes used meanwhile; not a number: unknown.
    """
    machine = {"system": platform.platform(), "python": platform.python_version()}
    content = {"machine": machine, "noise": noise, "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(content, indent=1) + "\n")


def read_json(file: Path) -> tuple[list[Row], float]:
    """Return what was kept: the rows, and the share of a processor that others used."""
    content = json.loads(file.read_text())
    return [Row(**row) for row in content["rows"]], content["noise"]

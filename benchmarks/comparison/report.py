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
    return f"{row.case:{width}} {row.unit:>11} {figures}   {row.spread(OURS):6.1%} {ratios}  {cpu}"


def _figure(figure: float | None) -> str:
    if figure is None:
        return "-"
    if math.isnan(figure):
        return "failed"
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:,.4g}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"


def _share(row: Row, who: str) -> str:
    return f"{statistics.median(row.cpu[who]):.0%}" if who in row.cpu else "-"


def write_json(file: Path, rows: Sequence[Row], noise: float) -> None:
    """Keep all figures.

    Args:
        file: where.
        rows: what was measured.
        noise: share of a processor that other processes used meanwhile.
    """
    machine = {"system": platform.platform(), "python": platform.python_version()}
    content = {"machine": machine, "noise": noise, "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(content, indent=1) + "\n")

"""The figures as a picture: shares of what a line carries, and how many times the peer's."""

# matplotlib leaves the types of keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .rows import BOUND, LOOP, OURS, PEER, POLLING, USUAL_BUFFER, Row

COLORS: Final = {LOOP: "#9aa5b1", OURS: "#1f6feb", PEER: "#d29922"}
NAMES: Final = {LOOP: "bare C loop", OURS: "Scrutiny Bridge", PEER: "Scrutiny Debugger"}
LINES: Final = ("115,200 baud", "1,000,000 baud", "3,000,000 baud")
HIGHEST_SHARE: Final = 150  # in %: both directions of a line are in use at a time
COMPARED: Final = ("age", "write", "batch", "watch", "memory", "recording", "clients", "life")


def draw(rows: Sequence[Row], file: Path) -> None:
    """Draw the polling rates of lines, and below them all else beside the peer.

    Args:
        rows: of one run.
        file: where; its name tells the format.
    """
    polling = [row for row in rows if row.scenario == POLLING and BOUND in row.figures]
    beside = [row for row in rows if _is_compared(row)]
    height = 3.6 + 0.18 * len(beside)
    figure = Figure(figsize=(9.0, height), layout="constrained")
    # The same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "performance", "svg.fonttype": "none", "font.size": 8}):
        grid = figure.add_gridspec(2, 1, height_ratios=(3.0, 0.6 + 0.18 * len(beside)))
        upper, lower = figure.add_subfigure(grid[0, 0]), figure.add_subfigure(grid[1, 0])
        axes = [upper.add_subplot(1, len(LINES), place + 1) for place in range(len(LINES))]
        for index, line in enumerate(LINES):
            of_line = [row for row in polling if row.case.startswith(f"{line},")]
            _draw_shares(axes[index], line, of_line, has_name=index == 0)
        upper.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        _draw_times(lower.add_subplot(), beside)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata)


def _draw_shares(axes: Axes, line: str, rows: Sequence[Row], *, has_name: bool) -> None:
    """Draw how much of a line each of them uses, by number of variables."""
    shown = [row for row in rows if row.case.endswith(f"contiguous, buffers of {USUAL_BUFFER}")]
    width = 0.27
    for place, who in enumerate((LOOP, OURS, PEER)):
        shares = [100 * _share(row, who) for row in shown]
        places = [number + (place - 1) * width for number in range(len(shown))]
        axes.bar(places, shares, width, color=COLORS[who], label=NAMES[who])
    axes.axhline(100, color="black", linewidth=0.6)
    axes.set_xticks(range(len(shown)), [row.case.split(", ")[-2].split()[0] for row in shown])
    axes.set_ylim(0, HIGHEST_SHARE)
    axes.set_title(line)
    axes.set_xlabel("variables side by side")
    if has_name:
        axes.set_ylabel("% of what the line carries")


def _draw_times(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw how many times better than the peer, on a logarithmic scale."""
    names = [f"{row.scenario}: {row.case}" for row in rows]
    times = [_times_better(row) for row in rows]
    places = range(len(rows))
    axes.barh(places, times, color=COLORS[OURS], height=0.7)
    for place, factor in zip(places, times, strict=True):
        axes.text(max(factor, 1.0) * 1.05, place, f"{factor:.3g}", va="center", fontsize=7)
    axes.set_yticks(places, names, fontsize=7)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.6)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title("times as good as Scrutiny Debugger, on the same board and line")
    axes.margins(x=0.12)


def _is_compared(row: Row) -> bool:
    """Return whether the peer has a figure, too, and the buffers are the usual ones."""
    if row.scenario not in COMPARED or not row.ratio(PEER) or "told after" in row.case:
        return False
    return "buffers of" not in row.case or row.case.endswith(f"buffers of {USUAL_BUFFER}")


def _share(row: Row, who: str) -> float:
    figure, bound = row.median(who), row.median(BOUND)
    if figure is None or bound is None or math.isnan(figure):
        return 0.0
    return figure / bound


def _times_better(row: Row) -> float:
    ratio = row.ratio(PEER) or math.nan
    return ratio if row.more_is_better else 1 / ratio

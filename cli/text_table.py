"""A table in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .output import one_line

_NONE: Final = "-"
_GAP: Final = 2


def table(titles: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return the lines of a table, without columns in which nothing is.

    Args:
        titles: of the columns.
        rows: a cell for each column; None and the empty text are shown as a dash.
    """
    shown = [[one_line(cell or _NONE) for cell in row] for row in rows]
    columns = [
        [title, *cells]
        for title, *cells in zip(titles, *shown, strict=True)
        if set(cells) != {_NONE}
    ]
    widths = [max(map(len, column)) + _GAP for column in columns]
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]

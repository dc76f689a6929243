"""A table on a terminal, which changes in place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from typing import Final

from ..output import one_line
from .rows import Row

_COLUMNS: Final = (
    ("Value", "value"),
    ("Change/s", "change"),
    ("Updates/s", "updates"),
    ("Age", "age"),
)

ShowRows = Callable[[Sequence[Row]], None]


@contextlib.contextmanager
def live_table() -> Generator[ShowRows]:
    """Return what to call with the rows, as often as they should be seen; the last ones stay."""
    from rich.console import Console  # takes 100 ms, and is for terminals only
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    def table(rows: Sequence[Row]) -> Table:
        content = Table(box=None, pad_edge=False, header_style="bold")
        content.add_column("Path", overflow="fold", ratio=None)
        for title, _ in _COLUMNS:
            content.add_column(title, justify="right", no_wrap=True)
        for row in rows:
            style = "" if row.is_valid else "red"
            cells = [row.value, row.change, row.updates, row.age]
            content.add_row(
                Text(_encodable(one_line(row.path))),
                Text(_encodable(one_line(cells[0])), style=style),
                *(Text(cell, style="dim" if not row.is_valid else "") for cell in cells[1:]),
            )
        return content

    console = Console()

    def _encodable(text: str) -> str:
        return text.encode(console.encoding, "backslashreplace").decode(console.encoding)

    with Live(console=console, auto_refresh=False) as live:
        yield lambda rows: live.update(table(rows), refresh=True)

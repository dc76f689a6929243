"""How far a log is, on standard error: a line that changes for people, none for logs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from typing import Final

_BAR_WIDTH: Final = 24

ShowProgress = Callable[[float, str], None]


@contextlib.contextmanager
def log_progress(duration_s: float | None) -> Generator[ShowProgress]:
    """Return what to call with the time since the start, in seconds, and a text."""
    if not sys.stderr.isatty():
        yield lambda elapsed_s, text: None
        return
    from rich.console import Console  # takes 100 ms, and is for terminals only
    from rich.progress import BarColumn, Progress, TextColumn

    text_column = TextColumn("{task.description}", markup=False)
    bar = () if duration_s is None else (BarColumn(bar_width=_BAR_WIDTH),)
    with Progress(text_column, *bar, console=Console(stderr=True), transient=True) as line:
        task = line.add_task("", total=duration_s)
        yield lambda elapsed_s, text: line.update(task, completed=elapsed_s, description=text)

"""How far a capture is: a line that changes for people, a line per change for logs."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Generator
from typing import Final

from .stages import Stage

logger = logging.getLogger(__name__)

_BAR_WIDTH: Final = 24

ShowStage = Callable[[Stage], None]


@contextlib.contextmanager
def capture_progress() -> Generator[ShowStage]:
    """Return what to call with each stage, as often as it may have changed."""
    if sys.stderr.isatty():
        with _line() as show:
            yield show
    else:
        yield _Changes().show


class _Changes:
    """Log each text once."""

    def __init__(self) -> None:
        self._text = ""

    def show(self, stage: Stage) -> None:
        if stage.text != self._text:
            self._text = stage.text
            logger.info("%s", stage.text)


@contextlib.contextmanager
def _line() -> Generator[ShowStage]:
    from rich.console import Console  # takes 100 ms, and is for terminals only
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.table import Column

    text = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    console = Console(stderr=True)
    # Of a bar over the whole line a part would stay, when the ^C of Ctrl-C is shown behind it.
    columns = (text, BarColumn(bar_width=_BAR_WIDTH), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as line:
        task = line.add_task("", total=None)

        def show(stage: Stage) -> None:
            known = stage.ratio is not None
            text = f"{stage.text} (Ctrl-C cancels)" if stage.is_before_trigger else stage.text
            line.update(
                task,
                description=_shown(text, console.encoding),
                total=1.0 if known else None,
                completed=stage.ratio or 0.0,
            )

        yield show


def _shown(text: str, encoding: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)

"""A progress bar on standard error, for people only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator

Progress = Callable[[int, int], None]


@contextlib.contextmanager
def progress_bar(label: str) -> Generator[Progress]:
    """Return what to call with (done, total); it shows nothing unless on a terminal.

    The bar appears with the first call, so that what takes no time shows none.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with contextlib.ExitStack() as stack:
        update: Progress | None = None

        def show(done: int, total: int) -> None:
            nonlocal update
            if update is None:
                update = stack.enter_context(_bar(label))
            update(done, total)

        yield show


@contextlib.contextmanager
def _bar(label: str) -> Generator[Progress]:
    from rich.console import Console  # takes 100 ms, and is for terminals only
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

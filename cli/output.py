"""Text for the user: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys


def show(text: str) -> None:
    """Write a line of the result."""
    print(text)


def show_error(text: str) -> None:
    """Write one line that says what went wrong and what to do."""
    print(f"error: {text}", file=sys.stderr)

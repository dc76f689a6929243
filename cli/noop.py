"""``scrutiny noop``: do nothing, successfully; shows that the installation works."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Do nothing."""
    return 0

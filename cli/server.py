"""``scrutiny server``: run the server."""

from __future__ import annotations

from collections.abc import Sequence

from scrutiny.server import __main__ as server


def main(argv: Sequence[str]) -> int:
    """Run the server with its own arguments until it is interrupted."""
    return server.main(argv)

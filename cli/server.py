"""``scrutiny server``: run the server, or let the system run it."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run the server with its own arguments until it is interrupted."""
    if argv[:1] == ["install-service"]:
        from . import install_service

        return install_service.main(argv[1:])
    from scrutiny.server import __main__ as server

    return server.main(argv)

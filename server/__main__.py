"""``python -m scrutiny.server``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server, see :func:`scrutiny.server.app.main`."""
    try:
        from . import app  # here: it takes most of the start, and Ctrl+C may come meanwhile
    except KeyboardInterrupt:
        return 0
    return app.main(argv)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m scrutiny.server``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server, see :func:`scrutiny.server.app.main`."""
    gc.disable()  # what is imported stays: to look for garbage in it takes a tenth of the start
    try:
        from . import app  # here: it takes most of the start, and Ctrl+C may come meanwhile
    except KeyboardInterrupt:
        return 0
    finally:
        gc.freeze()
        gc.enable()
    return app.main(argv)


if __name__ == "__main__":
    sys.exit(main())

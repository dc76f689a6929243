"""``scrutiny version``: tell which version this is."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence

from scrutiny import __version__

from .output import show


def main(argv: Sequence[str]) -> int:
    """Show the version, alone or with what it runs on."""
    parser = argparse.ArgumentParser(prog="scrutiny version", description="Show the version.")
    parser.add_argument(
        "--format", choices=("full", "short"), default="full", help="short: the number only"
    )
    if parser.parse_args(argv).format == "short":
        show(__version__)
    else:
        show(
            f"Scrutiny Bridge {__version__}, Python {platform.python_version()}, "
            f"{platform.system()} {platform.machine()}"
        )
    return 0

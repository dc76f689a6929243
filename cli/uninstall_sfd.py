"""``scrutiny uninstall-sfd``: remove an installed description."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scrutiny.sfd.store import DescriptionStore

from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Remove a description; that there is none is no failure.

    Raises:
        PackageError: that is no identifier, or the file cannot be removed.
    """
    parser = verb_parser("uninstall-sfd", "Remove an installed description.")
    parser.add_argument("firmwareid", help="32 hexadecimal digits")
    parser.add_argument("--quiet", action="store_true", help="do not tell when there was none")
    arguments = parse(parser, argv)
    if DescriptionStore().uninstall(arguments.firmwareid):
        logger.info("description %s removed", arguments.firmwareid)
    elif not arguments.quiet:
        logger.info("there was no description %s", arguments.firmwareid)
    return 0

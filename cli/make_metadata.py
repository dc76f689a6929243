"""``scrutiny make-metadata``: write what a description says about its project."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.metadata import make_metadata
from scrutiny.sfd.package_members import METADATA_MEMBER, encode_json

from .verb_arguments import parse, verb_parser, write_output

logger = logging.getLogger(__name__)


def add_metadata_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a project."""
    parser.add_argument("--project-name", metavar="TEXT", help="shown to users")
    parser.add_argument("--author", metavar="TEXT", help="shown to users")
    parser.add_argument("--version", metavar="TEXT", help="of the firmware; shown to users")


def main(argv: Sequence[str]) -> int:
    """Write the file.

    Raises:
        OSError: it cannot be written.
    """
    parser = verb_parser("make-metadata", "Write a metadata file for a description.")
    parser.add_argument(
        "--output",
        metavar="PATH",
        type=Path,
        default=Path(METADATA_MEMBER),
        help=f"a file, or a folder for {METADATA_MEMBER} (default: here)",
    )
    add_metadata_options(parser)
    arguments = parse(parser, argv)
    metadata = make_metadata(arguments.project_name, arguments.author, arguments.version)
    target = write_output(arguments.output, METADATA_MEMBER, encode_json(metadata))
    logger.info("metadata written to %s", target)
    return 0

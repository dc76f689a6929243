"""``scrutiny get-firmware-id``: compute the identifier of an untagged program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.package_members import FIRMWARE_ID_MEMBER
from scrutiny.sfd.tagging import compute_tag

from .output import show_data
from .verb_arguments import parse, verb_parser, write_output

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Write the 32 digits, without a line end, to standard output or into a file.

    Raises:
        TagError: the program has no place for an identifier.
        OSError: the file cannot be written.
    """
    parser = verb_parser("get-firmware-id", "Compute the identifier of an untagged program.")
    parser.add_argument("filename", type=Path, help="the program, as the linker made it")
    parser.add_argument(
        "--output", metavar="PATH", type=Path, help=f"a file, or a folder for {FIRMWARE_ID_MEMBER}"
    )
    arguments = parse(parser, argv)
    digits = compute_tag(arguments.filename).firmware_id
    if arguments.output is None:
        show_data(digits.encode())
    else:
        target = write_output(arguments.output, FIRMWARE_ID_MEMBER, digits.encode())
        logger.info("firmware id %s written to %s", digits, target)
    return 0

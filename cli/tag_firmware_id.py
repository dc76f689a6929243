"""``scrutiny tag-firmware-id``: write its identifier into a program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.errors import TagError
from scrutiny.sfd.tagging import tag_copy, tag_in_place

from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Tag a copy, or the program itself.

    Raises:
        TagError: there is no place for the identifier, or a file cannot be written.
    """
    parser = verb_parser("tag-firmware-id", "Write its identifier into a program.")
    parser.add_argument("src", type=Path, help="the program, as the linker made it")
    parser.add_argument("dst", type=Path, nargs="?", help="the tagged copy")
    parser.add_argument("--inplace", action="store_true", help="tag the program itself")
    arguments = parse(parser, argv)
    source: Path = arguments.src
    if arguments.inplace == (arguments.dst is not None):
        raise TagError("name a file for the tagged copy, or give --inplace: one of the two")
    target = source if arguments.inplace else arguments.dst
    tag = tag_in_place(source) if arguments.inplace else tag_copy(source, target)
    logger.info("%s tagged with firmware id %s", target, tag.firmware_id)
    return 0

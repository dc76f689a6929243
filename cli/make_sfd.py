"""``scrutiny make-sfd``: make a description file from a folder with its members."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.alias_files import AliasSet, first_of
from scrutiny.sfd.alias_targets import AliasTargets
from scrutiny.sfd.aliases import write_aliases
from scrutiny.sfd.package import Package, read_package, write_package
from scrutiny.sfd.store import DescriptionStore, check_package

from .alias_input import add_aliases
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Make the file, and install it if asked for.

    Raises:
        PackageError: a member is missing or damaged, or the file cannot be written.
        AliasError: an alias is not valid, or its target does not exist.
    """
    parser = verb_parser("make-sfd", "Make a description file from a folder with its members.")
    parser.add_argument("folder", type=Path, help="holds firmwareid, metadata.json, varmap.json")
    parser.add_argument("output", type=Path, help="the description file")
    parser.add_argument("--install", action="store_true", help="install it afterwards")
    arguments = parse(parser, argv)
    package = _checked(read_package(arguments.folder))
    write_package(package, arguments.output)
    logger.info("description %s written to %s", package.firmware_id, arguments.output)
    if arguments.install:
        DescriptionStore().add(package)
        logger.info("description %s installed", package.firmware_id)
    return 0


def _checked(package: Package) -> Package:
    """Return the description with the types of alias targets, which other readers rely on."""
    variables, left_out = check_package(package)
    for text in [*left_out, *first_of([*package.warnings])]:
        logger.warning("%s", text)
    aliases = AliasSet()
    add_aliases(aliases, [package.aliases], AliasTargets(variables))
    return dataclasses.replace(package, aliases=write_aliases(aliases.aliases.values()))

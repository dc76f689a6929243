"""``scrutiny add-alias``: add aliases to a description file, a folder or an installed one."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scrutiny.core.firmware_id import parse_firmware_id
from scrutiny.sfd.alias_files import AliasSet, first_of
from scrutiny.sfd.alias_targets import AliasTargets
from scrutiny.sfd.aliases import write_aliases
from scrutiny.sfd.errors import AliasError, PackageError
from scrutiny.sfd.package import read_package, read_variable_map_of, write_package
from scrutiny.sfd.package_members import ALIASES_MEMBER, encode_json
from scrutiny.sfd.store import DescriptionStore
from scrutiny.sfd.variable_map_json import read_variable_map

from .alias_input import add_aliases, load_aliases
from .output import show_error
from .verb_arguments import parse, verb_parser, write_output

logger = logging.getLogger(__name__)

_DEFINITION = ("target", "gain", "offset", "min", "max")


def main(argv: Sequence[str]) -> int:
    """Add aliases, all of them or none; those whose path is taken do not count.

    Returns:
        1 if a path was taken: the first alias of a path stays.

    Raises:
        SfdError: an alias is not valid, its target does not exist, or the description is damaged.
            Nothing has changed.
    """
    arguments = _parse(argv)
    documents = _documents(arguments)
    destination = _destination(arguments.destination)
    if destination.is_dir():
        aliases = _add_to_folder(destination, documents)
    else:
        aliases = _add_to_file(destination, documents)
    for text in first_of(aliases.duplicates):
        show_error(text)
    return 1 if aliases.duplicates else 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = verb_parser("add-alias", "Add aliases to a description, from files or one by one.")
    parser.add_argument(
        "destination", help="a description file, a folder with its members, or an installed id"
    )
    parser.add_argument("--file", metavar="FILE", type=Path, nargs="+", help="alias files, JSON")
    parser.add_argument("--fullpath", metavar="PATH", help="of the alias")
    parser.add_argument("--target", metavar="PATH", help="of a variable or a published value")
    parser.add_argument("--gain", metavar="X", help="user units per unit of the target")
    parser.add_argument("--offset", metavar="X", help="user value where the target is 0")
    parser.add_argument("--min", metavar="X", help="lowest value that users may write")
    parser.add_argument("--max", metavar="X", help="highest value that users may write")
    return parse(parser, argv)


def _documents(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    given: dict[str, Any] = {
        key: value for key in _DEFINITION if (value := getattr(arguments, key)) is not None
    }
    is_single = bool(given) or arguments.fullpath is not None
    if is_single == (arguments.file is not None):
        raise AliasError("give alias files with --file, or one alias with --fullpath and --target")
    if arguments.file is not None:
        return load_aliases(arguments.file)
    if arguments.fullpath is None:
        raise AliasError("--fullpath is missing: where the alias will be")
    return [{arguments.fullpath: given}]


def _destination(text: str) -> Path:
    path = Path(text)
    if path.exists():
        return path
    if parse_firmware_id(text) is None:
        raise PackageError(f"{text}: there is no such file, folder, or installed description")
    installed = DescriptionStore().path_of(text)
    if not installed.exists():
        raise PackageError(f"no description of firmware {text} is installed")
    return installed


def _add_to_file(file: Path, documents: Sequence[dict[str, Any]]) -> AliasSet:
    package = read_package(file)
    for text in first_of([*package.warnings]):
        logger.warning("%s", text)
    aliases, targets = AliasSet(), _targets(package.variable_map)
    for text in first_of(aliases.adopt(package.aliases, targets)):
        logger.warning("left out, although it was in the description: %s", text)
    _add(aliases, documents, targets)
    merged = write_aliases(aliases.aliases.values())
    write_package(dataclasses.replace(package, aliases=merged), file)
    return aliases


def _add_to_folder(folder: Path, documents: Sequence[dict[str, Any]]) -> AliasSet:
    """Add to what will become a description; identifier and metadata may still be missing."""
    file = folder / ALIASES_MEMBER
    aliases, targets = AliasSet(), _targets(read_variable_map_of(folder))
    # Somebody is at work there: what is not valid is for them to mend, and not for us to remove.
    if file.exists():
        (present,) = load_aliases([file])
        if refused := aliases.adopt(present, targets):
            raise AliasError("\n".join(f"{file}: {text}" for text in first_of(refused)))
    _add(aliases, documents, targets)
    write_output(file, ALIASES_MEMBER, encode_json(write_aliases(aliases.aliases.values())))
    return aliases


def _targets(variable_map: bytes) -> AliasTargets:
    variables, _ = read_variable_map(variable_map)
    return AliasTargets(variables)


def _add(aliases: AliasSet, documents: Sequence[dict[str, Any]], targets: AliasTargets) -> None:
    count = add_aliases(aliases, documents, targets)
    logger.info("aliases added: %d; the description has %d now", count, len(aliases.aliases))

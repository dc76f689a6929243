"""The steps of ``scrutiny sfd build``."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from scrutiny.core.firmware_id import PLACEHOLDER, firmware_id_text, parse_firmware_id
from scrutiny.sfd.alias_files import AliasSet
from scrutiny.sfd.alias_targets import AliasTargets
from scrutiny.sfd.aliases import write_aliases
from scrutiny.sfd.cache import CachedExtraction
from scrutiny.sfd.errors import AliasError, TagError
from scrutiny.sfd.metadata import make_metadata
from scrutiny.sfd.package import Package, write_package
from scrutiny.sfd.store import DescriptionStore
from scrutiny.sfd.tagged_program import read_firmware_id
from scrutiny.sfd.tagging import compute_tag, tag_copy, tag_in_place
from scrutiny.sfd.variable_map_json import read_variable_map

from .alias_input import add_aliases, load_aliases
from .extraction import extract_for, summarize_dropped
from .output import show
from .program_files import check_is_elf, check_is_linked

logger = logging.getLogger(__name__)

_SUFFIX: Final = ".sfd"
_NOT_TAGGED: Final = (
    "none: the device will not announce this identifier; use --tag-inplace or --tagged FILE"
)


class _Identity(NamedTuple):
    """The identifier of a program, and whether a device with the program reports it already."""

    firmware_id: str
    is_announced: bool


def build(arguments: argparse.Namespace) -> int:
    """Do all steps; what writes comes last.

    Raises:
        SfdError: the program or an alias cannot be used, or a file cannot be written.
    """
    program: Path = arguments.program
    check_is_elf(program)
    identity = _identify(arguments)
    extraction = extract_for(arguments, program, indent=None)
    aliases = _aliases(arguments.alias, extraction.variable_map)
    metadata = make_metadata(arguments.project_name, arguments.author, arguments.version)
    package = Package(identity.firmware_id, metadata, extraction.variable_map, aliases)
    places = _write(package, arguments)
    _summarize(package, extraction, places, is_announced=identity.is_announced)
    return 0


def _identify(arguments: argparse.Namespace) -> _Identity:
    given: str | None = arguments.firmware_id
    if given is None:
        return _compute_or_read(arguments)
    firmware_id = parse_firmware_id(given)
    if firmware_id is None:
        raise TagError(f"--firmware-id takes 32 hexadecimal digits, not {given!r}")
    carried = read_firmware_id(arguments.program)
    if carried not in (None, firmware_id, firmware_id_text(PLACEHOLDER)):
        logger.warning(
            "%s carries the identifier %s, which its device will announce; "
            "the description is of %s, as --firmware-id says",
            *(arguments.program, carried, firmware_id),
        )
    return _Identity(firmware_id, is_announced=True)


def _compute_or_read(arguments: argparse.Namespace) -> _Identity:
    program: Path = arguments.program
    try:
        return _Identity(compute_tag(program).firmware_id, is_announced=False)
    except TagError as error:
        if not program.is_file():
            raise
        check_is_linked(program)
        tagged_with = read_firmware_id(program)
        if tagged_with is None:
            raise TagError(f"{error}; or tell what it was tagged with: --firmware-id") from error
        if arguments.tagged is not None or arguments.tag_inplace:
            raise TagError(
                f"{program} was tagged before; link it again to tag it, "
                "or leave out --tag-inplace / --tagged: its identifier is read"
            ) from error
    logger.info("%s was tagged before: its identifier is read, not computed", program)
    return _Identity(tagged_with, is_announced=True)


def _aliases(files: Sequence[Path], variable_map: bytes) -> dict[str, Any]:
    if not files:
        return {}
    variables, _ = read_variable_map(variable_map)
    aliases = AliasSet()
    add_aliases(aliases, load_aliases(files), AliasTargets(variables))
    if aliases.duplicates:
        raise AliasError("\n".join(aliases.duplicates))
    return write_aliases(aliases.aliases.values())


def _write(package: Package, arguments: argparse.Namespace) -> dict[str, Path]:
    """Write what was asked for; the tagged program last.

    It is what make looks at: were there one without a description, nothing would be done again. And
    in place, the identifier cannot be computed any more.
    """
    places: dict[str, Path] = {}
    program: Path = arguments.program
    output: Path | None = arguments.output
    if output is None and not arguments.install:
        output = program.with_suffix(_SUFFIX)
    if output is not None:
        write_package(package, output)
        places["description"] = output
    if arguments.install:
        store = DescriptionStore()
        store.add(package)
        places["installed"] = store.path_of(package.firmware_id)
    if arguments.tagged is not None:
        tag_copy(program, arguments.tagged)
        places["tagged program"] = arguments.tagged
    if arguments.tag_inplace:
        tag_in_place(program)
        places["tagged program"] = program
    return places


def _summarize(
    package: Package,
    extraction: CachedExtraction,
    places: dict[str, Path],
    *,
    is_announced: bool,
) -> None:
    rows = {
        "firmware id": package.firmware_id,
        "leaves": f"{extraction.leaf_count:,}",
        "aliases": f"{len(package.aliases):,}",
        "dropped": summarize_dropped(extraction) if extraction.dropped else "none",
    }
    rows |= {what: f"{path} ({path.stat().st_size:,} octets)" for what, path in places.items()}
    if not is_announced:
        rows.setdefault("tagged program", _NOT_TAGGED)
    width = max(map(len, rows)) + 2
    for what, text in rows.items():
        show(f"{what:{width}}{text}")

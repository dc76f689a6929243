"""``scrutiny install-sfd``: let the server of this account find a description."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.errors import PackageError
from scrutiny.sfd.package import read_package_info
from scrutiny.sfd.store import DescriptionStore

from .program_files import is_no_archive
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Install a description file.

    Raises:
        PackageError: it is damaged; nothing has changed.
    """
    parser = verb_parser("install-sfd", "Let the server of this account find a description.")
    parser.add_argument("file", type=Path, help="the description file")
    parser.add_argument("-f", dest="force", action="store_true", help="replace without a warning")
    arguments = parse(parser, argv)
    store = DescriptionStore()
    firmware_id = _firmware_id(arguments.file)
    was_there = store.get(firmware_id) is not None
    installed = store.install(arguments.file)
    if was_there and not arguments.force:
        logger.warning("a description of the same firmware was there, and has been replaced")
    logger.info("description %s installed from %s", installed.firmware_id, arguments.file)
    return 0


def _firmware_id(file: Path) -> str:
    try:
        return read_package_info(file)[0]
    except PackageError as error:
        if is_no_archive(file):
            raise PackageError(f"{error}; make one with: scrutiny sfd build") from error
        raise

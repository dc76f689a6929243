"""``scrutiny delete-datalog``: delete stored acquisitions."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scrutiny.core.errors import ScrutinyError

from .stored_acquisitions import add_data_folder, one_acquisition, stored_acquisitions
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Delete one acquisition, or all.

    Raises:
        ScrutinyError: there is no such acquisition, or the arguments do not say which.
    """
    parser = verb_parser("delete-datalog", "Delete stored acquisitions.")
    parser.add_argument("--id", help="of the acquisition, or its first 6 digits or more")
    parser.add_argument("--all", action="store_true", help="delete all acquisitions")
    add_data_folder(parser)
    arguments = parse(parser, argv)
    if (arguments.id is None) != arguments.all:
        raise ScrutinyError("say which: --id ID, or --all")
    if arguments.all:
        with stored_acquisitions(arguments) as database:
            count = 0 if database is None else database.delete_all()
        logger.info("acquisitions deleted: %d", count)
    else:
        with one_acquisition(arguments, arguments.id) as (database, reference_id):
            database.delete(reference_id)
        logger.info("acquisition %s deleted", reference_id)
    return 0

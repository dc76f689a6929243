"""``scrutiny import-datalog``: take over acquisitions of another database."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from scrutiny.server.datalogging.imports import import_acquisitions

from .progress import progress_bar
from .stored_acquisitions import acquisition_storage, add_data_folder
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Take over what a file holds and is not here yet; the file stays as it is.

    Returns:
        1 if all that the file holds is damaged.

    Raises:
        StorageError: the file holds no acquisitions, or ours cannot be written.
    """
    parser = verb_parser(
        "import-datalog",
        "Take over the acquisitions of another database: of the stock server "
        "(scrutiny_datalog.sqlite), or of this one, as it is in a backup or was moved aside "
        "because it was damaged. The file stays as it is.",
    )
    parser.add_argument("file", type=Path, help="the database")
    add_data_folder(parser)
    arguments = parse(parser, argv)
    with acquisition_storage(arguments) as database, progress_bar("importing") as progress:
        report = import_acquisitions(arguments.file, database, progress)
    for reason in report.reasons:
        logger.warning("left out: %s", reason)
    logger.info("acquisitions of %s: %s", arguments.file, report)
    return 1 if report.skipped and not report.added and not report.present else 0

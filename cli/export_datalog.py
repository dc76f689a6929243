"""``scrutiny export-datalog``: write a stored acquisition into a file."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scrutiny.core.acquisition_csv import write_csv_text
from scrutiny.core.errors import ScrutinyError

from .stored_acquisitions import add_data_folder, one_acquisition
from .text_files import STANDARD_OUTPUT, write_text
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Write an acquisition as CSV, whole or not at all.

    Raises:
        ScrutinyError: there is no such acquisition, it is damaged, or the arguments lack a format.
        OSError: the file cannot be written.
    """
    parser = verb_parser("export-datalog", "Write a stored acquisition into a file.")
    parser.add_argument("reference_id", help="of the acquisition, or its first 6 digits or more")
    parser.add_argument("--csv", metavar="FILE", help="as CSV; - for standard output")
    add_data_folder(parser)
    arguments = parse(parser, argv)
    if arguments.csv is None:
        raise ScrutinyError("say where to write it: --csv FILE, or --csv - for standard output")
    with one_acquisition(arguments, arguments.reference_id) as (database, reference_id):
        acquisition = database.read(reference_id)
    write_text(arguments.csv, lambda stream: write_csv_text(acquisition, stream))
    if arguments.csv != STANDARD_OUTPUT:
        logger.info("CSV file %s written", arguments.csv)
    return 0

"""``scrutiny export-datalog``: write a stored acquisition into a file."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scrutiny.core.acquisition_csv import ENCODING, write_csv_text
from scrutiny.core.datalogging import Acquisition
from scrutiny.core.errors import ScrutinyError
from scrutiny.sfd.atomic_files import replacing

from .output import show_data
from .stored_acquisitions import add_data_folder, one_acquisition
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)

_STANDARD_OUTPUT: Final = "-"
_CHUNK_SIZE: Final = 1 << 16


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
    if arguments.csv == _STANDARD_OUTPUT:
        output = _StandardOutput()
        write_csv_text(acquisition, output)
        output.flush()
    else:
        _write_file(acquisition, Path(arguments.csv))
        logger.info("CSV file %s written", arguments.csv)
    return 0


def _write_file(acquisition: Acquisition, path: Path) -> None:
    with replacing(path) as stream:
        text = io.TextIOWrapper(stream, encoding=ENCODING, newline="")
        write_csv_text(acquisition, text)
        text.detach()


class _StandardOutput:
    """Standard output as octets: it may have another encoding, and other line ends."""

    def __init__(self) -> None:
        self._chunk = io.StringIO()

    def write(self, text: str) -> None:
        self._chunk.write(text)
        if self._chunk.tell() >= _CHUNK_SIZE:
            self.flush()

    def flush(self) -> None:
        show_data(self._chunk.getvalue().encode(ENCODING))
        self._chunk = io.StringIO()

"""``scrutiny datalog-info``: tell how much is stored, and where."""

from __future__ import annotations

from collections.abc import Sequence

from scrutiny.core.acquisition_csv import NOT_KNOWN, local_time_text
from scrutiny.server.datalogging.database import StorageInfo

from .output import one_line, show
from .stored_acquisitions import add_data_folder, database_file, stored_acquisitions
from .verb_arguments import parse, verb_parser


def main(argv: Sequence[str]) -> int:
    """Show how many acquisitions there are, from when, and what they take.

    Raises:
        StorageError: they cannot be read.
    """
    parser = verb_parser("datalog-info", "Tell how much is stored by the datalogger, and where.")
    add_data_folder(parser)
    arguments = parse(parser, argv)
    with stored_acquisitions(arguments) as database:
        if database is None:
            info = StorageInfo(0, None, None, database_file(arguments), 0, NOT_KNOWN)
        else:
            info = database.info()
    lines = {
        "Acquisitions count": f"{info.count}",
        "Oldest acquisition": _time(info.oldest_s),
        "Newest acquisition": _time(info.newest_s),
        "Storage location": f"{info.file}",
        "Storage size": _size(info.size),
        "Storage structure hash": info.structure_hash,
    }
    width = max(map(len, lines)) + 3
    for title, text in lines.items():
        show(f"  {f'{title}:':{width}}{one_line(text)}")
    return 0


def _time(time_s: float | None) -> str:
    return NOT_KNOWN if time_s is None else local_time_text(time_s)


def _size(octets: int) -> str:
    size, units = float(octets), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.1f}{units[0]}"

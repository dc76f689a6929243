"""``scrutiny list-datalog``: list the acquisitions that are stored."""

from __future__ import annotations

from collections.abc import Sequence

from scrutiny.core.acquisition_csv import local_time_text
from scrutiny.core.datalogging import AcquisitionSummary
from scrutiny.core.errors import ScrutinyError

from .output import one_line, show
from .stored_acquisitions import add_data_folder, stored_acquisitions
from .verb_arguments import parse, verb_parser

_HEXADECIMAL = frozenset("0123456789abcdef")
_GAP = 4  # after each column, the last one included


def main(argv: Sequence[str]) -> int:
    """Show a line for each acquisition, the newest last; with ``--multiline``, one per signal.

    Raises:
        StorageError: they cannot be read.
    """
    parser = verb_parser("list-datalog", "List the acquisitions that are stored.")
    parser.add_argument(
        "--firmware",
        metavar="ID",
        nargs="?",
        const="",
        help="show the firmware of each; with an identifier or its beginning, only those of this",
    )
    parser.add_argument("--multiline", action="store_true", help="a line for each signal")
    add_data_folder(parser)
    arguments = parse(parser, argv)
    beginning = (arguments.firmware or "").lower()
    if not _HEXADECIMAL.issuperset(beginning):
        raise ScrutinyError(f"not the beginning of a firmware identifier: {beginning[:60]!r}")
    with stored_acquisitions(arguments) as database:
        summaries = [] if database is None else database.summaries()
    chosen = [one for one in reversed(summaries) if one.firmware_id.startswith(beginning)]
    if not chosen:
        show("No acquisitions")
        return 0
    _show_table(chosen, with_firmware=arguments.firmware is not None, multiline=arguments.multiline)
    return 0


def _show_table(
    summaries: Sequence[AcquisitionSummary], *, with_firmware: bool, multiline: bool
) -> None:
    header = ["#", "Time", "Name", "ID", *(["Firmware"] if with_firmware else []), "Signals"]
    rows = [header]
    for number, one in enumerate(summaries):
        firmware = f"{one.firmware_id} ({one.firmware_name or '<Unknown firmware>'})"
        row = [f"{number}", local_time_text(one.time_s), one.name, one.reference_id]
        row += [firmware] if with_firmware else []
        signals = list(map(one_line, one.signals))
        first, others = (signals[:1], signals[1:]) if multiline else ([",".join(signals)], [])
        rows.append([*map(one_line, row), *(first or [""])])
        rows += ([*[""] * len(row), signal] for signal in others)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    show("")
    for row in rows:
        line = "".join(cell.ljust(width + _GAP) for cell, width in zip(row, widths, strict=True))
        show(line if row[0] else line.rstrip())

"""``scrutiny ports``: list the serial ports of this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
from collections.abc import Sequence

from .output import one_line, show
from .serial_ports import SerialPort, serial_ports
from .verb_arguments import EXIT_CODES, add_log_options, parse

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
List the serial ports of this machine, those of USB adapters first. The link is
what `scrutiny server --link` takes, with ?baudrate=... behind it unless that is
115200. It means the same adapter whatever name the system gives to its port; where
two adapters have no serial number, it means the same socket. No server is needed."""
_TITLES = (
    *("Port", "Link", "Vendor", "Product", "USB id", "Serial number", "Location"),
    "Stable name",
)
_NONE = "-"
_GAP = 2


def main(argv: Sequence[str]) -> int:
    """List them; 0, also when there is none."""
    parser = argparse.ArgumentParser(
        prog="scrutiny ports",
        description=_DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="a list of objects")
    add_log_options(parser)
    arguments = parse(parser, argv)
    ports = serial_ports()
    if arguments.json:
        show(json.dumps([dataclasses.asdict(port) for port in ports]))
        return 0
    if not ports:
        logger.info("no serial port was found; check the cable, and that its driver is installed")
        return 0
    for line in table(ports):
        show(line)
    return 0


def table(ports: Sequence[SerialPort]) -> list[str]:
    """Return the lines of a table, without columns in which nothing is."""
    rows = [[one_line(cell or _NONE) for cell in dataclasses.astuple(port)] for port in ports]
    columns = [
        [title, *cells]
        for title, *cells in zip(_TITLES, *rows, strict=True)
        if set(cells) != {_NONE}
    ]
    widths = [max(map(len, column)) + _GAP for column in columns]
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]

"""``scrutiny ports``: list the serial ports of this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
from collections.abc import Sequence

from .output import show
from .serial_ports import serial_ports
from .text_table import table
from .verb_arguments import EXIT_CODES, add_log_options, parse

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
List the serial ports of this machine, those of USB adapters first. The link is
what `scrutiny server --link` takes, with ?baudrate=... behind it unless that is
115200. It means the same adapter whatever name the system gives to its port; where
two adapters have no serial number, it means the same socket. No server is needed."""
TITLES = (
    *("Port", "Link", "Vendor", "Product", "USB id", "Serial number", "Location"),
    "Stable name",
)


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
    for line in table(TITLES, [dataclasses.astuple(port) for port in ports]):
        show(line)
    return 0

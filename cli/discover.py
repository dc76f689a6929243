"""``scrutiny discover``: which devices are on the network."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from scrutiny.firmware_link.discovery import DISCOVERY_S, FoundDevice, discover
from scrutiny.firmware_link.transports.networks import EVERYWHERE, addresses_of
from scrutiny.firmware_link.transports.settings import UdpSettings
from scrutiny.firmware_link.transports.urls import link_url

from .output import show
from .text_table import table
from .verb_arguments import EXIT_CODES, add_log_options, number, parse

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 12345  # there is none of the protocol; this one is that of the examples

_DESCRIPTION = """\
Ask over UDP which devices are on the network, and list those that answer. Each has
two links: one to its address, and one to its name, which finds it again when its
address has changed. No server is needed, and a server that uses a device is not
disturbed."""
_EXAMPLES = """\
examples:
  scrutiny discover
  scrutiny discover 192.168.1.255 --port 5000
  scrutiny discover 192.168.1.0/24   (asks each, where broadcasts are filtered)

"""
_TITLES = ("Link", "Name", "Link by name", "Firmware id", "Protocol")


@dataclass(frozen=True)
class Row:
    """A device, as it is shown.

    Attributes:
        link: to its address.
        name: as configured in the firmware.
        link_by_name: wherever it is in the network; None if others have the same name.
        firmware_id: of its description, in hexadecimal.
        protocol: version, as 1.0.
    """

    link: str
    name: str
    link_by_name: str | None
    firmware_id: str
    protocol: str


def main(argv: Sequence[str]) -> int:
    """List them; 0 if there is one.

    Raises:
        LinkOpenError: the network cannot be asked.
    """
    parser = argparse.ArgumentParser(
        prog="scrutiny discover",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "network",
        metavar="NETWORK",
        nargs="?",
        default=EVERYWHERE,
        type=_network,
        help="a broadcast address, a network as 192.168.1.0/24, or a host "
        "(default: all networks of this machine)",
    )
    parser.add_argument(
        "--port",
        type=number(int, 1, 0xFFFF),
        default=DEFAULT_PORT,
        help=f"on which the devices listen (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=number(float, 0, 60, above=True),
        default=DISCOVERY_S,
        help=f"for answers (default: {DISCOVERY_S:g})",
    )
    parser.add_argument("--json", action="store_true", help="a list of objects")
    add_log_options(parser)
    arguments = parse(parser, argv)
    rows = rows_of(asyncio.run(_found(arguments)), arguments.network)
    if arguments.json:
        show(json.dumps([asdict(row) for row in rows]))
    elif rows:
        for line in table(_TITLES, [tuple(asdict(row).values()) for row in rows]):
            show(line)
    else:
        logger.info(
            "no device answers at port %d of %s; check that it runs, that it listens at this port, "
            "and that no firewall is in between",
            arguments.port,
            arguments.network,
        )
    return 0 if rows else 1


def rows_of(devices: Sequence[FoundDevice], network: str) -> list[Row]:
    """Return what is shown of devices that were found in a network."""
    names = [device.answer.display_name for device in devices]
    return [
        Row(
            link=link_url(UdpSettings(device.host, device.port)),
            name=name,
            link_by_name=(
                link_url(UdpSettings(f"{name}@{network}", device.port))
                if name and names.count(name) == 1
                else None
            ),
            firmware_id=device.answer.firmware_id.hex(),
            protocol=f"{device.answer.protocol_major}.{device.answer.protocol_minor}",
        )
        for device, name in zip(devices, names, strict=True)
    ]


def _network(text: str) -> str:
    try:
        addresses_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}") from None
    return text


async def _found(arguments: argparse.Namespace) -> list[FoundDevice]:
    devices = discover(addresses_of(arguments.network), arguments.port, arguments.wait)
    async with contextlib.aclosing(devices):
        return sorted([each async for each in devices], key=lambda each: (each.host, each.port))

"""``scrutiny doctor``: why there is no device, and what to do."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Generator, Sequence

from scrutiny.api.versions import DEFAULT_PORT
from scrutiny.firmware_link.diagnosis.examination import Surroundings, examine
from scrutiny.firmware_link.diagnosis.findings import Cause, Finding
from scrutiny.firmware_link.transports.settings import LinkSettings
from scrutiny.firmware_link.transports.urls import parse_link_url
from scrutiny.firmware_link.transports.usb_name import is_usb_name
from scrutiny.sdk import DeviceCommState, DeviceLinkType
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import TimeoutException

from .output import one_line, show
from .serial_ports import serial_ports
from .server_connection import NotConnected, connected
from .verb_arguments import add_log_options, client_parser, parse

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Find out why there is no device, and tell what to do. With a link, it is opened,
other baud rates are tried if need be, and a device that answers is asked for a
session, which is closed again. Without one, a server is asked for its opinion."""
_EXAMPLES = """\
scrutiny doctor
scrutiny doctor "serial:/dev/ttyACM0?baudrate=115200"
scrutiny doctor tcp://192.168.1.20:12345 --json"""


def main(argv: Sequence[str]) -> int:
    """Examine, and tell; 0 when there is a device that can be used.

    Raises:
        ScrutinyError: the server does not answer.
    """
    parser = client_parser("doctor", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument(
        "link",
        metavar="LINK",
        nargs="?",
        type=_link,
        help="as of `scrutiny server --link`; the name of a serial port, or usb:..., will do",
    )
    parser.add_argument("--json", action="store_true", help="a list of objects")
    add_log_options(parser)
    arguments = parse(parser, argv)
    findings = (
        _of_server(arguments) if arguments.link is None else _of_link(arguments.link, arguments)
    )
    if arguments.json:
        show(json.dumps([dataclasses.asdict(finding) for finding in findings]))
    return int(any(finding.prevents for finding in findings))


def _link(text: str) -> LinkSettings:
    is_port = (text.startswith(("/", "COM")) and ":" not in text) or is_usb_name(text)
    try:
        return parse_link_url(f"serial:{text}" if is_port else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}") from None


def _tell(finding: Finding, arguments: argparse.Namespace) -> None:
    if arguments.json:
        return
    mark = "problem" if finding.prevents else "warning" if finding.advice else "ok"
    show(f"{mark}: {one_line(finding.text)}")
    if finding.advice:
        show(f"  to do: {one_line(finding.advice)}")


# --------------------------------------------------------------------- of a link


def _of_link(link: LinkSettings, arguments: argparse.Namespace) -> list[Finding]:
    async def all_findings() -> list[Finding]:
        findings: list[Finding] = []
        async with contextlib.aclosing(examine(link, Surroundings(on_step=step))) as found:
            async for finding in found:
                findings.append(finding)
                _tell(finding, arguments)
        return findings

    with _steps() as step:
        return asyncio.run(all_findings())


@contextlib.contextmanager
def _steps() -> Generator[Callable[[str], None]]:
    """Return what to call with what is done next; people at a terminal see it."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console  # takes 100 ms, and is for terminals only

    with Console(stderr=True).status("") as status:
        yield status.update


# --------------------------------------------------------------------- of a server


def _of_server(arguments: argparse.Namespace) -> list[Finding]:
    client = ScrutinyClient("scrutiny doctor", timeout=arguments.timeout)
    try:
        with connected(client, arguments):
            finding = _opinion(client, arguments)
    except NotConnected as error:
        finding = Finding(Cause.NO_LINK, f"{error}", _name_a_link())
    _tell(finding, arguments)
    return [finding]


def _opinion(client: ScrutinyClient, arguments: argparse.Namespace) -> Finding:
    if client.get_latest_server_status().device_link.type is not DeviceLinkType.NONE:
        with contextlib.suppress(TimeoutException):
            client.wait_device_ready(arguments.timeout)
    status = client.get_latest_server_status()
    link = status.device_link
    if status.device_comm_state is DeviceCommState.ConnectedReady:
        device = client.get_device_info()
        name = "a device" if device is None else f"device {device.display_name!r}"
        return Finding(Cause.ALL_WELL, f"the server talks to {name}", prevents=False)
    if link.type is DeviceLinkType.NONE:
        return Finding(Cause.NO_LINK, "the server has no link", _name_a_link())
    reason = link.failure_reason or "no device answers"
    if not link.operational:
        return Finding(Cause.CANNOT_OPEN, f"the server cannot open its link: {reason}")
    port = "" if arguments.port == DEFAULT_PORT else f" --port {arguments.port}"
    return Finding(
        Cause.SILENCE,
        f"the server has the link, and no device: {reason}",
        "end the server, as only one program can have the link, then name the link: `scrutiny "
        f"doctor LINK`; `scrutiny status{port}` tells which link it is",
    )


def _name_a_link() -> str:
    ports = [port.device for port in serial_ports()]
    found = (
        f"the serial ports of this machine are {', '.join(ports)}"
        if ports
        else ("this machine has no serial port")
    )
    return f"name a link, as `scrutiny doctor serial:/dev/ttyACM0`; {found}"

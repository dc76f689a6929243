"""``scrutiny events``: what happens to server and device, as it happens."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.events import AnyEvent, Events

from .output import one_line, show
from .server_connection import connected_client
from .stopping import ended_by_signals
from .verb_arguments import add_log_options, client_parser, number, parse

_DESCRIPTION = """\
Show a line for each event: server and device come and go, descriptions are
loaded, recordings begin, end and are stored. It goes on, also when the server is
restarted, until Ctrl-C or SIGTERM, which are no failure."""
_EXAMPLES = """\
scrutiny events
scrutiny events --json --count 1 | jq .event"""
_WITHOUT_STATUS = Events.LISTEN_ALL & ~Events.LISTEN_STATUS_UPDATE_CHANGED


def main(argv: Sequence[str]) -> int:
    """Show events until that is enough; 0.

    Raises:
        ScrutinyError: there is no server at the start.
    """
    parser = client_parser("events", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument(
        "--status",
        action="store_true",
        help="also when the server tells its status, changed or not",
    )
    parser.add_argument(
        "--count", metavar="N", type=number(int, 1, math.inf), help="end after so many"
    )
    parser.add_argument(
        "--duration",
        metavar="SECONDS",
        type=number(float, 0, math.inf, above=True),
        help="end after so long",
    )
    parser.add_argument("--json", action="store_true", help="an object for each, in a line")
    add_log_options(parser)
    arguments = parse(parser, argv)
    listened = Events.LISTEN_ALL if arguments.status else _WITHOUT_STATUS
    with ended_by_signals(), connected_client("events", arguments, listened) as client:
        _show_events(client, arguments.count or math.inf, arguments.duration, arguments.json)
    return 0


def _show_events(
    client: ScrutinyClient, count: float, duration_s: float | None, as_json: bool
) -> None:
    end_s = None if duration_s is None else time.monotonic() + duration_s
    while count > 0:
        event = client.read_event(None if end_s is None else max(0.0, end_s - time.monotonic()))
        if event is None:
            return
        show(_object(event) if as_json else _line(event))
        count -= 1


def _line(event: AnyEvent) -> str:
    return f"{datetime.now().isoformat(' ', 'milliseconds')} {one_line(event.msg())}"


def _object(event: AnyEvent) -> str:
    kind = type(event).__name__.removesuffix("Event").removesuffix("Changed")
    content = {
        "time": datetime.now().astimezone().isoformat(),
        "event": kind,
        "text": event.msg(),
        **dataclasses.asdict(event),
    }
    return json.dumps(content, default=_json, allow_nan=False)


def _json(value: object) -> object:
    if isinstance(value, Enum):
        return value.name
    raise TypeError(f"{value!r} is nothing for JSON")

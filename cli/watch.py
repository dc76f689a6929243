"""``scrutiny watch``: values as they change, in a table on a terminal, in lines elsewhere."""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners.value_update import ValueUpdate

from .output import show
from .server_connection import Definitions, connected_client
from .stopping import Stop, stopped_by_signals
from .update_text import update_json, update_line
from .verb_arguments import add_log_options, client_parser, number, parse
from .wanted_paths import PATHS_HELP
from .watching.live_table import live_table
from .watching.rows import WatchedRows
from .watching.updates import definitions_to_watch, updates_of

_DESCRIPTION = """\
Show values as they change: on a terminal a table with value, change per second,
updates per second and age; elsewhere a line with time, path and value for each
update. It goes on, also when the device or the server comes and goes, until
Ctrl-C or SIGTERM, which are no failure."""
_EXAMPLES = """\
scrutiny watch '/motor/*'
scrutiny watch '/motor/speed [rpm]' --rate 100 --count 1000 --json > speed.jsonl"""
_RATE_HZ: Final = 5.0
_REDRAWN_S: Final = 0.2  # also without updates: the age grows


def main(argv: Sequence[str]) -> int:
    """Show values until that is enough; 0.

    Raises:
        ScrutinyError: there is no server or device at the start, or a path is unknown.
    """
    parser = client_parser("watch", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument("paths", metavar="PATH", nargs="+", help=PATHS_HELP)
    parser.add_argument(
        "--rate",
        metavar="HZ",
        type=number(float, 1, 1e6),
        default=_RATE_HZ,
        help=f"updates per second (default: {_RATE_HZ:g})",
    )
    parser.add_argument(
        "--count",
        metavar="N",
        type=number(int, 1, math.inf),
        help="end when so many updates of each value have come",
    )
    parser.add_argument("--json", action="store_true", help="an object for each update, in a line")
    add_log_options(parser)
    arguments = parse(parser, argv)
    with connected_client("watch", arguments) as client:
        definitions = definitions_to_watch(client, arguments)
        show_values = _show_table if sys.stdout.isatty() and not arguments.json else _show_lines
        with stopped_by_signals() as stop:
            show_values(client, definitions, arguments, stop)
    return 0


def _show_lines(
    client: ScrutinyClient, definitions: Definitions, arguments: argparse.Namespace, stop: Stop
) -> None:
    as_text = update_json if arguments.json else update_line
    limit: int | None = arguments.count
    counts: Counter[str] = Counter()

    def take(updates: list[ValueUpdate]) -> None:
        for update in updates:
            path = update.watchable.server_path
            if limit is not None and counts[path] == limit:
                continue
            counts[path] += update.value is not None
            show(as_text(update, definitions))
        if limit is not None and all(counts[path] == limit for path in definitions):
            stop.request()

    with updates_of(client, list(definitions), arguments.rate, stop, take):
        stop.wait()


def _show_table(
    client: ScrutinyClient, definitions: Definitions, arguments: argparse.Namespace, stop: Stop
) -> None:
    rows, lock = WatchedRows(definitions), threading.Lock()

    def take(updates: list[ValueUpdate]) -> None:
        with lock:
            rows.take(updates, time.monotonic())
            if arguments.count is not None and rows.fewest >= arguments.count:
                stop.request()

    with live_table() as draw, updates_of(client, list(definitions), arguments.rate, stop, take):
        is_over = False
        while not is_over:
            is_over = stop.wait(_REDRAWN_S)
            with lock:
                shown = rows.rows(time.monotonic())
            draw(shown)

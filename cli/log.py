"""``scrutiny log``: write every update of some values into a file, until that is enough."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.listeners.value_update import ValueUpdate

from .output import show
from .quantities import in_seconds
from .server_connection import Definitions, connected_client
from .stopping import Stop, stopped_by_signals
from .verb_arguments import add_log_options, client_parser, number, parse
from .wanted_paths import PATHS_HELP
from .watching.log_progress import log_progress
from .watching.sinks import CsvSink, JsonLinesSink, Sink
from .watching.updates import Updates, definitions_to_watch, updates_of

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Write every update of some values into a new file, until the time is up, or until
Ctrl-C or SIGTERM, which are no failure: all that has come is in the file then.
The device and the server may come and go meanwhile; a loss is written as well.
A summary goes to standard error, with --json to standard output."""
_EXAMPLES = """\
scrutiny log '/motor/*' --csv motor.csv
scrutiny log '/motor/speed [rpm]' --rate 100 --duration 60 --jsonl speed.jsonl"""
_SHOWN_S: Final = 0.2


@dataclass
class Tally:
    """What was written so far."""

    update_count: int = 0
    loss_count: int = 0


def main(argv: Sequence[str]) -> int:
    """Write until that is enough; 0 when nothing was dropped.

    Raises:
        ScrutinyError: there is no server or device at the start, a path is unknown, or the file
            is there already.
        OSError: the file cannot be written, or not any more.
    """
    parser = client_parser("log", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument("paths", metavar="PATH", nargs="+", help=PATHS_HELP)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--csv", metavar="FILE", type=Path, help="a row for each read of the device, in a .csv file"
    )
    target.add_argument("--jsonl", metavar="FILE", type=Path, help="an object for each update")
    parser.add_argument(
        "--rate",
        metavar="HZ",
        type=number(float, 1, 1e6),
        help="updates per second (default: as many as the link allows)",
    )
    parser.add_argument(
        "--duration",
        metavar="SECONDS",
        type=number(float, 0, math.inf, above=True),
        help="end after so long",
    )
    parser.add_argument("--json", action="store_true", help="show the summary as an object")
    add_log_options(parser)
    arguments = parse(parser, argv)
    with connected_client("log", arguments) as client:
        definitions = definitions_to_watch(client, arguments)
        sink = _sink(arguments, definitions)
        with stopped_by_signals() as stop, contextlib.closing(sink):
            return _log(client, sink, definitions, arguments, stop)


def _sink(arguments: argparse.Namespace, definitions: Definitions) -> Sink:
    if arguments.csv is not None:
        return CsvSink(arguments.csv, definitions)
    return JsonLinesSink(arguments.jsonl, definitions)


def _log(
    client: ScrutinyClient,
    sink: Sink,
    definitions: Definitions,
    arguments: argparse.Namespace,
    stop: Stop,
) -> int:
    tally = Tally()

    def take(updates: list[ValueUpdate]) -> None:
        sink.write(updates)
        tally.update_count += len(updates)
        tally.loss_count += sum(update.value is None for update in updates)

    what = "1 value" if len(definitions) == 1 else f"{len(definitions)} values"
    started_s = time.monotonic()
    paths, rate = list(definitions), arguments.rate
    with updates_of(client, paths, rate, stop, take, sink.flush) as updates:
        logger.info("logging %s to %s; Ctrl-C ends it", what, sink.path)
        _wait(stop, tally, updates, started_s, arguments.duration)
    sink.flush()
    summary = {
        "file": str(sink.path),
        "values": len(definitions),
        "updates": tally.update_count,
        "losses": tally.loss_count,
        "dropped": updates.drop_count,
        "duration_s": round(time.monotonic() - started_s, 3),
    }
    logger.info("%s written: %s", sink.path, _text(tally, updates, time.monotonic() - started_s))
    if arguments.json:
        show(json.dumps(summary))
    return int(updates.drop_count > 0)


def _wait(
    stop: Stop, tally: Tally, updates: Updates, started_s: float, duration_s: float | None
) -> None:
    """Return when it is over; meanwhile people see how far it is."""
    end_s = math.inf if duration_s is None else started_s + duration_s
    with log_progress(duration_s) as show_progress:
        while (now_s := time.monotonic()) < end_s and not stop.wait(min(_SHOWN_S, end_s - now_s)):
            elapsed_s = time.monotonic() - started_s
            show_progress(elapsed_s, f"{_text(tally, updates, elapsed_s)} (Ctrl-C ends it)")


def _text(tally: Tally, updates: Updates, elapsed_s: float) -> str:
    rate = tally.update_count / elapsed_s if elapsed_s > 0 else 0.0
    text = f"{tally.update_count} updates in {in_seconds(elapsed_s)}, {rate:.3g} per second"
    if tally.loss_count:
        text += f", {tally.loss_count} of them losses"
    if updates.drop_count:
        text += f", {updates.drop_count} DROPPED: they came faster than they could be written"
    return text

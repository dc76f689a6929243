"""``scrutiny set``: write values, and tell what the device has made of them."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scrutiny.core.errors import ExpressionError
from scrutiny.core.expressions import evaluate
from scrutiny.sdk import DetailedWatchableConfiguration
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.watchable_handle import ValueSnapshot

from .output import one_line, show
from .server_connection import Definitions, connected_client, wait_for_device
from .value_text import Value, value_json, value_text
from .verb_arguments import add_log_options, client_parser, parse
from .wanted_paths import exact_definitions

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Write values, in the order in which they are given, and read back what the
device has. A value is a number as 12, -3.5e2, 0x1F or 0b101, true, false, the
name of a value, or an expression as 2*pi. What does not fit is made to fit,
which a warning on standard error tells; so it does when the firmware has
something else by then."""
_EXAMPLES = """\
scrutiny set '/motor/setpoint [rpm]=1500'
scrutiny set /rpv/x1000=0x5DC /motor/mode=MODE_SPEED"""
_WRITTEN_AT = 1.0  # how often per second what is written is read meanwhile: as seldom as possible
_CLOSE = 1e-6  # an alias calculates


class Assignment(NamedTuple):
    """What to write where."""

    path: str
    text: str


def main(argv: Sequence[str]) -> int:
    """Write, read back and show; 0 when the device has confirmed all.

    Raises:
        ScrutinyError: it has not; the text says what, and how many.
    """
    parser = client_parser("set", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument(
        "assignments",
        metavar="PATH=VALUE",
        nargs="+",
        type=_assignment,
        help="the last = counts",
    )
    parser.add_argument(
        "--json", action="store_true", help="one object, with an object of value and wish by path"
    )
    add_log_options(parser)
    arguments = parse(parser, argv)
    assignments: list[Assignment] = arguments.assignments
    with connected_client("set", arguments) as client:
        wait_for_device(client, arguments.timeout)
        paths = list(dict.fromkeys(each.path for each in assignments))
        definitions = exact_definitions(client, paths)
        _write(client, assignments, arguments.timeout)
        snapshots = client.read_many(paths)
    wanted = {each.path: each.text for each in assignments}  # of several, the last one
    for path, snapshot in snapshots.items():
        _tell_difference(path, wanted[path], snapshot, definitions[path])
    if arguments.json:
        show(_as_json(wanted, snapshots, definitions))
    else:
        for path, snapshot in snapshots.items():
            if snapshot.value is not None:
                show(f"{one_line(path)} {value_text(snapshot.value, definitions[path])}")
    return 0


def _assignment(text: str) -> Assignment:
    path, sign, value = text.rpartition("=")
    if not sign or not path.strip("/") or not value.strip():
        raise argparse.ArgumentTypeError(f"{one_line(text)!r} is not PATH=VALUE")
    return Assignment(path, value)


def _write(client: ScrutinyClient, assignments: Sequence[Assignment], timeout_s: float) -> None:
    handles = client.watch_many([each.path for each in assignments], _WRITTEN_AT)
    with client.batch_write(timeout_s):
        for handle, assignment in zip(handles, assignments, strict=True):
            handle.value = assignment.text


def _tell_difference(
    path: str,
    text: str,
    snapshot: ValueSnapshot,
    definition: DetailedWatchableConfiguration,
) -> None:
    if snapshot.value is None:
        logger.warning("%s was written, and has no value: %s", path, snapshot.failure_reason)
    elif not _is_same(_meaning(text, definition), snapshot.value):
        logger.warning(
            "%s is %s, not %s: it was made to fit, or the firmware has changed it",
            path,
            value_text(snapshot.value, definition),
            text,
        )


def _meaning(text: str, definition: DetailedWatchableConfiguration) -> Value | None:
    """Return the number that a text stands for, as the server understands it."""
    if definition.enum is not None and definition.enum.has_value(text):
        return definition.enum.get_value(text)
    try:
        return evaluate(text)
    except ExpressionError:  # of a server that knows more
        return None


def _is_same(wanted: Value | None, actual: Value) -> bool:
    if wanted is None or wanted == actual:
        return True
    if isinstance(actual, float):
        return abs(wanted - actual) <= _CLOSE * max(abs(wanted), abs(actual))
    return False


def _as_json(
    wanted: Mapping[str, str], snapshots: Mapping[str, ValueSnapshot], definitions: Definitions
) -> str:
    content = {
        path: {
            **value_json(snapshot.value, definitions[path]),
            "wanted": wanted[path],
            "is_as_wanted": snapshot.value is not None
            and _is_same(_meaning(wanted[path], definitions[path]), snapshot.value),
        }
        for path, snapshot in snapshots.items()
    }
    return json.dumps(content, allow_nan=False)

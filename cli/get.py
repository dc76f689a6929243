"""``scrutiny get``: read values now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from scrutiny.sdk.watchable_handle import ValueSnapshot

from .output import one_line, show, show_error
from .server_connection import Definitions, connected_client, wait_for_device
from .value_text import value_json, value_text
from .verb_arguments import add_log_options, client_parser, parse
from .wanted_paths import PATHS_HELP, wanted_definitions

_DESCRIPTION = """\
Read values from the device now, and show a line with path and value for each.
Values that have names are shown by these. A value that cannot be read is told on
standard error, and lets the exit code be 1."""
_EXAMPLES = """\
scrutiny get '/motor/speed [rpm]' /motor/state
scrutiny get '/motor/*'
scrutiny get --json '/rpv/*' | jq '."/rpv/x1001".value'"""


def main(argv: Sequence[str]) -> int:
    """Read and show; 0 when all have a value.

    Raises:
        ScrutinyError: there is no server or device, or a path is unknown.
    """
    parser = client_parser("get", _DESCRIPTION, examples=_EXAMPLES)
    parser.add_argument("paths", metavar="PATH", nargs="+", help=PATHS_HELP)
    parser.add_argument(
        "--json", action="store_true", help="one object, with an object of value and status by path"
    )
    add_log_options(parser)
    arguments = parse(parser, argv)
    with connected_client("get", arguments) as client:
        wait_for_device(client, arguments.timeout)
        definitions = wanted_definitions(client, arguments.paths)
        snapshots = client.read_many(list(definitions))
    if arguments.json:
        show(_as_json(snapshots, definitions))
    else:
        _show_lines(snapshots, definitions)
    return int(any(snapshot.value is None for snapshot in snapshots.values()))


def _show_lines(snapshots: Mapping[str, ValueSnapshot], definitions: Definitions) -> None:
    for path, snapshot in snapshots.items():
        if snapshot.value is not None:
            show(f"{one_line(path)} {value_text(snapshot.value, definitions[path])}")
        else:
            show_error(f"{path} has no value: {snapshot.failure_reason}")


def _as_json(snapshots: Mapping[str, ValueSnapshot], definitions: Definitions) -> str:
    content = {
        path: {
            **value_json(snapshot.value, definitions[path]),
            "type": definitions[path].datatype.name,
            "status": snapshot.status.name,
            "reason": snapshot.failure_reason,
        }
        for path, snapshot in snapshots.items()
    }
    return json.dumps(content, allow_nan=False)

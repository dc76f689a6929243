"""Updates of watched values, as lines for people and for programs."""

from __future__ import annotations

import json

from scrutiny.sdk.listeners.value_update import ValueUpdate

from .output import one_line
from .server_connection import Definitions
from .value_text import value_json, value_text


def update_line(update: ValueUpdate, definitions: Definitions) -> str:
    """Return time, path and value, or why there is none."""
    path = update.watchable.server_path
    time = update.update_timestamp.isoformat(" ", "microseconds")
    if update.value is None:
        value = f"- ({update.status.name})"
    else:
        value = value_text(update.value, definitions[path])
    return f"{time} {one_line(path)} {value}"


def update_json(update: ValueUpdate, definitions: Definitions) -> str:
    """Return an object with time, path, value and status, in one line."""
    path = update.watchable.server_path
    content = {
        "time": update.update_timestamp.astimezone().isoformat(timespec="microseconds"),
        "path": path,
        **value_json(update.value, definitions[path]),
        "status": update.status.name,
    }
    return json.dumps(content, allow_nan=False)

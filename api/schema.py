"""JSON Schema of all messages, made from their types; ``docs/api-schema.json`` is this.

``python -m scrutiny.api.schema > docs/api-schema.json`` writes it anew.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any, Final

import msgspec

from .messages import AnyCommand, AnyServerMessage
from .versions import API_VERSION

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def api_schema() -> Schema:
    """Return the schema of a message in either direction.

    ``$defs`` holds one schema per message and per part of one, ``Command`` for what clients send,
    and ``ServerMessage`` for what they receive. Fields that it does not name are to be ignored.
    """
    (command, server_message), parts = msgspec.json.schema_components(
        [AnyCommand, AnyServerMessage], ref_template="#/$defs/{name}"
    )
    for part in parts.values():
        if "description" in part:
            part["description"] = inspect.cleandoc(part["description"])
    return {
        "$schema": _DIALECT,
        "title": "Messages between clients and server",
        "description": f"Version {API_VERSION} of the API: one JSON object per text message.",
        "anyOf": [{"$ref": "#/$defs/Command"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": {
            "Command": {"description": "What clients send.", **command},
            "ServerMessage": {"description": "What clients receive.", **server_message},
            **dict(sorted(parts.items())),
        },
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(api_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())

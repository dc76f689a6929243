"""What this side of the websocket can do, told in the welcome message."""

from __future__ import annotations

API_VERSION = "1.0"

# Names that a client may look for before it uses a message that older servers lack.
FEATURES: tuple[str, ...] = (
    "published_values",
    "memory",
    "user_command",
    "update_rate",
    "link_failure_reason",
    "variables",
    "aliases",
    "enumerator_names",
    "read_once",
    "partial_subscription",
    "descriptions",
    "description_failure_reason",
    "datalogging",
    "datalogging_queue",
    "datalogging_download",
)

DEFAULT_PORT = 8765

# Largest message in octets, either way. A larger one is answered with an error and thrown away.
MAX_MESSAGE_SIZE = 1 << 20

"""What this side of the websocket can do, told in the welcome message, and how to read that.

The version is ``major.minor``. A client works with servers of its own major version; the minor
version grows with each message or field that is added, and every such addition is a feature with a
name. So a client asks for the feature, not for a number.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

API_VERSION = "1.1"

# Names that a client may look for before it uses a message that older servers lack.
FEATURES: tuple[str, ...] = (
    "published_values",
    "memory",
    "large_memory_reads",
    "write_by_data",
    "joined_confirmations",
    "user_command",
    "update_rate",
    "link_failure_reason",
    "demo_mode",
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
    "binary_values",
    "watch_modes",
    "initial_values",
)

# Commands that were added to those which all servers know, with the feature that tells of them.
FEATURE_OF_COMMAND: Final[dict[str, str]] = {
    "demo_mode": "demo_mode",
    "write_single_watchable_by_data": "write_by_data",
    "read_watchable": "read_once",
    "list_datalogging_requests": "datalogging_queue",
    "cancel_datalogging_request": "datalogging_queue",
    "download_datalogging_acquisition": "datalogging_download",
    "set_value_format": "binary_values",
}

DEFAULT_PORT = 8765

# Largest message in octets, either way. A larger one is answered with an error and thrown away.
MAX_MESSAGE_SIZE = 1 << 20

# Octets of memory that one command reads at most; of servers without "large_memory_reads", and of
# the peer's, as many as `LARGEST_USUAL_READ`.
LARGEST_MEMORY_READ = 1 << 17
LARGEST_USUAL_READ = 0x3FFF


def why_incompatible(version: str) -> str:
    """Return why a client of this version cannot work with a server of another; empty if it can.

    Args:
        version: as the server told it; empty if it told none.
    """
    if not version:
        return f"it tells no version of its API, so it is too old; {API_VERSION} is due"
    ours, theirs = _major(API_VERSION), _major(version)
    if theirs is None:
        return f"its version of the API, {version[:40]!r}, is none"
    if ours == theirs:
        return ""
    older = "the server is too old" if theirs < (ours or 0) else "this client is too old"
    return f"its version of the API is {version}, that of this client {API_VERSION}: {older}"


def why_unknown(command: str, features: Collection[str]) -> str:
    """Return why a server with these features does not know a command; empty if it does."""
    feature = FEATURE_OF_COMMAND.get(command)
    if feature is None or feature in features:
        return ""
    return f"it is too old for {command}, its features lack {feature!r}"


def _major(version: str) -> int | None:
    number = version.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else None

"""``scrutiny list-sfd``: list the installed descriptions."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scrutiny.sfd.store import DescriptionStore, InstalledDescription

from .output import one_line, show
from .verb_arguments import parse, verb_parser

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Show how many there are, and a line for each, in the order of their names."""
    parse(verb_parser("list-sfd", "List the installed descriptions."), argv)
    readable: dict[str, InstalledDescription] = {}
    store = DescriptionStore()
    for description in store.list():
        if description.is_damaged:
            logger.warning(
                "%s is damaged; install it again, or remove it with uninstall-sfd",
                store.path_of(description.firmware_id),
            )
        else:
            readable[description.firmware_id] = description
    show(f"Number of valid SFD installed: {len(readable)}")
    titles = {key: _title(description.metadata) for key, description in readable.items()}
    width = max(map(len, titles.values()), default=0) + 4
    for key in sorted(titles, key=lambda key: (titles[key], key)):
        generation = readable[key].metadata.get("generation_info", {})
        show(f"  {titles[key]:{width}}({key})\tScrutiny {_origin(generation)}")
    return 0


def _title(metadata: dict[str, Any]) -> str:
    name = metadata.get("project_name", "No Name")
    return one_line(f"{name} {metadata.get('version', 'No version')}")


def _origin(generation: dict[str, Any]) -> str:
    text = one_line(f"{generation.get('scrutiny_version')}")
    try:
        moment = datetime.fromtimestamp(generation["time"])  # of the user's clock, as file times
    except (KeyError, OverflowError, ValueError, OSError):
        return text
    return f"{text} \t Created on {moment:%Y-%m-%d %H:%M:%S} "

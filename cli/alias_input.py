"""Take aliases that somebody wrote; what looks like a slip is told, and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scrutiny.sfd.alias_files import AliasSet, first_of, load_alias_file
from scrutiny.sfd.alias_targets import AliasTargets

logger = logging.getLogger(__name__)


def load_aliases(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the JSON objects in alias files.

    Raises:
        AliasError: one cannot be read, or is no JSON object.
    """
    documents: list[dict[str, Any]] = []
    for file in files:
        document, warnings = load_alias_file(file)
        documents.append(document)
        for text in first_of(warnings):
            logger.warning("%s: %s", file, text)
    return documents


def add_aliases(
    aliases: AliasSet, documents: Iterable[Mapping[str, Any]], targets: AliasTargets
) -> int:
    """Add aliases, all or none; return how many are new.

    Raises:
        AliasError: some are not valid, or their target does not exist. Nothing was taken.
    """
    try:
        return aliases.add(documents, targets)
    finally:  # a slip may be the very reason of an error
        for text in first_of(aliases.warnings):
            logger.warning("%s", text)

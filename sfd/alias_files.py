"""Alias files on disk, and how what is new in them joins what a description has.

Source: firmware description, section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from scrutiny.core.paths import normalize_path
from scrutiny.core.watchables import Alias

from .alias_targets import AliasTargets
from .aliases import decode_aliases, read_aliases, unknown_keys
from .errors import AliasError
from .package import MEMBER_SIZE_MAX

_MESSAGES_MAX: Final = 50


def load_alias_file(file: Path) -> tuple[dict[str, Any], list[str]]:
    """Read an alias file, whose definitions are not looked at.

    Returns:
        The JSON object in it, and one message for each path that is there more than once.

    Raises:
        AliasError: it cannot be read, or is no JSON object.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MEMBER_SIZE_MAX + 1)
    except OSError as error:
        raise AliasError(f"cannot read {file}: {error.strerror or error}") from error
    if len(data) > MEMBER_SIZE_MAX:
        raise AliasError(f"{file} is larger than {MEMBER_SIZE_MAX >> 20} MiB")
    try:
        document, repeated = decode_aliases(data)
    except (ValueError, RecursionError) as error:
        raise AliasError(f"{file} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise AliasError(f"{file} is not a JSON object: alias paths, each with its definition")
    return cast("dict[str, Any]", document), repeated


def first_of(messages: list[str]) -> list[str]:
    """Return as many messages as somebody reads, and one that counts the others."""
    more = len(messages) - _MESSAGES_MAX
    return messages if more <= 0 else [*messages[:_MESSAGES_MAX], f"and {more} more like these"]


@dataclass(slots=True)
class AliasSet:
    """The aliases of a description while it is made; the first one of a path stays.

    Attributes:
        aliases: by canonical path, in the order they came.
        duplicates: one message for each that was not taken because its path was.
        warnings: what is allowed, and probably not what was meant.
    """

    aliases: dict[str, Alias] = field(default_factory=dict[str, Alias])
    duplicates: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def adopt(self, document: Mapping[str, Any], targets: AliasTargets) -> list[str]:
        """Take what is valid of the aliases that are there; return why others were refused."""
        valid, refused = _check(document, targets)
        self.warnings += _doubts(document, targets)
        self.aliases |= {alias.path: alias for alias in valid}
        return refused

    def add(self, documents: Iterable[Mapping[str, Any]], targets: AliasTargets) -> int:
        """Take the aliases of some files, all or none; return how many are new.

        Raises:
            AliasError: some are not valid, or their target does not exist; the text has one line
                for each of the first ones. Nothing was taken.
        """
        valid: list[Alias] = []
        problems: list[str] = []
        for document in documents:
            found, refused = _check(document, targets)
            self.warnings += _doubts(document, targets)
            valid += found
            problems += refused
        if problems:
            raise AliasError("\n".join(first_of(problems)))
        before = len(self.aliases)
        for alias in valid:
            if alias.path in self.aliases:
                self.duplicates.append(f"alias {alias.path} is there already; the first one stays")
            else:
                self.aliases[alias.path] = alias
        return len(self.aliases) - before


def _check(document: Mapping[str, Any], targets: AliasTargets) -> tuple[list[Alias], list[str]]:
    """Return the valid aliases, whose targets exist, and one message for each of the others."""
    aliases, refused = read_aliases(document)
    valid: list[Alias] = []
    for alias in aliases.values():
        try:
            valid.append(targets.check(alias))
        except AliasError as error:
            refused.append(f"{error}")
    return valid, refused


def _doubts(document: Mapping[str, Any], targets: AliasTargets) -> Iterator[str]:
    """Yield what is odd about aliases, valid or not."""
    yield from unknown_keys(document)
    for path in map(normalize_path, document):
        if targets.has_variable(path):
            yield f"alias {path} has the path of a variable; the variable wins"

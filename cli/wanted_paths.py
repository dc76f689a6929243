"""From the paths that somebody types, wildcards among them, to what there is."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from scrutiny.core.errors import ScrutinyError
from scrutiny.sdk import DetailedWatchableConfiguration, WatchableListContentPart
from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.exceptions import OperationFailure

from .output import one_line
from .server_connection import Definitions, definitions_of

PATHS_HELP: Final = (
    "variables, aliases, published values, elements of arrays; with * or ? in it, all that match "
    "but elements of arrays; * stands for any characters, / too"
)
_MOST_PATHS: Final = 10_000


class PathUnknown(ScrutinyError):
    """There is nothing of this path, or too much of it; the text tells how to find out."""


def wanted_definitions(client: ScrutinyClient, texts: Sequence[str]) -> Definitions:
    """Return the definitions of what somebody asks for, by path, in the order of the question.

    A path that exists stands for itself: names of pointers contain ``*``. Brackets are those of
    elements and units, never of a pattern.

    Raises:
        PathUnknown: nothing has one of the paths, or too much matches it.
    """
    plain = [text for text in texts if not _has_wildcards(text)]
    known: Definitions = exact_definitions(client, plain) if plain else {}
    definitions: dict[str, DetailedWatchableConfiguration] = {}
    for text in texts:
        found = _matching(client, text) if _has_wildcards(text) else {text: known[text]}
        definitions |= {one.server_path: one for one in found.values()}
    return definitions


def _has_wildcards(text: str) -> bool:
    return "*" in text or "?" in text


def exact_definitions(client: ScrutinyClient, paths: Sequence[str]) -> Definitions:
    """Return the definitions of paths that stand for themselves, by the paths as given.

    Raises:
        PathUnknown: nothing has one of them; the text has the closest ones.
    """
    try:
        return definitions_of(client, paths)
    except OperationFailure as error:
        folder = paths[0].strip("/").rpartition("/")[0]
        pattern = f"/{folder}/*" if folder else "*"
        raise PathUnknown(f"{error}; to see what there is: scrutiny get '{pattern}'") from error


def _matching(client: ScrutinyClient, text: str) -> Definitions:
    with contextlib.suppress(OperationFailure):
        return definitions_of(client, [text])
    pattern = text if text.startswith(("/", "*", "?")) else f"/{text}"
    request = client.download_watchable_list(name_patterns=[pattern.replace("[", "[[]")])
    request.wait_for_completion()
    listed = request.get()
    paths = [*sorted(listed.alias), *sorted(listed.rpv), *sorted(listed.var)]
    if not paths:
        raise PathUnknown(f"nothing matches {one_line(text)}; {_instead_of(listed)}")
    if len(paths) > _MOST_PATHS:
        raise PathUnknown(
            f"{one_line(text)} matches {len(paths)} values; at most {_MOST_PATHS} are taken at once"
        )
    return definitions_of(client, paths)


def _instead_of(listed: WatchableListContentPart) -> str:
    for factory in listed.var_factory.values():
        path, _ = next(factory.iterate_possible_paths())
        return f"elements of arrays take an index, as {one_line(path)}"
    return "to see what there is: scrutiny get '*'"

"""Commands that count and list watchables.

A description may have hundreds of thousands of variables: a list is made in slices, between which
everybody else has a turn, and pauses while its client does not read.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from scrutiny.api.messages import (
    BriefWatchable,
    GetWatchableCount,
    GetWatchableList,
    ListFilter,
    VariableFactory,
    WatchableCountReply,
    WatchableCounts,
    WatchableGroups,
    WatchableListReply,
)
from scrutiny.core.errors import PathError
from scrutiny.core.watchables import Alias, PublishedValue

from ..entries import Entry, Source
from ..symbols import LoadedDescription, Symbols
from ..turns import NO_PAUSE, Steps
from .client import Client
from .definitions import brief, factory_definition
from .errors import CommandRefused
from .steps import answered

# Keeps a part far below the largest message, whatever the client asks for.
LARGEST_PART: Final = 4000
LARGEST_PART_OCTETS: Final = 1 << 18

# Making them ready takes 7 µs per character, and trying all on one path of 50 up to 145 µs.
MOST_PATTERNS: Final = 100
LONGEST_PATTERNS: Final = 5000  # characters, all together

# So many are tried, and described if they match, before somebody else may have a turn; fewer if
# the patterns have more characters than this, for each may be tried at each place of a path.
PATHS_PER_STEP: Final = 50
_PATTERNS_PER_STEP: Final = 100

# A client that leaves this much unread gets no more of its list until it has read.
_PAUSE_BACKLOG: Final = 1 << 20
_PAUSE_S: Final = 0.02

_encoder: Final = msgspec.json.Encoder()

Matches = Callable[[str], object]
Slices = Callable[[int], Iterator[range]]  # of so many paths
Group = str
Item = tuple[Group, BriefWatchable | VariableFactory]


def get_watchable_count(client: Client, command: GetWatchableCount) -> None:
    """Tell how many watchables there are of each kind."""
    counts = WatchableCounts(rpv=len(client.parts.store.published))
    if (loaded := client.parts.symbols.loaded) is not None:
        counts.var = loaded.description.variable_count
        counts.alias = loaded.description.alias_count
        counts.var_factory = loaded.description.factory_count
    client.send(WatchableCountReply(reqid=command.reqid, qty=counts))


def get_watchable_list(client: Client, command: GetWatchableList) -> None:
    """List watchables in one or more parts; of long lists, the later ones follow in later turns.

    When the description is unloaded or replaced before a list of its variables is complete, the
    list ends with an error.

    Raises:
        CommandRefused: the size of a part is below 1, or there are too many patterns or lists.
    """
    if command.max_per_response < 1:
        raise CommandRefused(f"max_per_response is {command.max_per_response}, at least 1 is due")
    part_size = min(command.max_per_response, LARGEST_PART)
    wanted = command.filter or ListFilter()
    # Existing servers take a type that is no list as no filter, so clients may rely on it.
    kinds = set[str](wanted.type if isinstance(wanted.type, list) else ())
    patterns = _checked_patterns(wanted.name)
    matches, slices = _path_filter(patterns), _slices_for(patterns)
    store, symbols = client.parts.store, client.parts.symbols
    kinds = kinds or {"rpv", "alias", "var"}
    items = _items(store.published, symbols, symbols.loaded, kinds, matches, slices)
    client.lists.start()
    parts = _list_parts(command.reqid, items, part_size)
    client.parts.turns.start(answered(client, command, _send_parts(client, parts)))


def _send_parts(client: Client, parts: Iterator[WatchableListReply | None]) -> Steps:
    try:
        for part in parts:
            if part is not None:
                client.send(part)
            yield NO_PAUSE
            while client.backlog() > _PAUSE_BACKLOG:
                yield _PAUSE_S
    finally:
        client.lists.end()


def _list_parts(
    reqid: int | None, items: Iterator[Item | None], part_size: int
) -> Iterator[WatchableListReply | None]:
    """Yield the parts of a list, and None where somebody else may have a turn."""
    part = _Part()
    for item in items:
        if item is None:
            yield None
            continue
        octets = len(_encoder.encode(item[1]))
        if part.count == part_size or (part.count and part.octets + octets > LARGEST_PART_OCTETS):
            yield part.reply(reqid, done=False)
            part = _Part()
        part.add(item, octets)
    yield part.reply(reqid, done=True)


class _Part:
    """One part of a list while it is filled."""

    def __init__(self) -> None:
        self._groups = WatchableGroups(var=[], alias=[], rpv=[], var_factory=[])
        self.count = 0
        self.octets = 0

    def add(self, item: Item, octets: int) -> None:
        group, definition = item
        getattr(self._groups, group).append(definition)
        self.count += 1
        self.octets += octets

    def reply(self, reqid: int | None, *, done: bool) -> WatchableListReply:
        groups = self._groups
        counts = WatchableCounts(
            var=len(groups.var),
            alias=len(groups.alias),
            rpv=len(groups.rpv),
            var_factory=len(groups.var_factory),
        )
        return WatchableListReply(reqid=reqid, done=done, qty=counts, content=groups)


def _items(
    published: Sequence[Entry],
    symbols: Symbols,
    loaded: LoadedDescription | None,
    kinds: set[str],
    matches: Matches,
    slices: Slices,
) -> Iterator[Item | None]:
    """Yield what matches, in the order of the contract, and None after each slice."""
    if "rpv" in kinds:
        for part in slices(len(published)):
            for entry in published[part.start : part.stop]:
                if matches(entry.path):
                    yield "rpv", brief(entry.path, entry.data_type, entry.enum)
            yield None
    if loaded is None:
        return
    sources = {entry.path: entry.source for entry in published}
    described = _described_items(loaded, sources, kinds, matches, slices)
    while symbols.loaded is loaded:
        try:
            item = next(described)
        except StopIteration:
            return
        yield item
    raise CommandRefused(
        "the firmware description was unloaded or replaced while the list was made; ask again"
    )


def _described_items(
    loaded: LoadedDescription,
    published: dict[str, Source],
    kinds: set[str],
    matches: Matches,
    slices: Slices,
) -> Iterator[Item | None]:
    description = loaded.description
    if "alias" in kinds:
        for part in slices(description.alias_count):
            for alias in description.aliases(part.start, part.stop):
                if matches(alias.path) and (source := _target(loaded, published, alias)):
                    enum = alias.enum
                    if enum is None and not isinstance(source, PublishedValue):
                        enum = source.enum
                    yield "alias", brief(alias.path, source.data_type, enum)
            yield None
    if "var" not in kinds:
        return
    for part in slices(description.variable_count):
        paths = description.variable_paths(part.start, part.stop)
        for index, path in enumerate(paths, part.start):
            if matches(path):
                variable = description.variable_at(index)
                yield "var", brief(path, variable.data_type, variable.enum)
        yield None
    for part in slices(description.factory_count):
        paths = description.factory_paths(part.start, part.stop)
        for index, path in enumerate(paths, part.start):
            if matches(path):
                yield "var_factory", factory_definition(description.factory_at(index))
        yield None


def _target(loaded: LoadedDescription, published: dict[str, Source], alias: Alias) -> Source | None:
    """Return what an alias stands for; None if this device does not have it."""
    if alias.target_type == "rpv":
        return published.get(alias.target)
    try:
        return loaded.description.find_variable(alias.target)
    except PathError:
        return None


def _slices_for(patterns: Sequence[str]) -> Slices:
    characters = max(_PATTERNS_PER_STEP, sum(map(len, patterns)))
    size = max(1, PATHS_PER_STEP * _PATTERNS_PER_STEP // characters)

    def slices(count: int) -> Iterator[range]:
        for start in range(0, count, size):
            yield range(start, min(start + size, count))

    return slices


def _checked_patterns(patterns: list[str] | str | None) -> Sequence[str]:
    if isinstance(patterns, str):
        patterns = [patterns]
    if not patterns:
        return ()
    if len(patterns) > MOST_PATTERNS:
        raise CommandRefused(f"the filter has {len(patterns)} patterns, at most {MOST_PATTERNS}")
    if (length := sum(map(len, patterns))) > LONGEST_PATTERNS:
        raise CommandRefused(
            f"the patterns have {length} characters, at most {LONGEST_PATTERNS} are taken"
        )
    return patterns


def _path_filter(patterns: Sequence[str]) -> Matches:
    if not patterns:
        return lambda path: True
    try:
        return re.compile("|".join(map(fnmatch.translate, patterns))).match
    except (re.error, OverflowError, RecursionError) as error:
        raise CommandRefused(f"the patterns of the filter cannot be used: {error}") from None

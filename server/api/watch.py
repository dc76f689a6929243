"""Commands that find watchables and subscribe to them. A batch is done as a whole or not at all."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from scrutiny.api.messages import (
    BriefWatchable,
    ChangeRateReply,
    ChangeSubscriptionUpdateRate,
    DetailedWatchable,
    GetWatchableCount,
    GetWatchableInfo,
    GetWatchableList,
    ListFilter,
    SetThrottling,
    SetThrottlingReply,
    SubscribeReply,
    SubscribeWatchable,
    UnsubscribeReply,
    UnsubscribeWatchable,
    WatchableCountReply,
    WatchableCounts,
    WatchableGroups,
    WatchableInfoReply,
    WatchableListReply,
)

from ..entries import Entry
from ..subscriptions import effective_rate
from .client import Client
from .errors import CommandRefused
from .limits import check_path_count

# Keeps a part far below the largest message, whatever the client asks for.
LARGEST_PART: Final = 4000

# Making them ready takes 7 µs per character, and trying all on one path up to 8 µs.
MOST_PATTERNS: Final = 100
LONGEST_PATTERNS: Final = 5000  # characters, all together

# So many are tried before everybody else has a turn.
PATHS_PER_TURN: Final = 1000

# Rates beyond these, in updates per second, would overflow the arithmetic of deadlines; no link is
# as fast as the upper one, and the lower one is an update in twelve days.
_LOWEST_RATE: Final = 1e-6
_HIGHEST_RATE: Final = 1e6


def get_watchable_count(client: Client, command: GetWatchableCount) -> None:
    """Tell how many watchables there are of each kind."""
    counts = WatchableCounts(rpv=len(client.parts.store.published))
    client.send(WatchableCountReply(reqid=command.reqid, qty=counts))


def get_watchable_list(client: Client, command: GetWatchableList) -> None:
    """List watchables in one or more parts; of long lists, the later ones follow in later turns.

    Raises:
        CommandRefused: the size of a part is below 1, or there are too many patterns or lists.
    """
    if command.max_per_response < 1:
        raise CommandRefused(f"max_per_response is {command.max_per_response}, at least 1 is due")
    part_size = min(command.max_per_response, LARGEST_PART)
    wanted = command.filter or ListFilter()
    # Existing servers take a type that is no list as no filter, so clients may rely on it.
    kinds = wanted.type if isinstance(wanted.type, list) else []
    entries: Sequence[Entry] = ()
    if not kinds or "rpv" in kinds:
        entries = client.parts.store.published
    parts = _list_parts(command.reqid, entries, _path_filter(wanted.name), part_size)
    client.lists.start()
    _send_parts(client, parts)


def get_watchable_info(client: Client, command: GetWatchableInfo) -> None:
    """Describe watchables.

    Raises:
        CommandRefused: one path is unknown, or there are too many.
    """
    check_path_count(command.watchables)
    entries = {path: client.parts.find_entry(path) for path in command.watchables}
    info = {path: detailed(entry) for path, entry in entries.items()}
    client.send(WatchableInfoReply(reqid=command.reqid, info=info))


def subscribe(client: Client, command: SubscribeWatchable) -> None:
    """Watch entries; a second subscription replaces the rate.

    Raises:
        CommandRefused: one path is unknown, there are too many, or the rate is not above 0.
    """
    check_path_count(command.watchables)
    rate = _checked_rate(command.rate)
    entries = {path: client.parts.find_entry(path) for path in command.watchables}
    for entry in entries.values():
        client.parts.subscriptions.watch(client.feed, entry, rate)
    subscribed = {path: detailed(entry) for path, entry in entries.items()}
    client.send(SubscribeReply(reqid=command.reqid, subscribed=subscribed))


def unsubscribe(client: Client, command: UnsubscribeWatchable) -> None:
    """Stop watching; entries that are not watched are accepted.

    Raises:
        CommandRefused: one path is unknown.
    """
    entries = [client.parts.find_entry(path) for path in command.watchables]
    for entry in entries:
        client.parts.subscriptions.unwatch(client.feed, entry)
    client.feed.forget(entries)
    client.send(UnsubscribeReply(reqid=command.reqid, unsubscribed=command.watchables))


def change_rates(client: Client, command: ChangeSubscriptionUpdateRate) -> None:
    """Change the rates of subscriptions, and tell the rates now in force over all clients.

    Raises:
        CommandRefused: one id is unknown or not watched by this client, or a rate is not above 0.
    """
    changes = [_checked_change(client, item.id, item.rate) for item in command.changes]
    for entry, rate in changes:
        client.parts.subscriptions.watch(client.feed, entry, rate)
    rates = {entry.id: effective_rate(entry) for entry, _ in changes}
    client.send(ChangeRateReply(reqid=command.reqid, effective_rates=rates))


def set_throttling(client: Client, command: SetThrottling) -> None:
    """Limit the value updates per second to this client; null or 0 lifts the limit.

    Raises:
        CommandRefused: the rate is negative.
    """
    rate = None if command.update_rate == 0 else command.update_rate
    if rate is not None and (rate < 0 or not math.isfinite(rate)):
        raise CommandRefused(f"update_rate is {rate}, a number of 0 or more is due")
    limit = None if rate is None else max(rate, _LOWEST_RATE)
    client.feed.set_throttling(limit)
    client.send(
        SetThrottlingReply(reqid=command.reqid, enabled=rate is not None, update_rate=limit)
    )


def detailed(entry: Entry) -> DetailedWatchable:
    """Return what a client is told about an entry that it asked for."""
    return DetailedWatchable(
        path=entry.path,
        type="rpv",
        id=entry.id,
        dtype=entry.data_type.api_name,
        rpvid=entry.definition.id,
    )


def _send_parts(client: Client, parts: Iterator[WatchableListReply | None]) -> None:
    for part in parts:
        if part is not None:
            client.send(part)
            continue
        if client.is_open:
            client.parts.loop.call_soon(_send_parts, client, parts)
        return
    client.lists.end()


def _list_parts(
    reqid: int | None, entries: Sequence[Entry], matches: Callable[[str], object], part_size: int
) -> Iterator[WatchableListReply | None]:
    """Yield the parts of a list, and None where somebody else should have a turn."""
    part: list[BriefWatchable] = []
    for start in range(0, len(entries), PATHS_PER_TURN):
        if start:
            yield None
        for entry in entries[start : start + PATHS_PER_TURN]:
            if not matches(entry.path):
                continue
            if len(part) == part_size:
                yield _list_part(reqid, part, done=False)
                part = []
            part.append(BriefWatchable(entry.path, entry.data_type.api_name))
    yield _list_part(reqid, part, done=True)


def _list_part(reqid: int | None, part: list[BriefWatchable], *, done: bool) -> WatchableListReply:
    return WatchableListReply(
        reqid=reqid,
        done=done,
        qty=WatchableCounts(rpv=len(part)),
        content=WatchableGroups(var=[], alias=[], rpv=part, var_factory=[]),
    )


def _path_filter(patterns: list[str] | str | None) -> Callable[[str], object]:
    if isinstance(patterns, str):
        patterns = [patterns]
    if not patterns:
        return lambda path: True
    if len(patterns) > MOST_PATTERNS:
        raise CommandRefused(f"the filter has {len(patterns)} patterns, at most {MOST_PATTERNS}")
    if (length := sum(map(len, patterns))) > LONGEST_PATTERNS:
        raise CommandRefused(
            f"the patterns have {length} characters, at most {LONGEST_PATTERNS} are taken"
        )
    try:
        return re.compile("|".join(map(fnmatch.translate, patterns))).match
    except (re.error, OverflowError, RecursionError) as error:
        raise CommandRefused(f"the patterns of the filter cannot be used: {error}") from None


def _checked_rate(rate: float | None) -> float | None:
    if rate is None:
        return None
    if not (rate > 0 and math.isfinite(rate)):
        raise CommandRefused(f"rate is {rate}; it has to be above 0, or null for no limit")
    return min(max(rate, _LOWEST_RATE), _HIGHEST_RATE)


def _checked_change(
    client: Client, entry_id: str, rate: float | None
) -> tuple[Entry, float | None]:
    entry = client.parts.entry_by_id(entry_id)
    if client.feed not in entry.watchers:
        raise CommandRefused(f"{entry.path} is not subscribed to by this client")
    return entry, _checked_rate(rate)

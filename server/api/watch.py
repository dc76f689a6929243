"""Commands that describe watchables and subscribe to them.

A batch is done as a whole or not at all, unless its client asks for what can be done of it.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import UNSET

from scrutiny.api.messages import (
    ChangeRateReply,
    ChangeSubscriptionUpdateRate,
    DetailedWatchable,
    GetWatchableInfo,
    SetThrottling,
    SetThrottlingReply,
    SubscribeReply,
    SubscribeWatchable,
    UnsubscribeReply,
    UnsubscribeWatchable,
    WatchableInfoReply,
)

from ..entries import Entry
from ..subscriptions import effective_rate
from .client import Client
from .definitions import detailed
from .errors import CommandRefused
from .limits import check_path_count, check_reply_size

# Rates beyond these, in updates per second, would overflow the arithmetic of deadlines; no link is
# as fast as the upper one, and the lower one is an update in twelve days.
_LOWEST_RATE: Final = 1e-6
_HIGHEST_RATE: Final = 1e6


def get_watchable_info(client: Client, command: GetWatchableInfo) -> None:
    """Describe watchables.

    Raises:
        CommandRefused: one path is unknown, or there are too many.
    """
    check_path_count(command.watchables)
    entries = {path: client.parts.find_entry(path) for path in command.watchables}
    info = _described(client, entries)
    check_reply_size(info.items())
    client.send(WatchableInfoReply(reqid=command.reqid, info=info))


def subscribe(client: Client, command: SubscribeWatchable) -> None:
    """Watch entries; a second subscription replaces the rate.

    Raises:
        CommandRefused: one path is unknown (unless the client takes part of them), there are too
            many, or the rate is not above 0.
    """
    check_path_count(command.watchables)
    rate = _checked_rate(command.rate)
    entries: dict[str, Entry] = {}
    failed: dict[str, str] = {}
    for path in command.watchables:
        try:
            entries[path] = client.parts.find_entry(path)
        except CommandRefused as error:
            if not command.partial:
                raise
            failed[path] = str(error)
    subscribed = _described(client, entries)
    check_reply_size([*subscribed.items(), *failed.items()])
    for entry in entries.values():
        client.parts.subscriptions.watch(client.feed, entry, rate)
    client.send(
        SubscribeReply(
            reqid=command.reqid,
            subscribed=subscribed,
            failed=failed if command.partial else UNSET,
        )
    )


def unsubscribe(client: Client, command: UnsubscribeWatchable) -> None:
    """Stop watching; entries that are not watched are accepted.

    Raises:
        CommandRefused: one path is unknown, or there are too many.
    """
    check_path_count(command.watchables)
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


def _described(client: Client, entries: dict[str, Entry]) -> dict[str, DetailedWatchable]:
    return {path: detailed(entry, client.parts.store) for path, entry in entries.items()}


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

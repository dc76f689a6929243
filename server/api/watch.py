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
    GetWatchableInfo,
    SetThrottling,
    SetThrottlingReply,
    SetValueFormat,
    SetValueFormatReply,
    SubscribeReply,
    SubscribeWatchable,
    UnsubscribeReply,
    UnsubscribeWatchable,
    WatchableInfoReply,
    WatchMode,
)

from ..entries import Entry
from ..receivers import Receiver
from ..subscriptions import effective_rate
from ..turns import NO_PAUSE, Steps
from .client import Client
from .errors import CommandRefused
from .limits import check_count, check_subscriptions
from .steps import resolve

# Rates beyond these, in updates per second, would overflow the arithmetic of deadlines; no link is
# as fast as the upper one, and the lower one is an update in twelve days.
_LOWEST_RATE: Final = 1e-6
_HIGHEST_RATE: Final = 1e6


def get_watchable_info(client: Client, command: GetWatchableInfo) -> Steps:
    """Describe watchables.

    Raises:
        CommandRefused: one path is unknown, or there are too many.
    """
    check_count("paths", command.watchables)
    resolved = yield from resolve(client, command.watchables, described=True)
    client.send(WatchableInfoReply(reqid=command.reqid, info=resolved.definitions))


def subscribe(client: Client, command: SubscribeWatchable) -> Steps:
    """Watch entries; a second subscription replaces the rate, and how they are taken.

    Raises:
        CommandRefused: one path is unknown (unless the client takes part of them), there are too
            many of them or of subscriptions, the rate is not above 0, or the dead band makes no
            sense.
    """
    check_count("paths", command.watchables)
    rate = _checked_rate(command.rate)
    mode, dead_band = _checked_mode(command)
    resolved = yield from resolve(
        client, command.watchables, described=True, partial=command.partial
    )
    entries = list(resolved.entries.values())
    new = [entry for entry in entries if client.feed.receiver_of(entry) is None]
    check_subscriptions(client.parts.subscriptions.count(client.feed), len(new))
    initial = [e for e in entries if e.watchers and e.time_ns] if command.initial is True else []
    receiver = _receiver(client, mode)
    for entry in entries:
        client.parts.subscriptions.watch(receiver, entry, rate)
        if mode == "on_change":
            client.feed.changes.watch(entry, dead_band)
        else:
            client.feed.changes.forget((entry,))
    client.send(
        SubscribeReply(
            reqid=command.reqid,
            subscribed=resolved.definitions,
            failed=resolved.failed if command.partial else UNSET,
        )
    )
    if initial:
        receiver.mark(initial)


def unsubscribe(client: Client, command: UnsubscribeWatchable) -> Steps:
    """Stop watching; entries that are not watched are accepted.

    Raises:
        CommandRefused: one path is unknown, or there are too many.
    """
    check_count("paths", command.watchables)
    resolved = yield from resolve(client, command.watchables)
    entries = resolved.entries.values()
    for entry in entries:
        client.parts.subscriptions.unwatch(client.feed, entry)
    client.feed.forget(entries)
    client.send(UnsubscribeReply(reqid=command.reqid, unsubscribed=command.watchables))


def change_rates(client: Client, command: ChangeSubscriptionUpdateRate) -> Steps:
    """Change the rates of subscriptions, and tell the rates now in force over all clients.

    Raises:
        CommandRefused: one id is unknown or not watched by this client, a rate is not above 0, or
            there are too many.
    """
    check_count("changes", command.changes)
    changes: list[tuple[Entry, float | None]] = []
    for item in command.changes:
        changes.append(_checked_change(client, item.id, item.rate))
        yield NO_PAUSE
    for entry, _ in changes:
        _check_watched(client, entry)  # nobody has taken it away meanwhile
    for entry, rate in changes:
        receiver = client.feed.receiver_of(entry)
        assert receiver is not None  # as checked
        client.parts.subscriptions.watch(receiver, entry, rate)
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


def set_value_format(client: Client, command: SetValueFormat) -> None:
    """Choose how value updates come, for those that follow the answer.

    Raises:
        CommandRefused: the connection cannot carry binary messages.
    """
    client.feed.flush()  # what waits was asked for in the format before
    client.set_value_format(binary=command.format == "binary", with_octets=command.octets)
    client.send(
        SetValueFormatReply(reqid=command.reqid, format=command.format, octets=command.octets)
    )


def _receiver(client: Client, mode: WatchMode) -> Receiver:
    match mode:
        case "newest":
            return client.feed
        case "on_change":
            return client.feed.changes
        case "every_sample":
            return client.feed.samples


def _checked_mode(command: SubscribeWatchable) -> tuple[WatchMode, float]:
    mode: WatchMode = "newest" if command.mode is UNSET else command.mode
    if command.dead_band is UNSET:
        return mode, 0.0
    if mode != "on_change":
        raise CommandRefused(f"dead_band belongs to the mode 'on_change', the mode is {mode!r}")
    if not command.dead_band >= 0:
        raise CommandRefused(f"dead_band is {command.dead_band}, a number of 0 or more is due")
    return mode, command.dead_band


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
    _check_watched(client, entry)
    return entry, _checked_rate(rate)


def _check_watched(client: Client, entry: Entry) -> None:
    if client.feed.receiver_of(entry) is None:
        raise CommandRefused(f"{entry.path} is not subscribed to by this client")

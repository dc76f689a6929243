"""Commands that write values. A batch is checked as a whole before anything is written."""

from __future__ import annotations

import secrets
from collections import defaultdict
from functools import partial
from typing import Final

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    WriteCompleted,
    WriteReply,
    WriteSingleReply,
    WriteSingleWatchable,
    WriteWatchable,
    WrittenValue,
)
from scrutiny.core.errors import ValueCodecError
from scrutiny.core.values import Value

from ..access.audit_log import Change
from ..entries import Entry
from ..outcome import Outcome
from ..turns import NO_PAUSE, Steps
from ..write_fitting import fit_to_entry
from .client import Client
from .errors import CommandRefused
from .written_values import parse_written_value

# Ends of writes that are told in one turn of the loop, in some 5 ms: a request seldom has more, but
# a device that disappears ends all that wait.
LARGEST_REPORT: Final = 250


def new_token() -> str:
    """Return a name for an operation whose end is told later."""
    return secrets.token_hex(16)


def write_batch(client: Client, command: WriteWatchable) -> Steps:
    """Queue all writes, then tell the end of each.

    Raises:
        CommandRefused: an id is unknown, a value cannot be written, an index is used twice, or too
            many writes wait.
    """
    writes: dict[int, tuple[Entry, Value]] = {}
    for item in command.updates:
        if item.batch_index in writes:
            raise CommandRefused(f"batch_index {item.batch_index} is used twice")
        entry = client.parts.entry_by_id(item.watchable)
        writes[item.batch_index] = entry, _fitting(entry, item.value)
        yield NO_PAUSE
    client.writes.start(len(writes))

    batch = _Batch(client, command.reqid, len(writes))
    for batch_index, (entry, value) in writes.items():
        done = partial(batch.ended, entry, batch_index)
        change = Change("write_watchable", entry.path, entry.value, value)
        client.parts.device.write_value(entry, value, client.noted(change, done))
        batch.announce()
        yield NO_PAUSE
    batch.announce()  # of no writes, too


def write_single(client: Client, command: WriteSingleWatchable) -> None:
    """Write one value, and answer when the device has confirmed it or the write has failed.

    Raises:
        CommandRefused: the path is unknown, the value cannot be written, or too many writes wait.
    """
    entry = client.parts.find_entry(command.server_path)
    value = _fitting(entry, command.value)
    client.writes.start()
    done = partial(_report_single, client, command.reqid)
    change = Change("write_single_watchable", entry.path, entry.value, value)
    client.parts.device.write_value(entry, value, client.noted(change, done))


def _fitting(entry: Entry, written: WrittenValue) -> Value:
    try:
        return fit_to_entry(entry, parse_written_value(written, entry.enum))
    except (CommandRefused, ValueCodecError) as error:
        raise CommandRefused(f"cannot write {entry.path}: {error}") from None


class _Batch:
    """Tells of one batch that it was taken, and then how each of its writes has ended.

    The first write is on its way before that is told: the device works meanwhile. What one answer
    of the device confirms is told together.

    Args:
        client: whose it is.
        reqid: of its command.
        count: of its writes.
    """

    def __init__(self, client: Client, reqid: int | None, count: int) -> None:
        self._client = client
        self._token = new_token()
        self._reply: WriteReply | None = WriteReply(
            reqid=reqid, request_token=self._token, count=count
        )
        self._is_single = count == 1
        self._ended: list[tuple[Entry, int, Outcome]] = []  # and not told yet

    def announce(self) -> None:
        """Tell that it was taken, once."""
        if self._reply is None:
            return
        self._client.send(self._reply)
        self._reply = None
        if self._ended:
            self._report()

    def ended(self, entry: Entry, batch_index: int, outcome: Outcome) -> None:
        """Learn that a write has ended."""
        self._client.writes.end()
        self._ended.append((entry, batch_index, outcome))
        if self._reply is not None:
            return
        if self._is_single:
            self._report()
        elif len(self._ended) == 1:
            self._client.parts.loop.call_soon(self._report)

    def _report(self) -> None:
        parts = self._client.parts
        shown: defaultdict[Client, list[Entry]] = defaultdict(list)
        told: defaultdict[Client, list[bytes]] = defaultdict(list)
        part, self._ended = self._ended[:LARGEST_REPORT], self._ended[LARGEST_REPORT:]
        if self._ended:
            parts.loop.call_soon(self._report)
        for entry, batch_index, outcome in part:
            completion = encode(
                WriteCompleted(
                    request_token=self._token,
                    batch_index=batch_index,
                    watchable=entry.id,
                    success=outcome.success,
                    failure_reason=outcome.reason,
                    completion_server_time_us=parts.clock.to_us(outcome.time_ns),
                )
            )
            for receiver in {self._client, *parts.watchers(entry)}:
                shown[receiver] += parts.store.same_source(entry.source)
                told[receiver].append(completion)
        for receiver, completions in told.items():
            receiver.send_behind_values(shown[receiver], completions)


def _report_single(client: Client, reqid: int | None, outcome: Outcome) -> None:
    client.writes.end()
    client.feed.flush()
    client.send(
        WriteSingleReply(reqid=reqid, success=outcome.success, failure_reason=outcome.reason)
    )

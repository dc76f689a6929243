"""Commands that write values. A batch is checked as a whole before anything is written."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    ServerMessage,
    WriteCompleted,
    WriteReply,
    WritesConfirmed,
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

# The device is asked when so many writes of a batch are there, or all: those that come one by one
# would not share the first request.
SENT_TOGETHER: Final = 64

# A client is told that its write was taken together with how it ended, if that is known so soon:
# each message of its own takes 25 µs to send, and wakes the client up. Other writes and slow lines
# keep it waiting at most so long.
ANNOUNCE_WITHIN_S: Final = 0.02


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

    joined = command.joined is True
    batch = _Batch(client, command.reqid, left := len(writes), joined=joined)
    for batch_index, (entry, value) in writes.items():
        done = partial(batch.ended, entry, batch_index)
        change = Change("write_watchable", entry.path, entry.value, value)
        left -= 1
        more_follow = left % SENT_TOGETHER != 0
        noted = client.noted(change, done)
        client.parts.device.write_value(entry, value, noted, more_follow=more_follow)
        batch.announce_soon()
        yield NO_PAUSE
    batch.announce_soon()  # of no writes, too


def write_single(client: Client, command: WriteSingleWatchable) -> None:
    """Write one value, and answer when the device has confirmed it or the write has failed.

    Raises:
        CommandRefused: the path is unknown, the value cannot be written, or too many writes wait.
    """
    entry = client.parts.find_entry(command.server_path)
    value = _fitting(entry, command.value)
    client.writes.start()
    done = partial(_report_single, client, entry, command.reqid)
    change = Change("write_single_watchable", entry.path, entry.value, value)
    client.parts.device.write_value(entry, value, client.noted(change, done))


def _fitting(entry: Entry, written: WrittenValue) -> Value:
    try:
        return fit_to_entry(entry, parse_written_value(written, entry.enum))
    except (CommandRefused, ValueCodecError) as error:
        raise CommandRefused(f"cannot write {entry.path}: {error}") from None


class _Ended(Struct, frozen=True):
    """A write of a batch that has ended."""

    entry: Entry
    batch_index: int
    outcome: Outcome

    @property
    def confirmed_ns(self) -> int | None:
        """When the device confirmed it; None: it has failed."""
        return self.outcome.time_ns if self.outcome.success else None


class _Batch:
    """Tells of one batch that it was taken, and then how each of its writes has ended.

    The first write is on its way before that is told: the device works meanwhile. What one answer
    of the device confirms is told together; of a single write, that it was taken, too.

    Args:
        client: whose it is.
        reqid: of its command.
        count: of its writes.
        joined: the client wants to be told of many successes with one message.
    """

    def __init__(self, client: Client, reqid: int | None, count: int, *, joined: bool) -> None:
        self._client = client
        self._token = new_token()
        self._reply: WriteReply | None = WriteReply(
            reqid=reqid, request_token=self._token, count=count
        )
        self._is_single = count == 1
        self._is_joined = joined
        self._deadline: asyncio.TimerHandle | None = None
        self._ended: list[_Ended] = []  # and not told yet

    def announce_soon(self) -> None:
        """Tell that it was taken, once: a single write at its end, if that is soon."""
        if self._reply is None or self._deadline is not None:
            return
        if self._is_single and not self._ended:
            loop = self._client.parts.loop
            self._deadline = loop.call_later(ANNOUNCE_WITHIN_S, self._announce)
        else:
            self._announce()

    def ended(self, entry: Entry, batch_index: int, outcome: Outcome) -> None:
        """Learn that a write has ended."""
        self._client.writes.end()
        self._ended.append(_Ended(entry, batch_index, outcome))
        if self._deadline is not None:
            self._deadline.cancel()
        elif self._reply is not None:
            return
        if self._is_single:
            self._report()
        elif len(self._ended) == 1:
            self._client.parts.loop.call_soon(self._report)

    def _announce(self) -> None:
        if self._ended:
            self._report()
        elif self._reply is not None:
            self._client.send(self._reply)
            self._reply = None

    def _report(self) -> None:
        part, self._ended = self._ended[:LARGEST_REPORT], self._ended[LARGEST_REPORT:]
        if self._ended:
            self._client.parts.loop.call_soon(self._report)
        self._tell_client(part)
        self._tell_others(part)

    def _tell_client(self, part: Sequence[_Ended]) -> None:
        """Tell whose batch it is, and that it was taken if that was not told yet."""
        same_source = self._client.parts.store.same_source
        shown = [entry for ended in part for entry in same_source(ended.entry.source)]
        messages = self._joined(part) if self._is_joined else map(self._completion, part)
        reply = None
        if self._reply is not None:
            reply, self._reply = encode(self._reply), None
        self._client.send_behind_values(shown, messages, first=reply)

    def _tell_others(self, part: Sequence[_Ended]) -> None:
        """Tell the other clients that watch what was written."""
        shown: defaultdict[Client, list[Entry]] = defaultdict(list)
        told: defaultdict[Client, list[bytes]] = defaultdict(list)
        parts = self._client.parts
        for ended in part:
            others = {one for one in parts.watchers(ended.entry) if one is not self._client}
            if not others:
                continue
            completion = self._completion(ended)
            for receiver in others:
                shown[receiver] += parts.store.same_source(ended.entry.source)
                told[receiver].append(completion)
        for receiver, completions in told.items():
            receiver.send_behind_values(shown[receiver], completions)

    def _joined(self, part: Sequence[_Ended]) -> Iterator[bytes]:
        """Return the messages that tell of all, in order; what has failed is told one by one."""
        for confirmed_ns, group in groupby(part, attrgetter("confirmed_ns")):
            if confirmed_ns is None:
                yield from map(self._completion, group)
            else:
                yield encode(
                    WritesConfirmed(
                        request_token=self._token,
                        batch_indices=[ended.batch_index for ended in group],
                        completion_server_time_us=self._client.parts.clock.to_us(confirmed_ns),
                    )
                )

    def _completion(self, ended: _Ended) -> bytes:
        outcome = ended.outcome
        return encode(
            WriteCompleted(
                request_token=self._token,
                batch_index=ended.batch_index,
                watchable=ended.entry.id,
                success=outcome.success,
                failure_reason=outcome.reason,
                completion_server_time_us=self._client.parts.clock.to_us(outcome.time_ns),
            )
        )


def _report_single(client: Client, entry: Entry, reqid: int | None, outcome: Outcome) -> None:
    client.writes.end()
    answer_write(
        client,
        entry,
        WriteSingleReply(reqid=reqid, success=outcome.success, failure_reason=outcome.reason),
    )


def answer_write(client: Client, entry: Entry, answer: ServerMessage) -> None:
    """Tell how a write ended, behind the values that it has changed."""
    client.send_behind_values(client.parts.store.same_source(entry.source), [encode(answer)])

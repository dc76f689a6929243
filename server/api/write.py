"""Commands that write values. A batch is checked as a whole before anything is written."""

from __future__ import annotations

import secrets
from functools import partial

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

    # The answer goes first: a write may end while it is being queued.
    token = new_token()
    client.send(WriteReply(reqid=command.reqid, request_token=token, count=len(writes)))
    for batch_index, (entry, value) in writes.items():
        done = partial(_report_item, client, entry, token, batch_index)
        change = Change("write_watchable", entry.path, entry.value, value)
        client.parts.device.write_value(entry, value, client.noted(change, done))
        yield NO_PAUSE


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


def _report_item(
    client: Client, entry: Entry, token: str, batch_index: int, outcome: Outcome
) -> None:
    client.writes.end()
    completion = encode(
        WriteCompleted(
            request_token=token,
            batch_index=batch_index,
            watchable=entry.id,
            success=outcome.success,
            failure_reason=outcome.reason,
            completion_server_time_us=client.parts.clock.to_us(outcome.time_ns),
        )
    )
    # Whoever reads the value after the completion finds what was written.
    for receiver in {client, *client.parts.watchers(entry)}:
        receiver.feed.flush()
        receiver.send_encoded(completion)


def _report_single(client: Client, reqid: int | None, outcome: Outcome) -> None:
    client.writes.end()
    client.feed.flush()
    client.send(
        WriteSingleReply(reqid=reqid, success=outcome.success, failure_reason=outcome.reason)
    )

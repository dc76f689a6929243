"""The command that reads values once, without a subscription."""

from __future__ import annotations

import base64
import math
import time
from functools import partial

from msgspec import UNSET

from scrutiny.api.codec import encode
from scrutiny.api.messages import ReadResult, ReadWatchable, ReadWatchableReply
from scrutiny.api.versions import MAX_MESSAGE_SIZE

from ..clock import ServerClock
from ..entries import Entry
from .client import Client
from .limits import check_path_count


def read_watchable(client: Client, command: ReadWatchable) -> None:
    """Read values, and answer when all were read; a value that has none has a reason instead.

    Raises:
        CommandRefused: one path is unknown, there are too many, or too many reads wait.
    """
    check_path_count(command.watchables)
    entries = {path: client.parts.find_entry(path) for path in command.watchables}
    client.reads.start()
    done = partial(_report, client, command.reqid, entries)
    if not entries:
        done({})
        return
    client.parts.device.read_values(list(dict.fromkeys(entries.values())), done)


def _report(
    client: Client, reqid: int | None, entries: dict[str, Entry], failures: dict[Entry, str]
) -> None:
    client.reads.end()
    values = {
        path: _result(entry, failures.get(entry), client.parts.clock)
        for path, entry in entries.items()
    }
    reply = encode(ReadWatchableReply(reqid=reqid, values=values))
    if len(reply) <= MAX_MESSAGE_SIZE:
        client.send_encoded(reply)
        return
    reason = (
        f"the answer has {len(reply)} octets, a message has at most {MAX_MESSAGE_SIZE}; "
        "split the paths over several commands"
    )
    client.refuse(reason, reqid=reqid, request_cmd="read_watchable")


def _result(entry: Entry, failure: str | None, clock: ServerClock) -> ReadResult:
    if failure is not None:
        return ReadResult(clock.to_us(time.monotonic_ns()), None, r=failure)
    value = entry.value
    result = ReadResult(clock.to_us(entry.time_ns), value, r=entry.reason or UNSET)
    if isinstance(value, float) and not math.isfinite(value):
        result.v = None
        result.r = str(value)
    if entry.octets is not None:
        result.d = base64.b64encode(entry.octets).decode("ascii")
    return result

"""The command that reads values once, without a subscription."""

from __future__ import annotations

import base64
import math
import time
from typing import Final

from msgspec import UNSET

from scrutiny.api.messages import ReadResult, ReadWatchable, ReadWatchableReply
from scrutiny.core.watchables import PublishedValue

from ..clock import ServerClock
from ..entries import Entry
from ..store import Holds
from ..turns import NO_PAUSE, Steps
from .client import Client
from .limits import check_count
from .steps import AnswerParts, answered, resolve

# Making the requests for so many takes about a millisecond. What is read is sorted by its place,
# so that cutting it costs one request that is not full.
ENTRIES_PER_PART: Final = 200


def read_watchable(client: Client, command: ReadWatchable) -> Steps:
    """Read values, and answer when all were read; a value that has none has a reason instead.

    Raises:
        CommandRefused: one path is unknown, there are too many, or too many reads wait.
    """
    check_count("paths", command.watchables)
    resolved = yield from resolve(client, command.watchables)
    client.reads.start()
    entries = list(dict.fromkeys(resolved.entries.values()))
    if len(entries) > ENTRIES_PER_PART:
        entries.sort(key=_place)
    read = _Read(client, command, resolved.entries)
    read.parts_left = max(1, math.ceil(len(entries) / ENTRIES_PER_PART))
    if not entries:
        read.took({})
    try:
        for start in range(0, len(entries), ENTRIES_PER_PART):
            client.parts.device.read_values(entries[start : start + ENTRIES_PER_PART], read.took)
            yield NO_PAUSE
    except BaseException:  # the client has left, for example
        read.release()  # the last part will never be read
        raise


class _Read:
    """One command that reads values, until all of its parts have been read."""

    def __init__(self, client: Client, command: ReadWatchable, entries: dict[str, Entry]) -> None:
        self.parts_left = 0
        self._client = client
        self._command = command
        self._entries = entries
        self._failures: dict[Entry, str] = {}
        self._holds = Holds(client.parts.store)
        for entry in entries.values():
            self._holds.add(entry)

    def took(self, failures: dict[Entry, str]) -> None:
        """Learn that a part has been read, except for these entries."""
        self._failures |= failures
        self.parts_left -= 1
        if self.parts_left == 0:
            client = self._client
            client.reads.end()
            client.parts.turns.start(answered(client, self._command, self._report()))

    def release(self) -> None:
        """Let the entries go: nothing more is told about them."""
        self._holds.release()

    def _report(self) -> Steps:
        try:
            yield from self._answer()
        finally:
            self.release()

    def _answer(self) -> Steps:
        answer, values = AnswerParts(), dict[str, ReadResult]()
        clock = self._client.parts.clock
        for path, entry in self._entries.items():
            result = _result(entry, self._failures.get(entry), clock)
            values[path] = answer.encoded(path, result)
            yield NO_PAUSE
        self._client.send(ReadWatchableReply(reqid=self._command.reqid, values=values))


def _place(entry: Entry) -> tuple[str, int]:
    """Return where it is in the device: what is near by should go into one part."""
    source = entry.source
    if isinstance(source, PublishedValue):
        return "", source.id
    return "" if source.pointer is None else source.pointer.path, source.address


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

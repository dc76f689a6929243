"""One connected client, as the command handlers see it, and what all clients share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scrutiny.api.codec import encode
from scrutiny.api.messages import Error, ServerMessage

from ..broadcast import ValueFeed
from ..clock import ServerClock
from ..entries import Entry
from ..metrics import ServerMetrics
from ..store import ValueStore
from ..subscriptions import Subscriptions
from .device_port import Device
from .errors import CommandRefused, quoted
from .limits import (
    MOST_LISTS,
    MOST_MEMORY_TRANSFERS,
    MOST_USER_COMMANDS,
    MOST_WRITES,
    InFlight,
)


@dataclass(frozen=True, slots=True)
class SharedParts:
    """The parts of the server that all clients use.

    Attributes:
        clients: all that are connected, by the feed that brings them values.
    """

    loop: asyncio.AbstractEventLoop
    clock: ServerClock
    store: ValueStore
    subscriptions: Subscriptions
    device: Device
    metrics: ServerMetrics = field(default_factory=lambda: ServerMetrics(time.monotonic()))
    clients: dict[ValueFeed, Client] = field(default_factory=dict["ValueFeed", "Client"])

    def find_entry(self, path: str) -> Entry:
        """Return the entry at a path.

        Raises:
            CommandRefused: there is none.
        """
        entry = self.store.find(path)
        if entry is None:
            hint = "" if self.device.profile else ", no device is connected"
            raise CommandRefused(f"unknown watchable {quoted(path)}{hint}")
        return entry

    def entry_by_id(self, entry_id: str) -> Entry:
        """Return the entry that has this id.

        Raises:
            CommandRefused: there is none.
        """
        entry = self.store.by_id(entry_id)
        if entry is None:
            raise CommandRefused(
                f"unknown watchable id {quoted(entry_id)}; ids end with the session of the device"
            )
        return entry

    def watchers(self, entry: Entry) -> list[Client]:
        """Return the clients that watch an entry."""
        return [self.clients[feed] for feed in entry.watchers if feed in self.clients]


class Client:
    """A client to answer and to send values to.

    Args:
        parts: of the server.
        send: passes one encoded message on, without waiting.
        backlog: how many octets the client has not taken yet.

    Attributes:
        is_open: it has not left.
        writes: of values, that the device has not confirmed.
        memory_transfers: reads and writes of memory that have not ended.
        user_commands: that have not been answered.
        lists: of watchables, of which parts are still to be sent.
    """

    def __init__(
        self, parts: SharedParts, send: Callable[[bytes], None], backlog: Callable[[], int]
    ) -> None:
        self.parts = parts
        self.feed = ValueFeed(parts.loop, self.send, backlog, parts.clock)
        self.writes = InFlight("writes", MOST_WRITES)
        self.memory_transfers = InFlight("memory transfers", MOST_MEMORY_TRANSFERS)
        self.user_commands = InFlight("user commands", MOST_USER_COMMANDS)
        self.lists = InFlight("lists", MOST_LISTS)
        self._send = send
        self._counters = parts.metrics.clients
        self.is_open = True

    def send(self, message: ServerMessage) -> None:
        """Encode and send a message; nothing happens once the client has left."""
        if self.is_open:
            self.send_encoded(encode(message))

    def send_encoded(self, data: bytes) -> None:
        """Send a message that was encoded once for several clients."""
        if self.is_open:
            self._counters.messages_sent += 1
            self._counters.octets_sent += len(data)
            self._send(data)

    def refuse(
        self, reason: str, *, reqid: int | None = None, request_cmd: str = "<empty>"
    ) -> None:
        """Answer a message that cannot be done, and count it."""
        self._counters.invalid_requests += 1
        self.send(Error(reqid=reqid, request_cmd=request_cmd, msg=reason))

    def close(self) -> None:
        """Drop all subscriptions, and send nothing more. What was written is still executed."""
        self.is_open = False
        self.feed.close()
        self.parts.subscriptions.drop(self.feed)

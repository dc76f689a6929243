"""One connected client, as the command handlers see it, and what all clients share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scrutiny.api.codec import encode
from scrutiny.api.messages import Error, ServerMessage
from scrutiny.core.errors import ScrutinyError
from scrutiny.core.watchables import parse_rpv_path
from scrutiny.sfd.path_hints import path_hint

from ..access.audit_log import CONFIRMED, AuditLog, Change
from ..access.identity import AccessPolicy, Identity
from ..broadcast import ValueFeed
from ..clock import ServerClock
from ..datalogging.firmware_names import FirmwareNames
from ..datalogging.queue import Requester
from ..datalogging.recordings import Recordings
from ..datalogging.storage import AcquisitionStorage
from ..demo import DemoMode
from ..entries import Entry
from ..frame_budget import FrameBudget
from ..library import DescriptionLibrary
from ..metrics import ServerMetrics
from ..outcome import Outcome, OutcomeCallback
from ..sample_queue import SampleBlock
from ..store import ValueStore
from ..subscriptions import Subscriptions
from ..symbols import Symbols
from ..turns import Turns
from ..uploads import Upload
from ..value_frames import FrameEncoder
from .background import BackgroundTasks, CommandLine
from .device_port import Device
from .errors import CommandRefused, quoted
from .limits import (
    LONGEST_PATH,
    MOST_DATALOGGING_COMMANDS,
    MOST_DESCRIPTION_COMMANDS,
    MOST_FETCHES,
    MOST_LISTS,
    MOST_LOADS,
    MOST_MEMORY_TRANSFERS,
    MOST_READS,
    MOST_USER_COMMANDS,
    MOST_WRITES,
    InFlight,
)
from .outlet import Outlet

logger = logging.getLogger(__name__)

_LONGEST_REASON = 500  # characters of a text that quotes a path


@dataclass(frozen=True, slots=True)
class SharedParts:
    """The parts of the server that all clients use.

    Attributes:
        descriptions: what is installed, and how that is changed.
        symbols: the description in use.
        recordings: that clients have asked for.
        acquisitions: what was recorded.
        firmware_names: what descriptions tell about firmware.
        demo: the emulated device.
        background: where commands go that wait for something.
        turns: where commands go that would hold the loop.
        clients: all that are connected, by the feed that brings them values.
        audit: where every change is noted.
        policy: what is allowed, besides what each client may do.
        frame_budget: how often clients get the newest values.
        frames: what values look like to clients that take them in binary.
    """

    loop: asyncio.AbstractEventLoop
    clock: ServerClock
    store: ValueStore
    subscriptions: Subscriptions
    device: Device
    descriptions: DescriptionLibrary
    symbols: Symbols
    recordings: Recordings
    acquisitions: AcquisitionStorage
    firmware_names: FirmwareNames
    demo: DemoMode
    background: BackgroundTasks
    turns: Turns
    audit: AuditLog
    policy: AccessPolicy = field(default_factory=AccessPolicy)
    metrics: ServerMetrics = field(default_factory=lambda: ServerMetrics(time.monotonic()))
    clients: dict[ValueFeed, Client] = field(default_factory=dict["ValueFeed", "Client"])
    frame_budget: FrameBudget = field(default_factory=FrameBudget)
    frames: FrameEncoder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", FrameEncoder(self.store, self.clock))

    def find_entry(self, path: str) -> Entry:
        """Return the entry at a path.

        Raises:
            CommandRefused: there is none.
        """
        if len(path) > LONGEST_PATH:
            raise CommandRefused(
                f"unknown watchable {quoted(path)}: {len(path)} characters, no path has more than "
                f"{LONGEST_PATH}"
            )
        try:
            entry = self.store.find(path)
        except ScrutinyError as error:  # a bad index, or a damaged file
            raise CommandRefused(str(error)[:_LONGEST_REASON]) from None
        if entry is None:
            raise CommandRefused(f"unknown watchable {quoted(path)}{self._why_unknown(path)}")
        return entry

    def _why_unknown(self, path: str) -> str:
        if self.device.profile is None:
            return ", no device is connected"
        if parse_rpv_path(path) is not None:
            return ""
        if (loaded := self.symbols.loaded) is not None:
            hint = path_hint(loaded.description, path)
            return f"; {hint}" if hint else ""
        if self.device.loaded_firmware_id is not None:
            return ""
        failure = self.device.status.description_failure
        return f", no firmware description is loaded{': ' if failure else ''}{failure}"

    def entry_by_id(self, entry_id: str) -> Entry:
        """Return the entry that has this id.

        Raises:
            CommandRefused: there is none.
        """
        entry = self.store.by_id(entry_id)
        if entry is None:
            raise CommandRefused(
                f"unknown watchable id {quoted(entry_id)}; ids end with the session of the "
                "device, those of variables and aliases with the firmware description"
            )
        return entry

    def broadcast(self, message: ServerMessage) -> None:
        """Send a message to all clients."""
        data = encode(message)
        for client in list(self.clients.values()):
            client.send_encoded(data)

    def watchers(self, entry: Entry) -> list[Client]:
        """Return the clients that watch an entry."""
        clients = self.clients
        return [clients[feed] for one in entry.watchers if (feed := one.feed) in clients]


class Client:
    """A client to answer and to send values to.

    Args:
        parts: of the server.
        outlet: where its messages go out.
        address: where it comes from.
        identity: who it is, and what it may do.

    Attributes:
        identity: who it is, and what it may do.
        address: where it comes from.
        is_open: it has not left.
        writes: of values, that the device has not confirmed.
        reads: of values, that have not been answered.
        memory_transfers: reads and writes of memory that have not ended.
        user_commands: that have not been answered.
        lists: of watchables, of which parts are still to be sent.
        loads: of descriptions, that have not ended.
        description_commands: in their order.
        recording_commands: that ask for recordings, in their order.
        acquisition_commands: about what is stored, in their order.
        fetches: of acquisitions, that have not been sent.
        requester: whose its recordings are.
        uploads: of descriptions, that are not complete, by token.
        backlog: how many octets the client has not taken yet.
    """

    def __init__(
        self, parts: SharedParts, outlet: Outlet, address: str, identity: Identity
    ) -> None:
        self.parts = parts
        self.identity = identity
        self.address = address
        self.feed = ValueFeed(
            parts.loop,
            self.send,
            outlet.backlog,
            parts.clock,
            budget=parts.frame_budget,
            statistics=parts.metrics.clients,
        )
        self.backlog = outlet.backlog
        self.writes = InFlight("writes", MOST_WRITES)
        self.reads = InFlight("reads", MOST_READS)
        self.memory_transfers = InFlight("memory transfers", MOST_MEMORY_TRANSFERS)
        self.user_commands = InFlight("user commands", MOST_USER_COMMANDS)
        self.lists = InFlight("lists", MOST_LISTS)
        self.loads = InFlight("loads of descriptions", MOST_LOADS)
        self.description_commands = CommandLine("description commands", MOST_DESCRIPTION_COMMANDS)
        self.recording_commands = CommandLine("recording commands", MOST_DATALOGGING_COMMANDS)
        self.acquisition_commands = CommandLine("acquisition commands", MOST_DATALOGGING_COMMANDS)
        self.fetches = InFlight("fetches of acquisitions", MOST_FETCHES)
        self.requester = Requester(address)
        self.uploads: dict[str, Upload] = {}
        self._outlet = outlet
        self._counters = parts.metrics.clients
        self.is_open = True

    def note(self, change: Change, result: str) -> None:
        """Put into the audit log how a change ended that this client has asked for."""
        self.parts.audit.note(self.identity, self.address, change, result)

    def noted(self, change: Change, done: OutcomeCallback) -> OutcomeCallback:
        """Return what puts the outcome of a change into the audit log, and tells it on."""

        def finish(outcome: Outcome) -> None:
            try:
                done(outcome)  # somebody waits for it
            finally:
                self.note(change, CONFIRMED if outcome.success else outcome.reason)

        return finish

    def send(self, message: ServerMessage) -> None:
        """Encode and send a message; nothing happens once the client has left."""
        if self.is_open:
            self.send_encoded(encode(message))

    def send_encoded(self, data: bytes) -> None:
        """Send a message that was encoded once for several clients."""
        if self.is_open:
            self._counters.messages_sent += 1
            self._counters.octets_sent += len(data)
            self._outlet.send(data)

    def send_behind_values(
        self, entries: Sequence[Entry], messages: Iterable[bytes], *, first: bytes | None = None
    ) -> None:
        """Send encoded messages in one piece, right behind the newest values of entries.

        Whoever reads such a value after one of the messages finds the newest.

        Args:
            entries: whose values go ahead.
            messages: that go behind them.
            first: goes ahead of the values.
        """
        self._outlet.hold()
        try:
            if first is not None:
                self.send_encoded(first)
            self.feed.flush_only(entries)
            for message in messages:
                self.send_encoded(message)
        finally:
            self._outlet.release()

    def set_value_format(self, *, binary: bool, with_octets: bool) -> None:
        """Choose how values are sent, from the next message on.

        Raises:
            CommandRefused: binary messages cannot be sent.
        """
        if not binary:
            self.feed.send_entries = self.feed.send_blocks = None
            return
        if not self._outlet.takes_binary:
            raise CommandRefused("this connection carries JSON only")
        send = self._outlet.send_binary

        def send_frames(frames: list[bytes]) -> None:
            for frame in frames:
                self._counters.messages_sent += 1
                self._counters.octets_sent += len(frame)
                send(frame)

        def send_entries(entries: list[Entry]) -> None:
            send_frames(self.parts.frames.frames(entries, with_octets=with_octets))

        def send_blocks(blocks: list[SampleBlock]) -> None:
            send_frames(self.parts.frames.block_frames(blocks, with_octets=with_octets))

        self.feed.send_entries = send_entries
        self.feed.send_blocks = send_blocks

    def refuse(
        self, reason: str, *, reqid: int | None = None, request_cmd: str = "<empty>"
    ) -> None:
        """Answer a message that cannot be done, and count it."""
        self._counters.invalid_requests += 1
        self.send(Error(reqid=reqid, request_cmd=request_cmd, msg=reason))

    def forget_upload(self, upload: Upload) -> None:
        """Let its token be unknown: it is complete, or was discarded."""
        self.uploads.pop(upload.token, None)

    def fail(self, error: Exception, *, reqid: int | None, request_cmd: str) -> None:
        """Answer a command that failed in a way nobody expected, and log how."""
        logger.error("the command %s of a client failed", request_cmd, exc_info=error)
        self._counters.unexpected_errors += 1
        self.send(Error(reqid=reqid, request_cmd=request_cmd, msg="Internal error"))

    def close(self) -> None:
        """Drop what is of no use to others, and send nothing more. Writes are still executed."""
        self.is_open = False
        for upload in list(self.uploads.values()):
            upload.discard()
        self.feed.close()
        self.parts.recordings.leave(self.requester)
        self.parts.turns.start(self.parts.subscriptions.drop(self.feed))

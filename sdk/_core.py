"""The client without I/O: messages go in; commands, events and watched values come out.

The shells around it (blocking sockets and threads, or asyncio) bring the messages, the time and
the waiting. Nothing here locks: a shell lets one thread in at a time.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable

from msgspec import UNSET

from scrutiny.api.messages import (
    AcquisitionCompleted,
    AcquisitionListChanged,
    AnyServerMessage,
    Command,
    Error,
    MemoryReadCompleted,
    MemoryWriteCompleted,
    ServerStatus,
    SetThrottling,
    SetThrottlingReply,
    SetValueFormat,
    SetValueFormatReply,
    WatchableUpdate,
    Welcome,
    WriteCompleted,
    WritesConfirmed,
)
from scrutiny.api.value_frames import Group

from . import _from_api, exceptions
from ._exchanges import Call, Exchange
from ._recording import EarlyCompletions, Recording
from ._server_version import check_command, has_feature
from ._status import loss_events, status_events
from ._subscriptions import Rebinder, Subscription
from ._watch_options import WatchOptions
from ._watch_state import WatchState, WatchTable
from .definitions import (
    DataloggingListChangeType,
    ServerInfo,
    ServerState,
    ValueStatus,
)
from .events import (
    AnyEvent,
    ConnectedEvent,
    DataloggingListChanged,
    DeviceGoneEvent,
    DeviceReadyEvent,
    EventQueue,
    SFDLoadedEvent,
    SFDUnLoadedEvent,
)

logger = logging.getLogger(__name__)

_LIST_CHANGES = {
    "delete": DataloggingListChangeType.DELETE,
    "new": DataloggingListChangeType.NEW,
    "update": DataloggingListChangeType.UPDATE,
    "delete_all": DataloggingListChangeType.DELETE_ALL,
}
_REQUEST_NUMBERS = (1 << 32) - 1  # other implementations wrap here


class ClientCore:
    """One client: its connection state, pending commands, watches and events.

    Attributes:
        revision: counts the changes of connection and status, for those who wait for one.
        loss_reason: why there is no connection.
        takes_frames: the shell knows binary messages, so values are asked for in them.
        lost_sample_count: samples for which the server had no room, over all connections.
    """

    def __init__(self, event_queue_size: int = 100, listened_events: int = 0) -> None:
        self.state: ServerState = ServerState.Disconnected
        self.events: EventQueue = EventQueue(event_queue_size, listened_events)
        self.watches: WatchTable = WatchTable()
        self.welcome: Welcome | None = None
        self.status: ServerInfo | None = None
        self.status_count: int = 0
        self.revision: int = 0
        self.loss_reason: str = "connect() was not called"
        self.takes_frames = False
        self.lost_sample_count: int = 0
        self._throttling: float | None = None  # as the server confirmed it
        self._address = ("", 0)
        self._numbers = itertools.count()
        self._by_number: dict[int, Exchange] = {}
        self._by_token: dict[str, Exchange] = {}
        self._early_completions = EarlyCompletions()
        self._next_deadline_s = float("inf")
        self._rebinder = Rebinder(self.watches)
        self._to_send: list[Command] = []

    # ----------------------------------------------------------------- connection

    def connecting(self) -> None:
        """A connection is being attempted."""
        self.state = ServerState.Connecting

    def connection_failed(self, reason: str) -> None:
        """The attempt failed, before the server was reached."""
        self.state = ServerState.Disconnected
        self.loss_reason = reason

    def opened(self, host: str, port: int) -> None:
        """The socket is open; the server has yet to introduce itself."""
        self._address = (host, port)
        self.revision += 1
        self._put(ConnectedEvent(host, port))

    def lost(self, reason: str, wall_s: float, *, comes_back: bool = False) -> None:
        """The connection ended: watches die, pending commands fail, events tell it in order.

        Args:
            reason: why it ended.
            wall_s: Unix time.
            comes_back: the shell will connect again; watches are stale until then, not over, and
                throttling is asked for anew.
        """
        self.state = ServerState.Disconnected
        self.loss_reason = reason
        last, self.status, self.welcome = self.status, None, None
        self.revision += 1
        if comes_back:
            self.watches.server_gone(wall_s)
        else:
            self._end(wall_s)
        self._rebinder.reset()
        self._to_send.clear()
        pending = list(self._by_number.values())
        self._by_number.clear()
        self._by_token.clear()
        self._early_completions.clear()
        for exchange in pending:
            exchange.fail(
                exceptions.ConnectionError(
                    f"the connection was lost before {exchange.name} was answered: {reason}"
                )
            )
        for event in loss_events(last, *self._address):
            self._put(event)

    def give_up(self, wall_s: float) -> None:
        """The shell will not connect again."""
        self._end(wall_s)
        self.revision += 1

    def _end(self, wall_s: float) -> None:
        self.watches.end_all(ValueStatus.ServerGone, wall_s)
        self._throttling = None

    # ----------------------------------------------------------------- commands

    def start(self, exchange: Exchange, now_s: float) -> Command:
        """Number a command and expect its answer; the caller sends it.

        Raises:
            OperationFailure: the server is too old to know it.
        """
        if self.welcome is not None:
            check_command(self.welcome, exchange.name)
        number = next(self._numbers) % _REQUEST_NUMBERS
        while number in self._by_number:
            number = next(self._numbers) % _REQUEST_NUMBERS
        self._by_number[number] = exchange
        exchange.command.reqid = number
        self._extend(exchange, now_s)
        return exchange.command

    def commands_to_send(self) -> list[Command]:
        """Take the commands that the core has started by itself; the caller sends them, in order.

        There may be some after :meth:`receive` and :meth:`tick`.
        """
        commands, self._to_send = self._to_send, []
        return commands

    def subscription(self, paths: list[str], options: WatchOptions) -> Subscription:
        """Return the exchange that watches canonical paths, to be started.

        Raises:
            OperationFailure: the server is too old for what is asked for.
        """
        return Subscription(paths, options, self.watches, self._features)

    @property
    def _features(self) -> list[str]:
        return [] if self.welcome is None else self.welcome.features

    def is_rebinding(self, state: WatchState) -> bool:
        """Tell whether a watch is being bound again; its observers are called at the end of it."""
        return self._rebinder.is_waiting_for(state, described=self._is_described)

    def lacks_description(self, state: WatchState) -> str:
        """Return why a device that is ready offers no symbols; empty if that is not the problem."""
        info = self.status
        if info is None or info.device_session_id is None:
            return ""
        if self._is_described or state.is_published:
            return ""
        return info.sfd_failure_reason or "the description of its firmware is not loaded yet"

    def forget(self, exchange: Exchange) -> None:
        """Expect no answer any more; a late one is ignored."""
        if exchange.command.reqid is not None:
            self._by_number.pop(exchange.command.reqid, None)
        if exchange.token is not None:
            self._by_token.pop(exchange.token, None)

    def tick(self, now_s: float) -> None:
        """Fail the exchanges about which the server was silent for too long; start what is due."""
        if now_s >= self._next_deadline_s:
            self._fail_silent(now_s)
        if self._rebinder.is_active:
            self._rebind(now_s)

    def _fail_silent(self, now_s: float) -> None:
        open_exchanges = [e for e in self._by_number.values() if e.deadline_s is not None]
        for exchange in open_exchanges:
            if exchange.deadline_s is not None and exchange.deadline_s <= now_s:
                self.forget(exchange)
                limit = exchange.silence_limit_s
                exchange.fail(
                    exceptions.RequestTimeout(f"no answer to {exchange.name} for {limit} s")
                )
        remaining = (e.deadline_s for e in open_exchanges if not e.is_done)
        self._next_deadline_s = min((d for d in remaining if d is not None), default=float("inf"))

    def _rebind(self, now_s: float) -> None:
        """Start what brings stale watches back to life."""
        for exchange in self._rebinder.next_exchanges(
            described=self._is_described, features=self._features
        ):
            self._to_send.append(self.start(exchange, now_s))

    @property
    def _is_described(self) -> bool:
        return self.status is not None and self.status.sfd_firmware_id is not None

    def _extend(self, exchange: Exchange, now_s: float) -> None:
        if exchange.silence_limit_s is not None:
            exchange.deadline_s = now_s + exchange.silence_limit_s
            self._next_deadline_s = min(self._next_deadline_s, exchange.deadline_s)

    # ----------------------------------------------------------------- messages

    def receive(self, message: AnyServerMessage, now_s: float, wall_s: float) -> None:
        """Take a message of the server.

        Args:
            message: what it sent.
            now_s: a monotonic clock, for time limits.
            wall_s: Unix time, for what carries no time of its own.
        """
        match message:
            case WatchableUpdate():
                self._receive_values(message, wall_s)
            case (
                WriteCompleted()
                | WritesConfirmed()
                | MemoryReadCompleted()
                | MemoryWriteCompleted()
            ):
                self._answer(self._by_token.get(message.request_token), message, now_s)
            case AcquisitionCompleted():
                self._receive_completion(message, now_s)
            case AcquisitionListChanged():
                change = _LIST_CHANGES[message.action]
                self._put(DataloggingListChanged(change, message.reference_id))
            case Welcome():
                self.welcome = message
                self.state = ServerState.Connected
                self.revision += 1
                self._throttle_again(now_s)
                self._ask_for_frames(now_s)
            case ServerStatus():
                self._receive_status(message, wall_s)
                self._answer_number(message, now_s)
            case SetThrottlingReply():
                self._throttling = message.update_rate
                self._answer_number(message, now_s)
            case Error(reqid=None):
                logger.warning("The server refused a message: %s", message.msg)
            case _:
                self._answer_number(message, now_s)
        self.tick(now_s)

    def _ask_for_frames(self, now_s: float) -> None:
        """Ask for values in binary frames; until the answer, and without one, they come in JSON."""
        if self.takes_frames and has_feature(self.welcome, "binary_values"):
            command = SetValueFormat(format="binary", octets=True)
            self._to_send.append(self.start(Call(command, SetValueFormatReply), now_s))

    def receive_groups(self, groups: Iterable[Group], wall_s: float) -> None:
        """Take the values of a binary frame."""
        zero_s = self.unix_time(0.0, wall_s)
        for group in groups:
            self.watches.receive_group(group, zero_s + group.time_ns * 1e-9)

    def _throttle_again(self, now_s: float) -> None:
        if self._throttling is not None:
            command = SetThrottling(update_rate=self._throttling)
            self._to_send.append(self.start(Call(command, SetThrottlingReply), now_s))

    def malformed(self, reqid: int | None, reason: str) -> None:
        """A message could not be understood; if it was an answer, its command failed."""
        exchange = None if reqid is None else self._by_number.get(reqid)
        if exchange is None:
            logger.warning("A message of the server was ignored: %s", reason)
            return
        self.forget(exchange)
        exchange.fail(
            exceptions.OperationFailure(
                f"the server's answer to {exchange.name} cannot be understood: {reason}"
            )
        )

    def unix_time(self, server_time_us: float, wall_s: float) -> float:
        """Return the Unix time of a time on the server's clock."""
        if self.welcome is None:
            return wall_s
        return self.welcome.server_time_zero_timestamp + server_time_us * 1e-6

    def _receive_values(self, message: WatchableUpdate, wall_s: float) -> None:
        zero_s = self.unix_time(0.0, wall_s)
        receive = self.watches.receive
        if message.lost is not UNSET:
            self._note_lost(message.lost)
        for update in message.updates:
            receive(update, zero_s + update.t * 1e-6)

    def _note_lost(self, count: int) -> None:
        if not self.lost_sample_count:
            logger.warning("The server had no room for %d samples: this client is too slow", count)
        self.lost_sample_count += count

    def _receive_status(self, message: ServerStatus, wall_s: float) -> None:
        info = _from_api.server_info(message)
        events = status_events(self.status, info)
        is_first, self.status = self.status is None, info
        self.status_count += 1
        self.revision += 1
        if is_first:
            self.watches.server_back(wall_s, has_device=info.device_session_id is not None)
        for event in events:  # watches are stale before anyone can read that the device is gone
            match event:
                case DeviceGoneEvent():
                    self.watches.device_gone(wall_s)
                case SFDUnLoadedEvent():
                    self.watches.description_gone(wall_s)
                case DeviceReadyEvent() | SFDLoadedEvent():
                    self._rebinder.is_due = True
                case _:
                    pass
        for event in events:
            self._put(event)

    def _receive_completion(self, message: AcquisitionCompleted, now_s: float) -> None:
        """Take the end of a recording, which may come before the reply that tells its token."""
        exchange = self._by_token.get(message.request_token)
        if exchange is None and self._awaits_token():
            self._early_completions.keep(message)
        self._answer(exchange, message, now_s)

    def _awaits_token(self) -> bool:
        return any(isinstance(e, Recording) and e.token is None for e in self._by_number.values())

    def _answer_number(self, message: AnyServerMessage, now_s: float) -> None:
        if message.reqid is not None:
            self._answer(self._by_number.get(message.reqid), message, now_s)

    def _answer(self, exchange: Exchange | None, message: AnyServerMessage, now_s: float) -> None:
        if exchange is None:  # nobody waits for it any more, or it belongs to another client
            return
        self._extend(exchange, now_s)
        if isinstance(message, Error):
            refusal = f"the server refused {exchange.name}: {message.msg}"
            exchange.fail(exceptions.OperationFailure(refusal))
        else:
            self._give(exchange, message)
        if exchange.is_done:
            self.forget(exchange)
        elif exchange.token is not None and exchange.token not in self._by_token:
            self._by_token[exchange.token] = exchange
            if (early := self._early_completions.take(exchange.token)) is not None:
                self._answer(exchange, early, now_s)

    def _give(self, exchange: Exchange, message: AnyServerMessage) -> None:
        try:
            exchange.receive(message)
        except exceptions.BadResponseError as error:
            exchange.fail(
                exceptions.OperationFailure(
                    f"the server's answer to {exchange.name} cannot be used: {error}"
                )
            )

    def _put(self, event: AnyEvent) -> None:
        if self.events.put(event):
            logger.warning("The event queue is full: read_event is not called often enough")

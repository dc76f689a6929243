"""The asyncio shell of the core: one connection, one task that reads it, one that writes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from scrutiny.api import codec
from scrutiny.api.errors import MalformedMessage
from scrutiny.api.messages import Command, GetServerStatus, ServerStatus
from scrutiny.api.value_frames import decode_frame

from . import _dialogue_task, exceptions
from ._async_keeper import Keeper
from ._async_signal import Done, Signal
from ._async_wire import close_reason, open_websocket
from ._connect_failures import ABORTED
from ._core import ClientCore
from ._dialogue import Dialogue
from ._exchanges import Call, Exchange, encode_command
from ._server_address import ServerAddress
from ._server_version import check_server
from ._status_waits import no_first_status, no_welcome
from ._traffic import TrafficMeter, TrafficRates
from ._watch_state import WatchState, observing
from .definitions import ServerState, ValueStatus
from .events import AnyEvent

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

# A message that the server does not take for this long ends the connection.
_SEND_TIMEOUT_S = 30.0
# How often the core looks at time limits when nothing arrives; they are tens of seconds.
_TICK_S = 5.0


class AsyncChannel:
    """What the tasks of a client share; all of them run in the loop that connected.

    The reader task refers to this object and not to the client, so that a client that nobody uses
    any more goes away.
    """

    def __init__(self, core: ClientCore, timeout_s: float) -> None:
        self.core = core
        self.timeout_s = timeout_s  # of a request, unless its caller says otherwise
        self.on_raw_message: Callable[[bytes], None] | None = None
        self._traffic = TrafficMeter(time.monotonic())
        self._connection: ClientConnection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._connection_lock = asyncio.Lock()  # of who connects or disconnects
        self._keeper: Keeper | None = None
        self._address: tuple[str, int] | None = None
        self._outgoing: deque[bytes] = deque()
        self._has_outgoing = asyncio.Event()
        self._changed = Signal()  # connection or status
        self._event_arrived = Signal()
        self._revision = 0
        self._deferred: deque[Callable[[], None]] = deque()

    # ----------------------------------------------------------------- connection

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port while connected."""
        return self._address

    @property
    def is_kept(self) -> bool:
        """Whether there is a connection, or one will be made again."""
        return self._connection is not None or self._comes_back

    @property
    def _comes_back(self) -> bool:
        """Whether a lost connection will be made again."""
        return self._keeper is not None and not self._keeper.is_stopped

    async def reopen(self, address: ServerAddress, *, wait_status: bool, reconnect: bool) -> None:
        """Connect, after the end of the connection that may exist.

        Args:
            address: of the server.
            wait_status: wait for its first status as well.
            reconnect: connect again by itself whenever it is lost, until close() or abort().
        """
        self._stop_reconnecting()
        async with self._connection_lock:
            await self._end()
            await self._open(address, wait_status=wait_status)
            if reconnect:
                self._keeper = Keeper(lambda: self._open_again(address), self._give_up)

    async def _open_again(self, address: ServerAddress) -> None:
        async with self._connection_lock:
            await self._open(address, wait_status=False)
        logger.info("Connected again to %s", address)

    async def _open(self, address: ServerAddress, *, wait_status: bool) -> None:
        """Connect, wait for the server's introduction and, if wanted, its first status."""
        await self._reader_ended()
        # Who wants to see all messages, wants to see values as well.
        self.core.takes_frames = self.on_raw_message is None
        self.core.connecting()
        try:
            await self._attempt(address)
            await self._greet(wait_status=wait_status)
        except BaseException as error:
            if self._connection is None and self.core.state is ServerState.Connecting:
                self.core.connection_failed(str(error))
            await self._close()
            raise

    async def _attempt(self, address: ServerAddress) -> None:
        attempt = asyncio.create_task(self._connect(address))  # for abort() to cancel
        self._opening = attempt
        try:
            await attempt
        except BaseException:
            attempt.cancel()
            if attempt.cancelled() and not _is_being_cancelled():
                raise exceptions.ConnectionError(ABORTED) from None
            raise
        finally:
            self._opening = None

    async def _connect(self, address: ServerAddress) -> None:
        connection = await open_websocket(address, self.timeout_s)
        self._connection = connection
        self._address = (address.host, address.port)
        self._outgoing.clear()
        self.core.opened(address.host, address.port)
        self._settle()
        self._reader = asyncio.create_task(self._read(connection), name="scrutiny-sdk-reader")
        self._schedule_tick()

    async def _greet(self, *, wait_status: bool) -> None:
        self.start(Call(GetServerStatus(), ServerStatus))  # also for those who do not wait for it
        core, timeout_s = self.core, self.timeout_s
        if not await self.wait_state(lambda: core.welcome is not None, timeout_s):
            raise no_welcome(timeout_s)
        if (welcome := core.welcome) is not None:
            check_server(welcome)
        if wait_status and not await self.wait_state(lambda: core.status is not None, timeout_s):
            raise no_first_status(timeout_s)

    async def close(self) -> None:
        """Disconnect, if connected; events and failures are delivered before this returns."""
        self._stop_reconnecting()
        async with self._connection_lock:
            self._stop_reconnecting()  # also what another task has begun meanwhile
            await self._end()

    async def _end(self) -> None:
        """Disconnect for good; nobody connects again any more."""
        await self._close()
        if (keeper := self._keeper) is not None:
            await keeper.wait_stopped()
            self._give_up()

    async def _close(self) -> None:
        if (connection := self._connection) is not None:
            self._lose(connection, "this client disconnected")
            try:
                await connection.close()
            finally:  # also when cancelled
                connection.transport.abort()
        await self._reader_ended()

    async def _reader_ended(self) -> None:
        """Sleep until the task that reads a connection that was given up is over."""
        if self._reader is not None:
            await asyncio.wait([self._reader])

    def abort(self) -> None:
        """Cut the connection at once, even one that is still being made."""
        self._stop_reconnecting()
        if self._opening is not None:
            self._opening.cancel()
        connection = self._connection
        if connection is not None and not connection.loop.is_closed():
            connection.transport.abort()

    def _stop_reconnecting(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()

    def _give_up(self) -> None:
        """Stay without a connection."""
        self._keeper = None
        self.core.give_up(time.time())
        self._settle()
        self._run_deferred()

    def _lose(self, connection: ClientConnection, reason: str) -> bool:
        """Give up the connection, unless it is another one by now."""
        if connection is not self._connection:
            return False
        self._connection = self._address = None
        if self._ticker is not None:
            self._ticker.cancel()
        self.core.lost(reason, time.time(), comes_back=self._comes_back)
        self._settle()
        self._run_deferred()
        return True

    # ----------------------------------------------------------------- the two tasks

    async def _read(self, connection: ClientConnection) -> None:
        writer = asyncio.create_task(self._write(connection), name="scrutiny-sdk-writer")
        reason = "the event loop ended"
        try:
            while True:
                message = await connection.recv()
                if isinstance(message, str):
                    self._on_message(connection, message.encode())
                else:
                    self._on_frame(connection, message)
        except ConnectionClosed as error:
            reason = close_reason(error)
        except asyncio.CancelledError:  # with the loop, in which nothing is to be begun any more
            self._stop_reconnecting()
            raise
        except Exception:
            logger.exception("The reader of the connection failed; this is a defect")
            reason = "internal error of the client"
        finally:
            if self._lose(connection, reason):
                logger.info("Connection lost: %s", reason)
                if self._keeper is not None:
                    self._keeper.lost()
            connection.transport.abort()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _write(self, connection: ClientConnection) -> None:
        try:
            while True:
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                while self._outgoing:
                    async with asyncio.timeout(_SEND_TIMEOUT_S):
                        await connection.send(self._outgoing.popleft(), text=True)
        except ConnectionClosed:  # the reader tells why
            return
        except TimeoutError:
            logger.warning("The server takes no messages any more")
            connection.transport.abort()

    def _on_message(self, connection: ClientConnection, data: bytes) -> None:
        """Give a message to the core, then run what it set off."""
        if connection is not self._connection:
            return
        if self.on_raw_message is not None:
            self.on_raw_message(data)
        now_s = time.monotonic()
        try:
            message = codec.decode_server_message(data)
        except MalformedMessage as error:
            self.core.malformed(error.reqid, str(error))
        else:
            self._traffic.received(len(data), now_s)
            self.core.receive(message, now_s, time.time())
            self._settle()
            self._send_for_core(now_s)
        self._run_deferred()

    def _on_frame(self, connection: ClientConnection, data: bytes) -> None:
        """Give values to the core; a frame that makes no sense is skipped."""
        if connection is not self._connection:
            return
        try:
            groups = decode_frame(data)
        except MalformedMessage as error:
            self.core.malformed(None, str(error))
            return
        self._traffic.received(len(data), time.monotonic())
        self.core.receive_groups(groups, time.time())
        self._run_deferred()

    def _schedule_tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        now_s = time.monotonic()
        self.core.tick(now_s)
        self._send_for_core(now_s)
        self._run_deferred()
        self._schedule_tick()

    # ----------------------------------------------------------------- commands

    def start(self, exchange: Exchange) -> None:
        """Send a command, without waiting; its exchange ends by itself.

        Raises:
            ConnectionError: there is no connection.
            ValueError: the command is larger than a message may be.
        """
        if self._connection is None:
            raise exceptions.ConnectionError(f"not connected: {self.core.loss_reason}")
        now_s = time.monotonic()
        command = self.core.start(exchange, now_s)
        try:
            self._send(command, now_s)
        except BaseException:
            self.forget(exchange)
            raise

    def _send(self, command: Command, now_s: float) -> None:
        data = encode_command(command)
        self._outgoing.append(data)
        self._has_outgoing.set()
        self._traffic.sent(len(data), now_s)

    def _send_for_core(self, now_s: float) -> None:
        """Send what the core has started by itself; its answers come like all others."""
        for command in self.core.commands_to_send():
            self._send(command, now_s)

    async def call(self, exchange: Exchange, timeout_s: float | None, *, unknown: str = "") -> None:
        """Send a command and sleep until its exchange ended well.

        Args:
            exchange: the command, not started yet.
            timeout_s: how long to wait.
            unknown: what a time-out leaves open, for the text of the exception.

        Raises:
            RequestTimeout: no answer in time.
            OperationFailure: the server refused.
            ConnectionError: there is no connection, or it was lost meanwhile.
        """
        done = Done(exchange)
        self.start(exchange)
        await self.finish(exchange, done, timeout_s, unknown=unknown)

    async def finish(
        self, exchange: Exchange, done: Done, timeout_s: float | None, *, unknown: str = ""
    ) -> None:
        """Sleep until a started exchange ended well; raises like :meth:`call`."""
        try:
            await done.wait(timeout_s)
        finally:  # also when the task was cancelled
            self.forget(exchange)
        exchange.check_success(timeout_s, unknown)

    async def run(self, dialogue: Dialogue[_Result]) -> _Result:
        """Ask the questions of a dialogue one after the other, and return what it makes of them."""
        return await _dialogue_task.run(self, dialogue)

    def forget(self, exchange: Exchange) -> None:
        """Ignore the answers to a command that are still to come."""
        self.core.forget(exchange)

    def defer(self, action: Callable[[], None]) -> None:
        """Run something after the message at hand."""
        self._deferred.append(action)

    def _run_deferred(self) -> None:
        while self._deferred:
            self._deferred.popleft()()

    # ----------------------------------------------------------------- waiting

    async def wait_state(
        self,
        predicate: Callable[[], bool],
        timeout_s: float | None,
        *,
        outlasts_connection: bool = False,
    ) -> bool:
        """Sleep until connection and status satisfy the predicate; False when the time is up.

        Args:
            predicate: checked whenever they changed.
            timeout_s: how long to wait.
            outlasts_connection: also wait for a connection that will be made again.

        Raises:
            ConnectionError: there is no connection, or it was lost meanwhile.
        """

        def holds() -> bool:
            if not (self.is_kept if outlasts_connection else self._connection is not None):
                raise exceptions.ConnectionError(f"not connected: {self.core.loss_reason}")
            return predicate()

        return await self._changed.until(holds, timeout_s)

    async def wait_watches(
        self, watches: Iterable[WatchState], predicate: Callable[[], bool], timeout_s: float | None
    ) -> bool:
        """Sleep until the predicate holds, checked when one of the watches changed."""
        signal = Signal()
        with observing(watches, signal.notify):
            return await signal.until(predicate, timeout_s)

    def end_watch(self, state: WatchState) -> None:
        """Remove a watch that the server has ended on request."""
        self.core.watches.end(state, ValueStatus.NotWatched, time.time())

    async def next_event(self, timeout_s: float | None, *, always: bool) -> AnyEvent | None:
        """Sleep until there is an event and take it; None when the time is up.

        Args:
            timeout_s: in seconds.
            always: wait also without a connection; else None is returned when there is none, and
                none will be made again.
        """
        events = self.core.events

        def is_over() -> bool:
            return len(events) > 0 or not (always or self.is_kept)

        await self._event_arrived.until(is_over, timeout_s)
        return events.take()

    def _settle(self) -> None:
        """Wake up whom a change of the core concerns."""
        if self.core.events or not self.is_kept:
            self._event_arrived.notify()
        if self.core.revision != self._revision:
            self._revision = self.core.revision
            self._changed.notify()

    # ----------------------------------------------------------------- traffic

    def traffic_rates(self) -> TrafficRates:
        """Return how much is sent and received per second."""
        return self._traffic.rates(time.monotonic())

    def reset_traffic(self) -> None:
        """Tell only about the traffic from now on."""
        self._traffic.reset(time.monotonic())


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

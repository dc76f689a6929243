"""The blocking shell of the core: one lock, one connection, and threads that wait for answers."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

from scrutiny.api import codec
from scrutiny.api.errors import MalformedMessage
from scrutiny.api.messages import Command, GetServerStatus, ServerStatus
from scrutiny.api.value_frames import decode_frame

from . import exceptions
from ._core import ClientCore
from ._exchanges import Call, Exchange, encode_command
from ._reconnect import Backoff
from ._server_address import ServerAddress
from ._server_version import check_server
from ._status_waits import no_first_status, no_welcome
from ._traffic import TrafficMeter, TrafficRates
from ._waiting import Deadline, DoneWaiter, Halt, Signal
from ._watch_state import WatchState
from .definitions import ServerState, ValueStatus
from .events import AnyEvent

if TYPE_CHECKING:
    from ._wire import Wire

logger = logging.getLogger(__name__)


class _Keeper:
    """The wish that a connection be made again whenever it is lost; the channel changes it.

    Attributes:
        is_running: a thread is trying to connect.
    """

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self.halt = Halt()
        self.backoff = Backoff(time.monotonic, random.random)
        self.is_running = False


class Channel:
    """What the threads of a client share. The core is touched only under :attr:`lock`.

    The reader thread refers to this object and not to the client, so that a client that nobody
    uses any more goes away.
    """

    def __init__(self, core: ClientCore, timeout_s: float) -> None:
        self.core = core
        self.timeout_s = timeout_s  # of a request, unless its caller says otherwise
        self.lock: threading.Lock = threading.Lock()
        self._traffic = TrafficMeter(time.monotonic())
        self.on_raw_message: Callable[[bytes], None] | None = None
        self._wire: Wire | None = None
        self._opening: Wire | None = None
        self._newest: Wire | None = None  # with a reader thread; kept when the connection is lost
        self._connection_lock = threading.RLock()  # of who connects or disconnects
        self._address: tuple[str, int] | None = None
        self._changed = Signal(self.lock)  # of connection or status
        self._event_arrived = Signal(self.lock)
        self._revision = 0
        self._keeper: _Keeper | None = None
        self._deferred: deque[Callable[[], None]] = deque()

    # ----------------------------------------------------------------- connection

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port while connected."""
        return self._address

    @contextlib.contextmanager
    def changing_connection(self) -> Generator[None]:
        """Let one thread at a time connect or disconnect; :meth:`abort` needs no permission.

        The reader thread does not wait here: who is inside may wait for it.
        """
        if self._is_reader_thread():
            yield
            return
        with self._connection_lock:
            yield

    def open(self, address: ServerAddress, timeout_s: float, *, wait_status: bool) -> None:
        """Connect, wait for the server's introduction and, if wanted, its first status.

        Call it within :meth:`changing_connection`, and without a connection.
        """
        from ._wire import Wire  # here: the websockets library is a third of the import time

        wire = Wire(address)
        with self.lock:
            self._opening = wire
            # Who wants to see all messages, wants to see values as well.
            self.core.takes_frames = self.on_raw_message is None
            self.core.connecting()
        try:
            wire.open(timeout_s)
            self._install(wire, address)
        except BaseException as error:
            with self.lock:
                if self.core.state is ServerState.Connecting:
                    self.core.connection_failed(str(error))
            raise
        finally:
            with self.lock:
                self._opening = None
        try:
            self._greet(timeout_s, wait_status=wait_status)
        except BaseException:
            self.close()
            raise

    def keep_connected(self, address: ServerAddress) -> None:
        """Connect again by itself whenever the connection is lost, until close() or abort()."""
        with self.lock:
            keeper = self._keeper = _Keeper(address)
            if self._wire is None:  # lost already
                self._start_keeper(keeper)

    def stop_reconnecting(self) -> None:
        """Make a connection that is lost, or gets lost, stay so; an attempt under way fails."""
        keeper = self._keeper
        if keeper is not None:
            keeper.halt.call()
            if keeper.is_running:
                self.abort()

    @property
    def _comes_back(self) -> bool:
        """Whether a lost connection will be made again."""
        return self._keeper is not None and not self._keeper.halt.is_called

    def _start_keeper(self, keeper: _Keeper) -> None:
        """Start to connect again, in a thread of its own; the lock is held."""
        keeper.backoff.lost()
        keeper.is_running = True
        name = "scrutiny-sdk-reconnect"
        threading.Thread(target=self._reconnect, args=(keeper,), name=name, daemon=True).start()

    def _reconnect(self, keeper: _Keeper) -> None:
        while keeper.halt.pause(keeper.backoff.next_pause_s()):
            try:
                with self._connection_lock:
                    if keeper.halt.is_called:
                        break
                    self.open(keeper.address, self.timeout_s, wait_status=False)
            except exceptions.ScrutinySDKException as error:
                logger.debug("Not connected again yet: %s", error)
            with self.lock:
                if self._wire is not None:
                    keeper.is_running = False
                    keeper.backoff.connected()
                    logger.info("Connected again to %s", keeper.address)
                    return
        with self.lock:
            keeper.is_running = False
            if self._wire is None and self._keeper is keeper:
                self._give_up()
        self._run_deferred()

    def _give_up(self) -> None:
        """Stay without a connection; the lock is held."""
        self._keeper = None
        self.core.give_up(time.time())
        self._settle()

    def _install(self, wire: Wire, address: ServerAddress) -> None:
        with self.lock:
            self._newest = wire
            # With the lock held: nobody gets a connection whose reader does not run yet, and the
            # reader gives no message to a core that is not connected yet.
            wire.start(self)
            self._wire = wire
            self._address = (address.host, address.port)
            self.core.opened(address.host, address.port)
            self._settle()

    def _greet(self, timeout_s: float, *, wait_status: bool) -> None:
        self.start(Call(GetServerStatus(), ServerStatus))  # also for those who do not wait for it
        core = self.core
        if not self.wait_state(lambda: core.welcome is not None, timeout_s):
            raise no_welcome(timeout_s)
        if (welcome := core.welcome) is not None:
            check_server(welcome)
        if wait_status and not self.wait_state(lambda: core.status is not None, timeout_s):
            raise no_first_status(timeout_s)

    def close(self) -> None:
        """Disconnect, if connected; events and failures are delivered before this returns."""
        with self.lock:
            wire = self._lose(self._wire, "this client disconnected")
            if not self._comes_back:
                self._give_up()
        self._run_deferred()
        if wire is not None:
            wire.close()

    def abort(self) -> None:
        """Shut the socket, even one that is still connecting. Takes no lock, returns at once."""
        if self._keeper is not None:
            self._keeper.halt.call()
        for wire in (self._opening, self._wire):
            if wire is not None:
                wire.abort()

    def _lose(self, wire: Wire | None, reason: str) -> Wire | None:
        """Give up the connection, unless it is another one by now; the lock is held."""
        if wire is None or wire is not self._wire:
            return None
        self._wire = self._address = None
        self.core.lost(reason, time.time(), comes_back=self._comes_back)
        self._settle()
        return wire

    # ----------------------------------------------------------------- called by the reader thread

    def on_message(self, wire: Wire, data: bytes) -> None:
        """Give a message to the core, then run what it set off."""
        if self.on_raw_message is not None:
            self.on_raw_message(data)
        now_s = time.monotonic()
        try:
            message = codec.decode_server_message(data)
        except MalformedMessage as error:
            with self.lock:
                self.core.malformed(error.reqid, str(error))
        else:
            with self.lock:
                if wire is not self._wire:
                    return
                self._traffic.received(len(data), now_s)
                self.core.receive(message, now_s, time.time())
                self._settle()
                commands = self.core.commands_to_send()
            if commands:
                self._send_for_core(wire, commands)
        if self._deferred:
            self._run_deferred()

    def on_frame(self, wire: Wire, data: bytes) -> None:
        """Give values to the core; a frame that makes no sense is skipped."""
        try:
            groups = decode_frame(data)
        except MalformedMessage as error:
            with self.lock:
                self.core.malformed(None, str(error))
            return
        now_s = time.monotonic()
        with self.lock:
            if wire is not self._wire:
                return
            self._traffic.received(len(data), now_s)
            self.core.receive_groups(groups, time.time())
        if self._deferred:
            self._run_deferred()

    def on_idle(self, wire: Wire) -> None:
        """Let the core look at its time limits."""
        commands: list[Command] = []
        with self.lock:
            if wire is self._wire:
                self.core.tick(time.monotonic())
                commands = self.core.commands_to_send()
        self._send_for_core(wire, commands)
        self._run_deferred()

    def on_closed(self, wire: Wire, reason: str) -> None:
        """The server is gone."""
        with self.lock:
            lost = self._lose(wire, reason)
            keeper = self._keeper
            if lost is not None and keeper is not None:
                if keeper.halt.is_called:
                    self._give_up()
                elif not keeper.is_running:
                    self._start_keeper(keeper)
        if lost is not None:
            logger.info("Connection lost: %s", reason)
        self._run_deferred()

    # ----------------------------------------------------------------- commands

    def start(self, exchange: Exchange) -> None:
        """Send a command; its exchange ends by itself.

        Raises:
            ConnectionError: there is no connection, or it failed now.
            ValueError: the command is larger than a message may be.
        """
        now_s = time.monotonic()
        with self.lock:
            wire = self._wire
            if wire is None:
                raise exceptions.ConnectionError(f"not connected: {self.core.loss_reason}")
            command = self.core.start(exchange, now_s)
        try:
            self._send(wire, command, now_s)
        except BaseException:
            self.forget(exchange)
            raise

    def _send(self, wire: Wire, command: Command, now_s: float) -> None:
        data = encode_command(command)
        wire.send(data)
        with self.lock:
            self._traffic.sent(len(data), now_s)

    def _send_for_core(self, wire: Wire, commands: list[Command]) -> None:
        """Send what the core has started by itself; its answers come like all others."""
        now_s = time.monotonic()
        for command in commands:
            try:
                self._send(wire, command, now_s)
            except exceptions.ConnectionError:  # whose end fails all that is pending
                return

    def call(self, exchange: Exchange, timeout_s: float | None, *, unknown: str = "") -> None:
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
        self.forbid_reader_thread()
        waiter = self.waiter(exchange)
        deadline = Deadline(timeout_s)
        self.start(exchange)
        self.finish(exchange, waiter, deadline, timeout_s, unknown=unknown)

    def waiter(self, exchange: Exchange) -> DoneWaiter:
        """Return what lets one thread sleep until an exchange is done; ask before it starts."""
        waiter = DoneWaiter()
        exchange.on_done = lambda: self.defer(lambda: self._let_go(waiter))
        return waiter

    def _let_go(self, waiter: DoneWaiter) -> None:
        if self._is_reader_thread():
            waiter.hand_over()
        else:
            waiter.open()

    def finish(
        self,
        exchange: Exchange,
        waiter: DoneWaiter,
        deadline: Deadline,
        timeout_s: float | None,
        *,
        unknown: str = "",
    ) -> None:
        """Sleep until a started exchange ended well; raises like :meth:`call`."""
        try:
            waiter.wait(deadline)
        finally:  # also when Ctrl-C ended the wait
            self.forget(exchange)
        exchange.check_success(timeout_s, unknown)

    def forget(self, exchange: Exchange) -> None:
        """Ignore the answers to a command that are still to come."""
        with self.lock:
            self.core.forget(exchange)

    def forbid_reader_thread(self) -> None:
        """Raise OperationFailure in the reader thread, which would wait for itself."""
        if self._is_reader_thread():
            raise exceptions.OperationFailure(
                "a callback of the client must not call its blocking methods: "
                "it runs in the thread that would receive the answer"
            )

    def _is_reader_thread(self) -> bool:
        wire = self._newest
        return wire is not None and wire.is_reader_thread()

    def defer(self, action: Callable[[], None]) -> None:
        """Run something after the message at hand, without the lock; the lock is held."""
        self._deferred.append(action)

    def _run_deferred(self) -> None:
        while self._deferred:
            try:
                action = self._deferred.popleft()
            except IndexError:  # another thread took it
                return
            action()

    # ----------------------------------------------------------------- waiting

    def wait_state(
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
        self.forbid_reader_thread()
        deadline = Deadline(timeout_s)

        def holds() -> bool:
            return self._check(predicate, outlasts_connection=outlasts_connection)

        return self._changed.until(holds, deadline)

    def _check(self, predicate: Callable[[], bool], *, outlasts_connection: bool) -> bool:
        if self._wire is None and not (outlasts_connection and self._comes_back):
            raise exceptions.ConnectionError(f"not connected: {self.core.loss_reason}")
        return predicate()

    def wait_watches(
        self, watches: Iterable[WatchState], predicate: Callable[[], bool], timeout_s: float | None
    ) -> bool:
        """Sleep until the predicate holds, checked when one of the watches changed."""
        self.forbid_reader_thread()
        deadline = Deadline(timeout_s)
        states = list(watches)
        changed = Signal(self.lock)
        try:
            with self.lock:
                for state in states:
                    state.observe(changed.notify)
            return changed.until(predicate, deadline)
        finally:
            with self.lock:
                for state in states:
                    state.unobserve(changed.notify)

    def end_watch(self, state: WatchState) -> None:
        """Remove a watch that the server has ended on request."""
        with self.lock:
            self.core.watches.end(state, ValueStatus.NotWatched, time.time())
        self._run_deferred()

    def traffic_rates(self) -> TrafficRates:
        """Return how much is sent and received per second."""
        with self.lock:
            return self._traffic.rates(time.monotonic())

    def reset_traffic(self) -> None:
        """Tell only about the traffic from now on."""
        with self.lock:
            self._traffic.reset(time.monotonic())

    def next_event(self, timeout_s: float | None) -> AnyEvent | None:
        """Sleep until there is an event and take it; None when the time is up."""
        return self._event_arrived.until(self.core.events.take, Deadline(timeout_s))

    def _settle(self) -> None:
        """Wake up whom a change of the core concerns; the lock is held."""
        if self.core.events:
            self._event_arrived.notify()
        if self.core.revision != self._revision:
            self._revision = self.core.revision
            self._changed.notify()

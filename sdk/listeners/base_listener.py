"""What all listeners share: subscriptions, the thread, the queue into it."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeVar, cast

from .. import exceptions
from .._arguments import check_int
from .._traffic import TrafficMeter
from .._waiting import Deadline, Signal
from ..definitions import ValueStatus
from ..watchable_handle import WatchableHandle
from .value_update import ValueUpdate

if TYPE_CHECKING:
    from ._feed import Feed, Notice

logger: logging.Logger = logging.getLogger(__name__)

_PROCESS_INTERVAL_S: Final = 0.2
_SETUP_LIMIT_S: Final = 2.0
_STOP_LIMIT_S: Final = 5.0

_Self = TypeVar("_Self", bound="BaseListener")


class BaseListener(ABC):
    """Takes updates in a thread of its own, between :meth:`start` and :meth:`stop`.

    Register it with ``ScrutinyClient.register_listener``, subscribe to handles, then start it, at
    best with ``with listener.start():``. It may be registered with several clients, and started
    again after it was stopped.

    Methods that a listener overrides (:meth:`receive`, :meth:`setup`, :meth:`teardown`,
    :meth:`process`) run in its thread.

    Args:
        name: For the log.
        queue_max_size: How many notifications wait at most for the thread; one holds all updates
            of one message of the server.
    """

    @dataclass(frozen=True)
    class Statistics:
        """Counters since the last reset.

        Attributes:
            update_received_count: updates, lost ones included.
            update_drop_count: updates that were lost because they came faster than they were
                taken.
            update_per_sec: how many are received per second, lately.
            internal_qsize: notifications that wait.
        """

        update_received_count: int
        update_drop_count: int
        update_per_sec: float
        internal_qsize: int

    def __init__(self, name: str | None = None, queue_max_size: int = 1000) -> None:
        self._name = f"{type(self).__name__}[{name}]" if name else type(self).__name__
        self._logger = logging.getLogger(f"{__name__}.{self._name}")
        self._queue_max_size = check_int("queue_max_size", queue_max_size, 1)
        self._queue: deque[Sequence[Notice]] = deque()
        self._lock = threading.RLock()  # guards all below; what users override may come again
        self._changed = Signal(self._lock)
        self._subscriptions: set[WatchableHandle] = set()
        self._feeds: list[Feed] = []
        self._thread: threading.Thread | None = None
        self._is_accepting = False
        self._is_stopping = False
        self._is_starting = False
        self._problem: BaseException | None = None  # in setup
        self._error_occurred = False
        self._is_dropping = False
        self._received_count = 0
        self._dropped_count = 0
        self._meter = TrafficMeter(time.monotonic())

    # ----------------------------------------------------------------- to be overridden

    @abstractmethod
    def receive(self, updates: list[ValueUpdate]) -> None:
        """Take all updates that one message of the server brought.

        Losses come as well: without a value, and with a status that tells why. An exception ends
        the listener: see :attr:`error_occurred`.
        """

    def setup(self) -> None:  # noqa: B027 - to be overridden, if wanted
        """Get ready. It may take 2 s; an exception lets :meth:`start` fail."""

    def teardown(self) -> None:  # noqa: B027 - to be overridden, if wanted
        """Clean up; called at the end in any case, also after an exception."""

    def process(self) -> None:  # noqa: B027 - to be overridden, if wanted
        """Do what is due without an update; called at the start, and about every 0.2 s."""

    def allow_subscription_changes_while_running(self) -> bool:
        """Tell whether handles may be subscribed and unsubscribed while it is started."""
        return False

    def allow_subcription_changes_while_running(self) -> bool:
        """Older, misspelt name of :meth:`allow_subscription_changes_while_running`."""
        _deprecated("allow_subcription_changes_while_running", "allow_subscription_changes_...")
        return self.allow_subscription_changes_while_running()

    # ----------------------------------------------------------------- subscriptions

    def subscribe(self, handles: WatchableHandle | Iterable[WatchableHandle]) -> None:
        """Take the updates of these handles.

        Raises:
            TypeError: something is not a handle.
            ValueError: it is neither a handle nor iterable.
            InvalidValueError: a handle is dead for ever.
            NotAllowedError: it is started, and does not allow changes then.
        """
        wanted = _handles(handles)
        for handle in wanted:
            if self._is_over(handle):
                status = handle.status.name
                raise exceptions.InvalidValueError(f"{handle.server_path} is dead: {status}")
        with self._lock:
            self._check_may_change()
            self._subscriptions.update(wanted)
            feeds = list(self._feeds)
        for feed in feeds:
            for handle in wanted:
                feed.attach(handle)

    def unsubscribe(self, handles: WatchableHandle | Iterable[WatchableHandle]) -> None:
        """Take their updates no more.

        Raises:
            KeyError: a handle is not subscribed; nothing has changed.
            TypeError: something is not a handle.
            ValueError: it is neither a handle nor iterable.
            NotAllowedError: it is started, and does not allow changes then.
        """
        unwanted = _handles(handles)
        with self._lock:
            self._check_may_change()
            for handle in unwanted:
                if handle not in self._subscriptions:
                    raise KeyError(f"{handle.server_path} is not subscribed")
        self._remove(unwanted)

    def unsubscribe_all(self) -> None:
        """Take no updates any more; NotAllowedError as :meth:`unsubscribe`."""
        with self._lock:
            self._check_may_change()
            unwanted = list(self._subscriptions)
        self._remove(unwanted)

    def prune_subscriptions(self) -> None:
        """Forget the handles that are dead for ever; NotAllowedError as :meth:`unsubscribe`."""
        with self._lock:
            self._check_may_change()
            handles = list(self._subscriptions)
        self._remove([handle for handle in handles if self._is_over(handle)])

    def get_subscriptions(self) -> set[WatchableHandle]:
        """Return the handles whose updates it takes."""
        with self._lock:
            return set(self._subscriptions)

    def _remove(self, handles: Iterable[WatchableHandle]) -> None:
        with self._lock:
            self._subscriptions.difference_update(handles)
            feeds = list(self._feeds)
        for feed in feeds:
            for handle in handles:
                feed.detach(handle)

    def _is_over(self, handle: WatchableHandle) -> bool:
        """Tell whether a handle is dead for ever; a client may get its server back."""
        if handle.status is ValueStatus.ServerGone:
            return not any(feed.knows(handle) for feed in list(self._feeds))
        return handle.status is ValueStatus.NotWatched

    def _check_may_change(self) -> None:
        if self._is_accepting and not self.allow_subscription_changes_while_running():
            raise exceptions.NotAllowedError(f"{self._name} is started: subscribe before, or stop")

    # ----------------------------------------------------------------- life

    def start(self: _Self) -> _Self:
        """Start the thread; returns when :meth:`setup` is done.

        Returns:
            This listener, for ``with listener.start():``, which stops it at the end.

        Raises:
            OperationFailure: it is started, or the setup failed or takes too long.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise exceptions.OperationFailure(f"{self._name} is started already")
            self._is_starting, self._is_stopping = True, False
            self._error_occurred = self._is_dropping = False
            self._problem = None
            self._queue.clear()
            self._thread = threading.Thread(
                target=self._run, name=f"scrutiny-{self._name}", daemon=True
            )
            self._thread.start()
        self._changed.until(lambda: not self._is_starting, Deadline(_SETUP_LIMIT_S))
        with self._lock:
            is_late, self._is_stopping = self._is_starting, self._is_starting
        if is_late:  # its thread tears down as soon as the setup ends
            raise exceptions.OperationFailure(
                f"the setup of {self._name} takes more than {_SETUP_LIMIT_S:g} s"
            )
        if self._problem is not None:
            self._thread.join()
            raise exceptions.OperationFailure(
                f"the setup of {self._name} failed: {self._problem}"
            ) from self._problem
        return self

    def stop(self) -> None:
        """Let it take what has come, then end the thread; harmless if it is not started."""
        with self._lock:
            thread = self._thread
            self._is_accepting, self._is_stopping = False, True
            self._changed.notify()
        if thread is None or thread is threading.current_thread():
            return
        thread.join(_STOP_LIMIT_S)
        if thread.is_alive():
            with self._lock:
                lost = sum(len(notices) for notices in self._queue)
                self._dropped_count += lost
                self._queue.clear()
            self._logger.error("%s is busy still, %d updates are lost", self._name, lost)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    # ----------------------------------------------------------------- state

    @property
    def is_started(self) -> bool:
        """Whether updates are taken; false after an exception in :meth:`receive`."""
        return self._is_accepting

    @property
    def name(self) -> str:
        """Class, and the name given to the constructor in brackets."""
        return self._name

    @property
    def error_occurred(self) -> bool:
        """Whether an exception has ended it since the last :meth:`start`; the log has it."""
        return self._error_occurred

    @property
    def error_occured(self) -> bool:
        """Older, misspelt name of :attr:`error_occurred`."""
        _deprecated("error_occured", "error_occurred")
        return self._error_occurred

    @property
    def drop_count(self) -> int:
        """How many updates were lost because they came faster than they were taken."""
        return self._dropped_count

    @property
    def update_count(self) -> int:
        """How many updates were received, lost ones included."""
        return self._received_count

    def get_stats(self) -> BaseListener.Statistics:
        """Return the counters."""
        with self._lock:
            rate = self._meter.rates(time.monotonic()).rx_data_rate
            return BaseListener.Statistics(
                self._received_count, self._dropped_count, rate, len(self._queue)
            )

    def reset_stats(self) -> None:
        """Count from now on."""
        with self._lock:
            self._received_count = self._dropped_count = 0
            self._meter.reset(time.monotonic())

    # ----------------------------------------------------------------- for the client

    def connect_feed(self, feed: Feed) -> None:
        """Take updates of one more client; for the client."""
        with self._lock:
            self._feeds.append(feed)
            handles = list(self._subscriptions)
        for handle in handles:
            feed.attach(handle)

    def disconnect_feed(self, feed: Feed) -> None:
        """Take them no more; for the client."""
        with self._lock:
            self._feeds.remove(feed)

    def deliver(self, notices: Sequence[Notice]) -> None:
        """Take all that one message has changed, without waiting; for the client."""
        with self._lock:
            if not self._is_accepting:
                return
            self._received_count += len(notices)
            self._meter.received(len(notices), time.monotonic())
            if len(self._queue) < self._queue_max_size:
                self._queue.append(notices)
                self._is_dropping = False
                self._changed.notify()
            else:
                self._count_dropped(len(notices))

    def _dropped(self, count: int) -> None:
        """Count updates that a listener could not keep."""
        with self._lock:
            self._count_dropped(count)

    def _count_dropped(self, count: int) -> None:
        self._dropped_count += count
        if not self._is_dropping:  # one line for each time it gets behind
            self._is_dropping = True
            self._logger.warning("%s gets behind, updates are lost", self._name)

    # ----------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            if self._set_up():
                self._work()
        except Exception:
            self._logger.exception("%s failed, it takes no more updates", self._name)
            self._error_occurred = True
        finally:
            with self._lock:
                self._is_accepting = False
                self._queue.clear()
            self._tear_down()

    def _set_up(self) -> bool:
        problem: BaseException | None = None
        try:
            self.setup()
        except BaseException as error:  # handed over to the thread that waits in start()
            problem = error
        with self._lock:
            self._problem = problem
            self._error_occurred = problem is not None
            self._is_starting = False
            self._is_accepting = problem is None and not self._is_stopping
            self._changed.notify()
            return self._is_accepting

    def _work(self) -> None:
        next_s = time.monotonic()
        while True:
            if time.monotonic() >= next_s:
                self.process()
                next_s = time.monotonic() + _PROCESS_INTERVAL_S
            notices = self._next(max(0.0, next_s - time.monotonic()))
            if notices is None:
                return
            if notices:
                self.receive([_update(notice) for notice in notices])

    def _next(self, timeout_s: float) -> Sequence[Notice] | None:
        """Return what waits; nothing when the time is up, None at the end."""
        self._changed.until(lambda: self._queue or self._is_stopping, Deadline(timeout_s))
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            return None if self._is_stopping else ()

    def _tear_down(self) -> None:
        try:
            self.teardown()
        except Exception:
            self._logger.exception("The teardown of %s failed", self._name)
            self._error_occurred = True


def _update(notice: Notice) -> ValueUpdate:
    handle, reading = notice
    time_s = time.time() if reading.time_s is None else reading.time_s
    return ValueUpdate(
        handle, reading.value, reading.octets(), reading.status, datetime.fromtimestamp(time_s)
    )


def _handles(handles: object) -> list[WatchableHandle]:
    """Check what a user gives: one handle, or several."""
    if isinstance(handles, WatchableHandle):
        return [handles]
    if not isinstance(handles, Iterable):
        raise ValueError(f"a handle or several are due, not {handles!r}")
    checked: list[WatchableHandle] = []
    for handle in cast("Iterable[object]", handles):
        if not isinstance(handle, WatchableHandle):
            raise TypeError(f"a WatchableHandle is due, not {handle!r}")
        checked.append(handle)
    return checked


def _deprecated(name: str, replacement: str) -> None:
    logger.warning("%s is deprecated, use %s", name, replacement)

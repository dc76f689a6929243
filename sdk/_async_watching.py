"""Watching by path for asyncio: one handle per watchable, and streams of their values."""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scrutiny.api.messages import UnsubscribeReply, UnsubscribeWatchable

from . import exceptions
from ._async_channel import AsyncChannel
from ._async_handle import AsyncWatchableHandle
from ._async_signal import Done, Signal
from ._async_update_callbacks import AsyncUpdateCallbacks
from ._exchanges import Call
from ._path_lists import split_paths
from ._path_questions import AllUpdated, raise_refusal, smaller_parts
from ._pending_readings import PendingReadings
from ._subscriptions import Subscription
from ._waiting import Deadline
from ._watch_options import WatchOptions
from ._watch_state import Reading, WatchState, observing
from .definitions import ValueStatus

if TYPE_CHECKING:
    from ._async_writer import AsyncWriter
    from .aio import AsyncScrutinyClient


@dataclass(frozen=True, slots=True)
class ValueUpdate:
    """One update of a stream.

    Attributes:
        handle: of what was updated.
        value: None unless the status is Valid.
        status: whether there is a value, and why not.
        timestamp: local time of the value, or of its loss; None if there never was one.
    """

    handle: AsyncWatchableHandle
    value: int | float | bool | None
    status: ValueStatus
    timestamp: datetime | None


class AsyncWatching:
    """The watches of a client, and the handles that its user has of them."""

    def __init__(
        self, client: AsyncScrutinyClient, channel: AsyncChannel, writer: AsyncWriter
    ) -> None:
        self._client = weakref.ref(client)
        self._channel = channel
        self._core = channel.core
        self._writer = writer
        self._callbacks = AsyncUpdateCallbacks()
        # Not kept alive from here: a handle refers to the client; what lasts is in the watch.
        self._handles: weakref.WeakValueDictionary[WatchState, AsyncWatchableHandle] = (
            weakref.WeakValueDictionary()
        )

    # ----------------------------------------------------------------- handles

    def find(self, path: str) -> AsyncWatchableHandle | None:
        """Return the handle of a canonical path, also of a stale one."""
        state = self._core.watches.find(path)
        return None if state is None else self._handle_of(state)

    def find_id(self, server_id: str) -> AsyncWatchableHandle | None:
        """Return the handle of a server id."""
        state = self._core.watches.find_id(server_id)
        return None if state is None else self._handle_of(state)

    def _handle_of(self, state: WatchState) -> AsyncWatchableHandle:
        handle = self._handles.get(state)
        if handle is None:
            client = self._client()
            assert client is not None  # it called
            handle = AsyncWatchableHandle(
                client, self._channel, self._writer, state, self._callbacks
            )
            self._handles[state] = handle
        return handle

    # ----------------------------------------------------------------- watching

    async def watch(
        self, paths: Sequence[str], options: WatchOptions
    ) -> list[AsyncWatchableHandle]:
        """Watch canonical paths, all or none; the handles come in the order of the paths."""
        found = ((path, self._core.watches.find(path)) for path in paths)
        handles = {p: self._handle_of(s) for p, s in found if s is not None and not s.is_dead}
        wanted = [path for path in dict.fromkeys(paths) if path not in handles]
        if wanted:
            handles |= await self._subscribe(wanted, options)
        return [handles[path] for path in paths]

    async def _subscribe(
        self, paths: list[str], options: WatchOptions
    ) -> dict[str, AsyncWatchableHandle]:
        subscriptions: list[Subscription] = []
        try:
            parts = list(split_paths(paths))
            while parts:
                attempts = [self._core.subscription(part, options) for part in parts]
                subscriptions += attempts
                parts = await self._run(attempts)
            raise_refusal(subscriptions)
        except BaseException:
            self._undo(subscriptions)
            raise
        states = {path: state for s in subscriptions for path, state in s.states.items()}
        return {path: self._handle_of(state) for path, state in states.items()}

    async def _run(self, subscriptions: list[Subscription]) -> list[list[str]]:
        """Send them all, then wait for all; return what to try instead of those refused."""
        timeout_s = self._channel.timeout_s
        deadline = Deadline(timeout_s)
        started = [(subscription, Done(subscription)) for subscription in subscriptions]
        again: list[list[str]] = []
        failure: exceptions.ScrutinySDKException | None = None
        try:
            for subscription in subscriptions:
                self._channel.start(subscription)
            for subscription, done in started:
                try:
                    await self._channel.finish(subscription, done, deadline.remaining_s())
                except exceptions.ScrutinySDKException as error:
                    parts = smaller_parts(subscription.paths, error)
                    again += parts
                    failure = failure if parts else failure or error
        finally:  # also when the task was cancelled
            for subscription in subscriptions:
                self._channel.forget(subscription)
        if failure is not None:
            raise failure
        return again

    def _undo(self, subscriptions: list[Subscription]) -> None:
        """Give up what an attempt made that failed as a whole, unless somebody has a handle.

        An attempt that was cancelled may be carried out yet: what it asked for is given up too.
        """
        made = [state for subscription in subscriptions for state in subscription.made]
        unused = [state for state in made if state not in self._handles]
        open_paths = [path for s in subscriptions if not s.is_done for path in s.paths]
        unknown = [path for path in open_paths if self._core.watches.find(path) is None]
        paths = [state.path for state in unused if not state.is_dead] + unknown
        for part in split_paths(paths):
            try:
                self._channel.start(Call(UnsubscribeWatchable(watchables=part), UnsubscribeReply))
            except exceptions.ConnectionError:  # which ends all watches
                break
        for state in unused:
            self._channel.end_watch(state)

    # ----------------------------------------------------------------- waiting

    async def wait_for_all(self, timeout_s: float) -> None:
        """Wait until each watch, also a stale one, had a valid value after this call."""
        updated = AllUpdated(self._core)
        if not await self._channel.wait_watches(list(updated.waiting), updated, timeout_s):
            raise updated.lateness(timeout_s)

    async def stream(self, handles: Sequence[AsyncWatchableHandle]) -> AsyncGenerator[ValueUpdate]:
        """Yield the newest update of each handle, again and again, until all are over."""
        by_state = {state: h for h in handles if (state := self.state_of(h)) is not None}
        pending: dict[WatchState, PendingReadings] = {}
        arrived = Signal()
        with ExitStack() as stack:
            for state in by_state:
                keep = _keeper(state, pending, arrived)
                stack.enter_context(observing([state], keep))
                if state.reading.status is not ValueStatus.NeverSet:
                    keep()
            while pending or not all(state.is_over for state in by_state):
                await arrived.until(lambda: bool(pending), None)
                while pending:
                    state = next(iter(pending))  # the one that has waited longest
                    for reading in pending.pop(state).take():
                        yield _update(by_state[state], reading)

    def state_of(self, handle: AsyncWatchableHandle) -> WatchState | None:
        """Return what a handle of this client stands for, None if it is over."""
        state = self._core.watches.find(handle.server_path)
        return state if state is not None and self._handles.get(state) is handle else None


def _keeper(
    state: WatchState, pending: dict[WatchState, PendingReadings], arrived: Signal
) -> Callable[[], None]:
    """Return an observer that keeps what is new of a watch, in the place of what waits already."""
    mine = PendingReadings(state, with_current=True)

    def keep() -> None:
        if mine.keep():
            pending[state] = mine
            arrived.notify()

    return keep


def _update(handle: AsyncWatchableHandle, reading: Reading) -> ValueUpdate:
    time_s = reading.time_s
    timestamp = None if time_s is None else datetime.fromtimestamp(time_s)
    value = reading.value if reading.status is ValueStatus.Valid else None
    return ValueUpdate(handle, value, reading.status, timestamp)

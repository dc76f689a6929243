"""Watching and reading by path: many paths in one round trip, one handle per watchable."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scrutiny.api.messages import UnsubscribeReply, UnsubscribeWatchable

from . import exceptions
from ._channel import Channel
from ._exchanges import Call
from ._path_lists import split_paths
from ._path_questions import AllUpdated, raise_refusal, smaller_parts
from ._subscriptions import Subscription
from ._update_callbacks import UpdateCallbacks
from ._waiting import Deadline, DoneWaiter
from ._watch_options import WatchOptions
from ._watch_state import WatchState
from .watchable_handle import WatchableHandle

if TYPE_CHECKING:
    from .batch import Writer
    from .client import ScrutinyClient


class Watching:
    """The watches of a client, and the handles that its user has of them."""

    def __init__(self, client: ScrutinyClient, channel: Channel, writer: Writer) -> None:
        self._client = client
        self._channel = channel
        self._core = channel.core
        self._writer = writer
        self._callbacks = UpdateCallbacks(channel)
        # Not kept alive from here: a handle refers to the client; what lasts is in the watch.
        self._handles: weakref.WeakValueDictionary[WatchState, WatchableHandle] = (
            weakref.WeakValueDictionary()
        )

    # ----------------------------------------------------------------- handles

    def find(self, path: str) -> WatchableHandle | None:
        """Return the handle of a canonical path, also of a stale one."""
        with self._channel.lock:
            state = self._core.watches.find(path)
            return None if state is None else self._handle_of(state)

    def find_id(self, server_id: str) -> WatchableHandle | None:
        """Return the handle of a server id."""
        with self._channel.lock:
            state = self._core.watches.find_id(server_id)
            return None if state is None else self._handle_of(state)

    def state_of(self, handle: WatchableHandle) -> WatchState | None:
        """Return what a handle of this client stands for, None if it is over; the lock is held."""
        state = self._core.watches.find(handle.server_path)
        if state is not None and self._handles.get(state) is handle:
            return state
        return next((s for s in self._core.watches if self._handles.get(s) is handle), None)

    def _handle_of(self, state: WatchState) -> WatchableHandle:
        """Return the one handle of a watch; the lock is held."""
        handle = self._handles.get(state)
        if handle is None:
            handle = WatchableHandle(
                self._client, self._channel, self._writer, state, self._callbacks
            )
            self._handles[state] = handle
        return handle

    def _living(self, paths: Sequence[str]) -> dict[str, WatchableHandle]:
        """Return the handles of those paths that need no request."""
        with self._channel.lock:
            found = ((path, self._core.watches.find(path)) for path in paths)
            return {p: self._handle_of(s) for p, s in found if s is not None and not s.is_dead}

    # ----------------------------------------------------------------- watching

    def watch(self, paths: Sequence[str], options: WatchOptions) -> list[WatchableHandle]:
        """Watch canonical paths, all or none; the handles come in the order of the paths."""
        handles = self._living(paths)
        wanted = [path for path in dict.fromkeys(paths) if path not in handles]
        if wanted:
            handles |= self._subscribe(wanted, options)
        return [handles[path] for path in paths]

    def _subscribe(self, paths: list[str], options: WatchOptions) -> dict[str, WatchableHandle]:
        subscriptions: list[Subscription] = []
        try:
            parts = list(split_paths(paths))
            while parts:
                attempts = [self._core.subscription(part, options) for part in parts]
                subscriptions += attempts
                parts = self._run(attempts)
            raise_refusal(subscriptions)
        except BaseException:
            self._undo(subscriptions)
            raise
        with self._channel.lock:
            handle_of = self._handle_of
            return {p: handle_of(state) for s in subscriptions for p, state in s.states.items()}

    def _run(self, subscriptions: list[Subscription]) -> list[list[str]]:
        """Send them all, then wait for all; return what to try instead of those refused."""
        self._channel.forbid_reader_thread()
        timeout_s = self._channel.timeout_s
        deadline = Deadline(timeout_s)
        started: list[tuple[Subscription, DoneWaiter]] = []
        for subscription in subscriptions:
            started.append((subscription, self._channel.waiter(subscription)))
            self._channel.start(subscription)
        again: list[list[str]] = []
        failure: exceptions.ScrutinySDKException | None = None
        for subscription, waiter in started:
            try:
                self._channel.finish(subscription, waiter, deadline, timeout_s)
            except exceptions.ScrutinySDKException as error:
                parts = smaller_parts(subscription.paths, error)
                again += parts
                failure = failure if parts else failure or error
        if failure is not None:
            raise failure
        return again

    def _undo(self, subscriptions: list[Subscription]) -> None:
        """Give up what an attempt made that failed as a whole, unless somebody has a handle."""
        with self._channel.lock:
            made = [s for subscription in subscriptions for s in subscription.made]
            unused = [state for state in made if state not in self._handles]
        for part in split_paths(state.path for state in unused if not state.is_dead):
            try:
                self._channel.start(Call(UnsubscribeWatchable(watchables=part), UnsubscribeReply))
            except exceptions.ConnectionError:  # which ends all watches
                break
        for state in unused:
            self._channel.end_watch(state)

    # ----------------------------------------------------------------- without watching

    # ----------------------------------------------------------------- waiting

    def wait_for_all(self, timeout_s: float) -> None:
        """Wait until each watch, also a stale one, had a valid value after this call."""
        with self._channel.lock:
            updated = AllUpdated(self._core)
        if not self._channel.wait_watches(list(updated.waiting), updated, timeout_s):
            raise updated.lateness(timeout_s)

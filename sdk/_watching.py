"""Watching and reading by path: many paths in one round trip, one handle per watchable."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import UNSET

from scrutiny.api.messages import (
    DetailedWatchable,
    GetWatchableInfo,
    ReadResult,
    ReadWatchable,
    ReadWatchableReply,
    UnsubscribeReply,
    UnsubscribeWatchable,
    WatchableInfoReply,
)

from . import _from_api, exceptions
from ._channel import Channel
from ._exchanges import Call
from ._path_lists import halves, split_paths
from ._subscriptions import Subscription
from ._waiting import Deadline, DoneWaiter
from ._watch_state import WatchState, make_reading
from .definitions import DetailedWatchableConfiguration, ValueStatus
from .watchable_handle import ValueSnapshot, WatchableHandle, make_snapshot

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
            handle = WatchableHandle(self._client, self._channel, self._writer, state)
            self._handles[state] = handle
        return handle

    def _living(self, paths: Sequence[str]) -> dict[str, WatchableHandle]:
        """Return the handles of those paths that need no request."""
        with self._channel.lock:
            found = ((path, self._core.watches.find(path)) for path in paths)
            return {p: self._handle_of(s) for p, s in found if s is not None and not s.is_dead}

    # ----------------------------------------------------------------- watching

    def watch(self, paths: Sequence[str], rate: float | None) -> list[WatchableHandle]:
        """Watch canonical paths, all or none; the handles come in the order of the paths."""
        handles = self._living(paths)
        wanted = [path for path in dict.fromkeys(paths) if path not in handles]
        if wanted:
            handles |= self._subscribe(wanted, rate)
        return [handles[path] for path in paths]

    def _subscribe(self, paths: list[str], rate: float | None) -> dict[str, WatchableHandle]:
        subscriptions: list[Subscription] = []
        try:
            parts = list(split_paths(paths))
            while parts:
                attempts = [self._core.subscription(part, rate) for part in parts]
                subscriptions += attempts
                parts = self._run(attempts)
            _raise_refusal(subscriptions)
        except BaseException:
            self._undo(subscriptions)
            raise
        with self._channel.lock:
            states = {path: state for s in subscriptions for path, state in s.states.items()}
            return {path: self._handle_of(state) for path, state in states.items()}

    def _run(self, subscriptions: list[Subscription]) -> list[list[str]]:
        """Send them all, then wait for all; return what to try instead of those refused."""
        self._channel.forbid_reader_thread()
        timeout_s = self._channel.timeout_s
        deadline = Deadline(timeout_s)
        started: list[tuple[Subscription, DoneWaiter]] = []
        for subscription in subscriptions:
            started.append((subscription, DoneWaiter(subscription)))
            self._channel.start(subscription)
        again: list[list[str]] = []
        failure: exceptions.ScrutinySDKException | None = None
        for subscription, waiter in started:
            try:
                self._channel.finish(subscription, waiter, deadline, timeout_s)
            except exceptions.ScrutinySDKException as error:
                parts = _smaller(subscription.paths, error)
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

    def read(self, paths: Sequence[str], timeout_s: float) -> dict[str, ValueSnapshot]:
        """Read canonical paths once; each command may take the time limit."""
        snapshots: dict[str, ValueSnapshot] = {}

        def ask(part: list[str]) -> None:
            call = Call(ReadWatchable(watchables=part), ReadWatchableReply)
            self._channel.call(call, timeout_s)
            for path in part:
                snapshots[path] = _snapshot(path, call.reply.values.get(path))

        _ask_in_parts(paths, ask)
        return snapshots

    def describe(self, paths: Sequence[str]) -> dict[str, DetailedWatchableConfiguration]:
        """Return the definitions of canonical paths; nothing is read."""
        definitions: dict[str, DetailedWatchableConfiguration] = {}

        def ask(part: list[str]) -> None:
            call = Call(GetWatchableInfo(watchables=part), WatchableInfoReply)
            self._channel.call(call, self._channel.timeout_s)
            for path in part:
                definitions[path] = _definition(path, call.reply.info.get(path))

        _ask_in_parts(paths, ask)
        return definitions

    # ----------------------------------------------------------------- waiting

    def wait_for_all(self, timeout_s: float) -> None:
        """Wait until each watch, also a stale one, had a valid value after this call."""
        with self._channel.lock:
            waiting = {state: state.valid_count for state in self._core.watches}

        def all_updated() -> bool:
            for state, count in list(waiting.items()):
                status = state.reading.status
                if self._core.is_rebinding(state):
                    continue
                if status not in (ValueStatus.Valid, ValueStatus.NeverSet):
                    raise exceptions.InvalidValueError(f"{state.path} has no value: {status.name}")
                if state.valid_count != count:
                    del waiting[state]
            return not waiting

        if not self._channel.wait_watches(list(waiting), all_updated, timeout_s):
            some = ", ".join(state.path for state in list(waiting)[:3])
            raise exceptions.TimeoutException(
                f"{len(waiting)} watched values were not updated within {timeout_s:g} s: {some} ..."
            )


def _ask_in_parts(paths: Iterable[str], ask: Callable[[list[str]], None]) -> None:
    """Ask about all paths, in commands as large as possible, one after the other."""
    parts = deque(split_paths(dict.fromkeys(paths)))
    while parts:
        part = parts.popleft()
        try:
            ask(part)
        except exceptions.OperationFailure as error:
            smaller = _smaller(part, error)
            if not smaller:
                raise
            parts.extendleft(reversed(smaller))


def _smaller(paths: list[str], failure: exceptions.ScrutinySDKException) -> list[list[str]]:
    """Return what to try instead of a command that failed; nothing if that is of no use."""
    is_refusal = isinstance(failure, exceptions.OperationFailure)
    too_late = isinstance(failure, exceptions.RequestTimeout)
    return halves(paths) if is_refusal and not too_late else []


def _raise_refusal(subscriptions: list[Subscription]) -> None:
    refused = {path: reason for s in subscriptions for path, reason in s.refused.items()}
    for path, reason in refused.items():
        others = f" (nor can {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise exceptions.OperationFailure(f"{path} cannot be watched: {reason}{others}")


def _definition(path: str, message: DetailedWatchable | None) -> DetailedWatchableConfiguration:
    if message is None:
        raise exceptions.OperationFailure(f"the server told nothing about {path}")
    try:
        return _from_api.detailed_watchable(message)
    except exceptions.BadResponseError as error:
        raise exceptions.OperationFailure(f"what the server told is unusable: {error}") from error


def _snapshot(path: str, result: ReadResult | None) -> ValueSnapshot:
    if result is None:
        raise exceptions.OperationFailure(f"the server told nothing about {path}")
    snapshot = make_snapshot(make_reading(result, result.t))
    if snapshot.status is ValueStatus.ServerSetInvalidWithoutReason and result.r is not UNSET:
        snapshot.failure_reason = result.r  # what the device said, in words
    return snapshot

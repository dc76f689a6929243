"""Watching by path, and binding stale watches again when what they need is back; no I/O.

A reboot or another firmware changes ids, data types, enumerations and addresses, and may take away
what was watched. So each path is asked for anew, in commands of which a part may fail; what fails
stays stale until the next device or description comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UnsetType

from scrutiny.api.messages import (
    AnyServerMessage,
    DetailedWatchable,
    SubscribeReply,
)

from . import _from_api, exceptions
from ._exchanges import Exchange
from ._path_lists import halves, split_paths
from ._watch_options import WatchOptions
from ._watch_state import WatchState, WatchTable

# Longer than a server needs to look up as many paths as a command may have.
_SILENCE_LIMIT_S = 30.0

# Failures after which a smaller command would not do better.
_NO_REFUSALS = (exceptions.RequestTimeout, exceptions.ConnectionError)


class Subscription(Exchange):
    """A request to watch paths; the watches exist from the moment the server agreed.

    Values may follow in the same packet as the agreement, so it is the core that makes the watches,
    not the caller when he wakes up.

    Attributes:
        paths: canonical ones.
        states: the watch of each path that the server agreed to.
        made: those of them that did not exist before.
        refused: why the server did not agree to the other paths.
    """

    def __init__(
        self, paths: list[str], options: WatchOptions, watches: WatchTable, features: Sequence[str]
    ) -> None:
        super().__init__(options.command(paths, features))
        self.paths = paths
        self._options = options
        self._watches = watches
        self.states: dict[str, WatchState] = {}
        self.made: list[WatchState] = []
        self.refused: dict[str, str] = {}

    def receive(self, message: AnyServerMessage) -> None:
        """Take the answer and make the watches."""
        if not isinstance(message, SubscribeReply):
            self.refuse(message)
            return
        told = message.subscribed
        definitions = {
            path: _from_api.detailed_watchable(told[path]) for path in self.paths if path in told
        }
        for path, definition in definitions.items():
            is_new = not self._watches.knows(path, definition)
            state = self.states[path] = self._watches.add(path, definition, self._options)
            if is_new:
                self.made.append(state)
        for path in self.paths:
            if path not in told:
                self.refused[path] = _why_refused(message, path)
        self.finish()


class Rebinding(Exchange):
    """One command that watches stale paths again, with the same options for all."""

    def __init__(
        self,
        states: dict[str, WatchState],
        options: WatchOptions,
        watches: WatchTable,
        features: Sequence[str],
    ) -> None:
        super().__init__(options.command(list(states), features), silence_limit_s=_SILENCE_LIMIT_S)
        self._states = states
        self._options = options
        self._watches = watches
        self._features = features

    def concerns(self, state: WatchState) -> bool:
        """Tell whether the outcome for a watch is still open."""
        return not self.is_done and self._states.get(state.path) is state

    def retries(self) -> list[Rebinding]:
        """Return what to try instead of a command that was refused as a whole."""
        if self.failure is None or isinstance(self.failure, _NO_REFUSALS):
            return []
        parts = [{p: self._states[p] for p in part} for part in halves(list(self._states))]
        return [Rebinding(part, self._options, self._watches, self._features) for part in parts]

    def receive(self, message: AnyServerMessage) -> None:
        """Take the answer: bind what exists, note why the others do not."""
        if not isinstance(message, SubscribeReply):
            self.refuse(message)
            return
        for path, state in self._states.items():
            if state.is_over:
                continue
            definition = message.subscribed.get(path)
            if definition is None:
                self._fail_one(state, _why_refused(message, path))
            else:
                self._bind(state, definition)
        self.finish()

    def finish(self) -> None:
        """End it, and wake up those who wait for the outcome of a watch."""
        super().finish()
        for state in self._states.values():
            if self.failure is not None:
                self._fail_one(state, str(self.failure))
            state.tell()

    def _bind(self, state: WatchState, message: DetailedWatchable) -> None:
        try:
            definition = _from_api.detailed_watchable(message)
        except exceptions.BadResponseError as error:
            self._fail_one(state, str(error))
            return
        other = self._watches.find_id(definition.server_id)
        if other is not None and other is not state:
            self._fail_one(state, f"it is the same as {other.path} now")
            return
        self._watches.bind(state, definition, self._options)

    def _fail_one(self, state: WatchState, reason: str) -> None:
        if state.is_stale:  # else its user watched it again meanwhile
            state.why_unbound = reason


class Rebinder:
    """Decides when to bind stale watches again, and which ones. One round at a time.

    Attributes:
        is_due: a device or a description has come, so all stale watches are to be tried, after the
            round that may be under way.
    """

    def __init__(self, watches: WatchTable) -> None:
        self.is_due = False
        self._watches = watches
        self._open: list[Rebinding] = []

    @property
    def is_active(self) -> bool:
        """Whether there is, or will be, anything to start."""
        return self.is_due or bool(self._open)

    def reset(self) -> None:
        """Forget everything: the connection has ended."""
        self._open.clear()
        self.is_due = False

    def is_waiting_for(self, state: WatchState, *, described: bool) -> bool:
        """Tell whether a watch is being bound, or will be as soon as the present round is over."""
        if any(exchange.concerns(state) for exchange in self._open):
            return True
        return self.is_due and _is_to_be_tried(state, described=described)

    def next_exchanges(self, *, described: bool, features: Sequence[str]) -> list[Rebinding]:
        """Return the exchanges to start now, if any.

        Args:
            described: a description is loaded; without one, only published values can exist.
            features: of the server.
        """
        done = [exchange for exchange in self._open if exchange.is_done]
        if not done and self._open:
            return []
        due = [retry for exchange in done for retry in exchange.retries()]
        self._open = [exchange for exchange in self._open if not exchange.is_done] + due
        if self.is_due and not self._open:
            self.is_due = False
            due = self._open = list(self._new_round(described=described, features=features))
        return due

    def _new_round(self, *, described: bool, features: Sequence[str]) -> Iterator[Rebinding]:
        by_options: dict[WatchOptions, dict[str, WatchState]] = {}
        for state in self._watches:
            if _is_to_be_tried(state, described=described):
                by_options.setdefault(state.options, {})[state.path] = state
        for options, group in by_options.items():
            for paths in split_paths(group):
                part = {path: group[path] for path in paths}
                try:
                    yield Rebinding(part, options, self._watches, features)
                except exceptions.OperationFailure as error:  # another server, and an older one
                    for state in part.values():
                        state.why_unbound = str(error)


def _is_to_be_tried(state: WatchState, *, described: bool) -> bool:
    return state.is_stale and not state.is_leaving and (described or state.is_published)


def _why_refused(message: SubscribeReply, path: str) -> str:
    reasons = {} if isinstance(message.failed, UnsetType) else message.failed
    return reasons.get(path, "the server does not tell why")

"""Asking about many paths, in commands as large as the server takes; no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import UNSET

from scrutiny.api.messages import (
    DetailedWatchable,
    GetWatchableInfo,
    ReadResult,
    ReadWatchable,
    ReadWatchableReply,
    WatchableInfoReply,
)

from . import _from_api, exceptions
from ._core import ClientCore
from ._dialogue import Dialogue, ask
from ._path_lists import halves, split_paths
from ._subscriptions import Subscription
from ._watch_state import make_reading
from ._watched_value import ValueSnapshot, make_snapshot
from .definitions import DetailedWatchableConfiguration, ValueStatus

_Told = TypeVar("_Told")
_Definition = TypeVar("_Definition", bound=DetailedWatchableConfiguration)


def read(paths: Sequence[str], timeout_s: float | None) -> Dialogue[dict[str, ValueSnapshot]]:
    """Read canonical paths once; each command may take the time limit."""

    def read_part(part: list[str]) -> Dialogue[dict[str, ValueSnapshot]]:
        reply = yield from ask(ReadWatchable(watchables=part), ReadWatchableReply, timeout_s)
        return {path: _snapshot(path, reply.values.get(path)) for path in part}

    return _in_parts(paths, read_part)


def describe(paths: Sequence[str]) -> Dialogue[dict[str, DetailedWatchableConfiguration]]:
    """Return the definitions of canonical paths; nothing is read."""

    def describe_part(part: list[str]) -> Dialogue[dict[str, DetailedWatchableConfiguration]]:
        reply = yield from ask(GetWatchableInfo(watchables=part), WatchableInfoReply)
        return {path: _definition(path, reply.info.get(path)) for path in part}

    return _in_parts(paths, describe_part)


def _in_parts(
    paths: Iterable[str], ask_part: Callable[[list[str]], Dialogue[dict[str, _Told]]]
) -> Dialogue[dict[str, _Told]]:
    """Ask about all paths, in commands as large as possible, one after the other."""
    told: dict[str, _Told] = {}
    parts = deque(split_paths(dict.fromkeys(paths)))
    while parts:
        part = parts.popleft()
        try:
            told |= yield from ask_part(part)
        except exceptions.OperationFailure as error:
            if not (smaller := smaller_parts(part, error)):
                raise
            parts.extendleft(reversed(smaller))
    return told


def smaller_parts(paths: list[str], failure: exceptions.ScrutinySDKException) -> list[list[str]]:
    """Return what to try instead of a command that failed; nothing if that is of no use."""
    is_refusal = isinstance(failure, exceptions.OperationFailure)
    too_late = isinstance(failure, exceptions.RequestTimeout)
    return halves(paths) if is_refusal and not too_late else []


def raise_refusal(subscriptions: Iterable[Subscription]) -> None:
    """Raise OperationFailure if the server did not agree to one of the paths."""
    refused = {path: reason for s in subscriptions for path, reason in s.refused.items()}
    for path, reason in refused.items():
        others = f" (nor can {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise exceptions.OperationFailure(f"{path} cannot be watched: {reason}{others}")


class AllUpdated:
    """Whether each watch, also a stale one, had a valid value since this was made.

    Attributes:
        waiting: the watches that had none, as far as is known.
    """

    def __init__(self, core: ClientCore) -> None:
        self._core = core
        self.waiting = {state: state.valid_count for state in core.watches}

    def __call__(self) -> bool:
        """Look again; InvalidValueError if one of them has no value to wait for."""
        for state, count in list(self.waiting.items()):
            status = state.reading.status
            if self._core.is_rebinding(state):
                continue
            if status not in (ValueStatus.Valid, ValueStatus.NeverSet):
                raise exceptions.InvalidValueError(f"{state.path} has no value: {status.name}")
            if state.valid_count != count:
                del self.waiting[state]
        return not self.waiting

    def lateness(self, limit_s: float) -> exceptions.TimeoutException:
        """Return what to raise when the time is up."""
        some = ", ".join(state.path for state in list(self.waiting)[:3])
        return exceptions.TimeoutException(
            f"{len(self.waiting)} watched values were not updated within {limit_s:g} s: {some} ..."
        )


def of_kind(
    definition: DetailedWatchableConfiguration, path: str, kind: type[_Definition]
) -> _Definition:
    """Return a definition that has to be of this kind; BadTypeError if it is not."""
    if not isinstance(definition, kind):
        actual = definition.watchable_type.name
        raise exceptions.BadTypeError(f"{path} is of another kind: {actual}")
    return definition


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

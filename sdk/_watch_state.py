"""What is known about one watched value, and the table of all of them; no I/O, no locks.

A watch is *living* while the server sends its values. When the device goes or its description is
unloaded it is *stale*: it keeps its path and gets bound again when something of this path is back.
The same holds when the connection to the server is lost and will be made again. It is *over* when
nobody wants it any more, or when the connection ended for good.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from scrutiny.api.messages import ReadResult, ReadValue, ValueUpdate
from scrutiny.api.value_frames import Group, InvalidGroup

from ._watch_options import WatchOptions
from .definitions import DetailedWatchableConfiguration, ValueStatus, WatchableType

_NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_INVALID = {
    "nullptr": ValueStatus.NullPtrDereferenced,
    "forbidden": ValueStatus.ForbiddenRegion,
}
_NO_REASON = ValueStatus.ServerSetInvalidWithoutReason
_DEAD = (
    ValueStatus.DeviceGone,
    ValueStatus.SFDUnloaded,
    ValueStatus.ServerGone,
    ValueStatus.NotWatched,
)


class Reading(NamedTuple):  # a named tuple: made in 0.3 µs, a frozen dataclass takes 1 µs
    """Status, value and time that belong together; replaced as a whole, so read without a lock."""

    status: ValueStatus
    value: ReadValue = None
    data: str | bytes | None = None  # octets in memory; text is base64
    time_s: float | None = None  # Unix time of the value, or of its loss

    @property
    def is_dead(self) -> bool:
        """Whether no value will follow for now."""
        return self.status in _DEAD

    def octets(self) -> bytes | None:
        """Return the octets in memory, None if the server did not send them."""
        if self.data is None or isinstance(self.data, bytes):
            return self.data
        try:
            return base64.b64decode(self.data, validate=True)
        except binascii.Error:
            return None


_NEVER_SET = Reading(ValueStatus.NeverSet)

# What a named tuple calls itself, in Python.
_make: Callable[[type[Reading], tuple[object, ...]], Reading] = vars(tuple)["__new__"]


def make_reading(message: ValueUpdate | ReadResult, time_s: float) -> Reading:
    """Return what a message tells about a value, or about the lack of one."""
    value, data = message.v, message.d
    if value is None:
        reason = message.r
        value = None if reason is UNSET else _NOT_FINITE.get(reason)
        if value is None:
            return Reading(_invalid_status(reason), time_s=time_s)
    return Reading(ValueStatus.Valid, value, None if data is UNSET else data, time_s)


def _invalid_status(reason: str | UnsetType) -> ValueStatus:
    return _NO_REASON if reason is UNSET else _INVALID.get(reason, _NO_REASON)


class WatchState:
    """One watched value. Only the core changes it, and calls the observers when it did.

    Attributes:
        options: what was asked for.
        definition: replaced by another object whenever it is bound again, and only then.
        why_unbound: why the server could not bind it again; empty before it was tried.
        is_leaving: its user wants it no more, so it is not to be bound again.
        is_over: no value will ever follow.
    """

    __slots__ = (
        "definition",
        "is_leaving",
        "is_over",
        "last_write_s",
        "observers",
        "options",
        "reading",
        "valid_count",
        "why_unbound",
    )

    def __init__(self, definition: DetailedWatchableConfiguration, options: WatchOptions) -> None:
        self.definition = definition
        self.options: WatchOptions = options
        self.reading: Reading = _NEVER_SET
        self.valid_count: int = 0
        self.last_write_s: float | None = None
        self.why_unbound: str = ""
        self.is_leaving: bool = False
        self.is_over: bool = False
        self.observers: Sequence[Callable[[], None]] = ()

    @property
    def path(self) -> str:
        """Path on the server, in its canonical form."""
        return self.definition.server_path

    def observe(self, observer: Callable[[], None]) -> None:
        """Call it whenever this changes; where threads lock, under the lock."""
        self.observers = [*self.observers, observer]  # the old list may be gone through just now

    def unobserve(self, observer: Callable[[], None]) -> None:
        """Call it no more. Harmless if it is not called; where threads lock, under the lock."""
        self.observers = [other for other in self.observers if other != observer]

    @property
    def is_published(self) -> bool:
        """Whether it exists without a firmware description."""
        return self.definition.watchable_type is WatchableType.RuntimePublishedValue

    @property
    def is_stale(self) -> bool:
        """Whether values will follow when server, device and its description are back."""
        return self.reading.is_dead and not self.is_over

    @property
    def is_dead(self) -> bool:
        """Whether no value will follow for now."""
        return self.reading.is_dead

    def receive(self, reading: Reading) -> None:
        """Take a value, or the news that there is none."""
        if reading.status is ValueStatus.Valid:
            self.valid_count += 1
        self.reading = reading
        self.tell()

    def invalidate(self, status: ValueStatus, time_s: float) -> None:
        """Withdraw the value."""
        self.reading = Reading(status, time_s=time_s)
        self.why_unbound = ""
        self.tell()

    def bind(self, definition: DetailedWatchableConfiguration) -> None:
        """Live again, as what the server has now under this path; a value is still to come."""
        self.definition = definition
        self.reading = Reading(ValueStatus.NeverSet, time_s=self.reading.time_s)
        self.why_unbound = ""
        self.tell()

    def tell(self) -> None:
        """Call the observers."""
        for observer in self.observers:
            observer()


class WatchTable:
    """All watches that are not over: by path, and the living ones by the id that the server gave.

    A path stays the same when the device restarts or runs another firmware; ids do not.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, WatchState] = {}
        self._by_id: dict[str, WatchState] = {}
        self._by_number: dict[int, WatchState] = {}  # the same, by the number that the id is
        self._paths: dict[WatchState, set[str]] = {}  # of each watch, every spelling

    def __iter__(self) -> Iterator[WatchState]:
        return iter(self._paths)

    def find(self, path: str) -> WatchState | None:
        """Return the watch of a canonical path."""
        return self._by_path.get(path)

    def find_id(self, server_id: str) -> WatchState | None:
        """Return the living watch of a server id."""
        return self._by_id.get(server_id)

    def knows(self, path: str, definition: DetailedWatchableConfiguration) -> bool:
        """Tell whether :meth:`add` would make no new watch."""
        return definition.server_id in self._by_id or path in self._by_path

    def add(
        self, path: str, definition: DetailedWatchableConfiguration, options: WatchOptions
    ) -> WatchState:
        """Return the living watch of what the server subscribed, a new one unless it is known.

        Two spellings of a path that the server takes for the same thing share one watch.
        """
        state = self._by_id.get(definition.server_id) or self._by_path.get(path)
        if state is None:
            state = WatchState(definition, options)
            self._attach(state, definition.server_id)
            self._paths[state] = set()
            self._name(state, definition.server_path)
        else:
            self.bind(state, definition, options)
        if self._by_path.get(path) is not state:
            self._name(state, path)
        return state

    def bind(
        self, state: WatchState, definition: DetailedWatchableConfiguration, options: WatchOptions
    ) -> None:
        """Let a known watch live as what the server subscribed; nothing if it does already."""
        state.options = options
        if self._by_id.get(definition.server_id) is state:
            return
        self._detach(state)
        self._attach(state, definition.server_id)
        state.bind(definition)

    def receive(self, update: ValueUpdate, time_s: float) -> None:
        """Hand a value to its watch; values of what is no longer watched are ignored."""
        if (state := self._by_id.get(update.id)) is not None:
            state.receive(make_reading(update, time_s))

    def receive_group(self, group: Group, time_s: float) -> None:
        """Hand values of a binary frame to their watches, as :meth:`receive` does."""
        find = self._by_number.get
        if isinstance(group, InvalidGroup):
            for number, reason in zip(group.ids, group.reasons, strict=True):
                if (state := find(number)) is not None:
                    state.receive(Reading(_INVALID.get(reason, _NO_REASON), time_s=time_s))
            return
        # A hundred thousand values a second come this way: `receive` and `Reading` written out.
        valid = ValueStatus.Valid
        octets = group.octets or itertools.repeat(None, len(group.ids))
        for number, value, data in zip(group.ids, group.values, octets, strict=True):
            if (state := find(number)) is not None:
                state.valid_count += 1
                state.reading = _make(Reading, (valid, value, data, time_s))
                if state.observers:
                    state.tell()

    def end(self, state: WatchState, status: ValueStatus, time_s: float) -> None:
        """Remove one watch for good."""
        if state in self._paths:
            self._detach(state)
            for path in self._paths.pop(state):
                if self._by_path.get(path) is state:
                    del self._by_path[path]
        if not state.is_over:
            state.is_over = True
            state.invalidate(status, time_s)

    def end_all(self, status: ValueStatus, time_s: float) -> None:
        """Remove every watch for good."""
        for state in list(self):
            self.end(state, status, time_s)

    def server_gone(self, time_s: float) -> None:
        """Make every watch stale; the server is to be connected again."""
        for state in self:
            self._lose(state, ValueStatus.ServerGone, time_s)

    def server_back(self, time_s: float, *, has_device: bool) -> None:
        """Let watches that the server left stale tell what they lack now."""
        status = ValueStatus.SFDUnloaded if has_device else ValueStatus.DeviceGone
        for state in self:
            exists = has_device and state.is_published
            if state.reading.status is ValueStatus.ServerGone and not exists:
                state.invalidate(status, time_s)

    def device_gone(self, time_s: float) -> None:
        """Make every watch stale."""
        for state in self:
            self._lose(state, ValueStatus.DeviceGone, time_s)

    def description_gone(self, time_s: float) -> None:
        """Make those stale that exist by a firmware description: all but published values."""
        for state in self:
            if not state.is_published and not state.is_stale:
                self._lose(state, ValueStatus.SFDUnloaded, time_s)

    def _lose(self, state: WatchState, status: ValueStatus, time_s: float) -> None:
        self._detach(state)
        state.invalidate(status, time_s)

    def _attach(self, state: WatchState, server_id: str) -> None:
        """Take values for it."""
        self._by_id[server_id] = state
        if (number := _number_of(server_id)) is not None:
            self._by_number[number] = state

    def _detach(self, state: WatchState) -> None:
        """Take no values for it any more."""
        server_id = state.definition.server_id
        if self._by_id.get(server_id) is state:
            del self._by_id[server_id]
            if (number := _number_of(server_id)) is not None:
                del self._by_number[number]

    def _name(self, state: WatchState, path: str) -> None:
        """Let a watch be found under a path."""
        self._by_path[path] = state
        self._paths[state].add(path)


def _number_of(server_id: str) -> int | None:
    """Return the number by which frames mean an id; None: it is of a server that has no frames."""
    try:
        return int(server_id, 16)
    except ValueError:
        return None


@contextlib.contextmanager
def observing(watches: Iterable[WatchState], observer: Callable[[], None]) -> Generator[None]:
    """Have an observer called whenever one of the watches changes; where no threads lock."""
    states = list(watches)
    for state in states:
        state.observe(observer)
    try:
        yield
    finally:
        for state in states:
            state.unobserve(observer)

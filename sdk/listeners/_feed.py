"""The way from the watches of one client to one listener; no thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from ..definitions import ValueStatus

if TYPE_CHECKING:
    from .._channel import Channel
    from .._watch_state import Reading, WatchState
    from .._watching import Watching
    from ..watchable_handle import WatchableHandle
    from .base_listener import BaseListener

    Notice = tuple[WatchableHandle, Reading]


class Feed(Protocol):
    """What a listener needs to know of a client."""

    def knows(self, handle: WatchableHandle) -> bool:
        """Tell whether a handle belongs to the client, and values of it may follow."""
        ...

    def attach(self, handle: WatchableHandle) -> None:
        """Deliver the changes of a handle from now on, if it belongs to the client."""

    def detach(self, handle: WatchableHandle) -> None:
        """Deliver them no more."""


class ListenerFeed:
    """Hands a listener all that one message of the server changes, as one list.

    The readings go over as they are: to make updates of them is left to the listener's thread.
    """

    def __init__(self, channel: Channel, watching: Watching, listener: BaseListener) -> None:
        self._channel = channel
        self._watching = watching
        self._listener = listener
        self._taps: dict[WatchableHandle, tuple[WatchState, Callable[[], None]]] = {}
        self._pending: list[Notice] = []

    def knows(self, handle: WatchableHandle) -> bool:
        """Tell whether a handle belongs to the client, and values of it may follow."""
        with self._channel.lock:
            return self._watching.state_of(handle) is not None

    def attach(self, handle: WatchableHandle) -> None:
        """Deliver the changes of a handle from now on, if it belongs to the client."""
        with self._channel.lock:
            state = self._watching.state_of(handle)
            if state is None or handle in self._taps:
                return
            observer = self._observer(handle, state)
            self._taps[handle] = state, observer
            state.observe(observer)

    def detach(self, handle: WatchableHandle) -> None:
        """Deliver them no more."""
        with self._channel.lock:
            self._remove((handle,))

    def close(self) -> None:
        """Deliver nothing more."""
        with self._channel.lock:
            self._remove(list(self._taps))

    def _remove(self, handles: Iterable[WatchableHandle]) -> None:
        for handle in handles:
            if (tap := self._taps.pop(handle, None)) is not None:
                state, observer = tap
                state.unobserve(observer)

    def _observer(self, handle: WatchableHandle, state: WatchState) -> Callable[[], None]:
        last = state.reading

        def changed() -> None:
            """Keep a new reading; the lock is held."""
            nonlocal last
            reading = state.reading
            if reading is last:
                return
            last = reading
            if reading.status is ValueStatus.NeverSet:  # it is bound again, a value will follow
                return
            if not self._pending:
                self._channel.defer(self._deliver)
            self._pending.append((handle, reading))

        return changed

    def _deliver(self) -> None:
        with self._channel.lock:
            notices, self._pending = self._pending, []
        if notices:
            self._listener.deliver(notices)

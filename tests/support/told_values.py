"""Values that a client was told, however soon the firmware has put another one in their place."""

from __future__ import annotations

import threading

from scrutiny.sdk.watchable_handle import ValueSnapshot, WatchableHandle


class ToldValues:
    """Every value of a handle that is watched with ``UpdateMode.EverySample``, from now on.

    Args:
        handle: of the synchronous client.
    """

    def __init__(self, handle: WatchableHandle) -> None:
        self._values: set[float] = set()
        self._changed = threading.Condition()
        handle.on_update(self._take)

    def include(self, value: float, within_s: float) -> bool:
        """Wait until a value was told; return whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: value in self._values, within_s)

    def _take(self, snapshot: ValueSnapshot) -> None:
        if snapshot.value is None:
            return
        with self._changed:
            self._values.add(snapshot.value)
            self._changed.notify_all()

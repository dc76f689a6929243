"""One value on its way to the device; for scripts that import the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrutiny.api.messages import WrittenValue

from .pending_request import PendingRequest

if TYPE_CHECKING:
    from .watchable_handle import WatchableHandle


class WriteRequest(PendingRequest):
    """A write through a handle; it is done when the device confirmed.

    Nothing returns one: to assign a value waits for the confirmation, and so does a batch.
    """

    def __init__(self, watchable: WatchableHandle, value: WrittenValue) -> None:
        super().__init__()
        self._watchable = watchable
        self._value = value

    @property
    def watchable(self) -> WatchableHandle:
        """What is written."""
        return self._watchable

    @property
    def value(self) -> WrittenValue:
        """What is written to it."""
        return self._value

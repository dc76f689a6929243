"""One value on its way to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrutiny.api.messages import WrittenValue

from .pending_request import PendingRequest

if TYPE_CHECKING:
    from .watchable_handle import WatchableHandle


class WriteRequest(PendingRequest):
    """A write through a handle; it is done when the device confirmed."""

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

"""Entries of the value store: what clients watch and write, with the last value read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrutiny.core.types import DataType
from scrutiny.core.values import Value
from scrutiny.core.watchables import PublishedValue

if TYPE_CHECKING:
    from .broadcast import ValueFeed


class Entry:
    """One watchable of the connected device.

    Attributes:
        id: handle that clients use, a hexadecimal number that is never used again.
        path: where clients find it.
        definition: what it is in the device.
        value: last value read or written; None before the first.
        time_ns: when that value arrived, `time.monotonic_ns`.
        watchers: clients that watch it, with the updates per second they want; None: all there are.
    """

    __slots__ = ("definition", "id", "path", "time_ns", "value", "watchers")

    def __init__(self, entry_id: str, definition: PublishedValue) -> None:
        self.id = entry_id
        self.path = definition.path
        self.definition = definition
        self.value: Value | None = None
        self.time_ns = 0
        self.watchers: dict[ValueFeed, float | None] = {}

    @property
    def data_type(self) -> DataType:
        """The type of the value in the device."""
        return self.definition.data_type

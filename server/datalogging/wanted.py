"""What a client wants recorded, as the server keeps it: no message, no device, no entries.

Entries of the value store end with the session of a device; a request may wait longer than that. So
this holds what they show: where values are, and how they are scaled.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from scrutiny.core.datalogging import Axis, LoggedKind
from scrutiny.core.enums import Enumeration
from scrutiny.core.types import TypeKind
from scrutiny.core.values import Value
from scrutiny.core.watchables import Alias, Variable
from scrutiny.firmware_link.codes import TriggerCondition

from ..entries import Entry, Source


class Scale(msgspec.Struct, frozen=True):
    """From the device's units to those of the user: user = device * gain + offset."""

    gain: float = 1.0
    offset: float = 0.0

    def __str__(self) -> str:
        return f"gain {self.gain:g}, offset {self.offset:g}"


UNSCALED: Final = Scale()


class Recordable(msgspec.Struct, frozen=True):
    """A watchable to record, or to compare in a trigger.

    Attributes:
        path: under which clients know it.
        kind: what they call it.
        source: where its value is in the device.
        alias: None unless it is an alias.
    """

    path: str
    kind: LoggedKind
    source: Source
    alias: Alias | None = None

    @classmethod
    def of(cls, entry: Entry) -> Recordable:
        """Return what an entry shows."""
        return cls(entry.path, entry.kind, entry.source, entry.alias)

    @property
    def scale(self) -> Scale:
        """How values are scaled for the user; booleans never are."""
        if self.alias is None or self.source.data_type.kind is TypeKind.BOOL:
            return UNSCALED
        return Scale(self.alias.gain, self.alias.offset)

    @property
    def enum(self) -> Enumeration | None:
        """Names of the values, in the user's units."""
        if self.alias is not None and self.alias.enum is not None:
            return self.alias.enum
        return self.source.enum if isinstance(self.source, Variable) else None

    @property
    def pointer(self) -> Variable | None:
        """The pointer that it is behind."""
        return self.source.pointer if isinstance(self.source, Variable) else None

    def __str__(self) -> str:
        return self.path


# A text is the name of a value of the watchable that it is compared with.
WantedOperand = Recordable | Value | str


class WantedTrigger(msgspec.Struct, frozen=True):
    """When to record, in the user's units; as many operands as the condition takes."""

    condition: TriggerCondition
    operands: tuple[WantedOperand, ...] = ()
    hold_time_100ns: int = 0


class WantedSignal(msgspec.Struct, frozen=True):
    """One series of the acquisition."""

    name: str
    axis_id: int
    watchable: Recordable


class XAxis(Enum):
    """What the series are drawn over; the value is the word of the client API."""

    INDEX = "index"
    IDEAL_TIME = "ideal_time"
    MEASURED_TIME = "measured_time"
    SIGNAL = "signal"


class WantedRecording(msgspec.Struct, frozen=True):
    """One recording.

    Attributes:
        name: of the acquisition; may be empty.
        loop_id: the loop of the firmware that samples.
        decimation: one sample every so many iterations, 1 to 65535.
        probe_location: share of the buffer before the trigger, 0 to 255.
        timeout_100ns: from the trigger; 0 for none.
        trigger: what starts it.
        axes: y axes.
        signals: at least one; each on one of the axes.
        x_axis: what the series are drawn over.
        x_signal: for `XAxis.SIGNAL`; its axis does not matter.
    """

    name: str
    loop_id: int
    decimation: int
    probe_location: int
    timeout_100ns: int
    trigger: WantedTrigger
    axes: tuple[Axis, ...]
    signals: tuple[WantedSignal, ...]
    x_axis: XAxis = XAxis.INDEX
    x_signal: WantedSignal | None = None

    @property
    def recorded(self) -> tuple[Recordable, ...]:
        """All that has to be sampled; the same may be there twice."""
        x = () if self.x_signal is None else (self.x_signal.watchable,)
        return (*(signal.watchable for signal in self.signals), *x)

    @property
    def pointers(self) -> tuple[Variable, ...]:
        """The pointers whose values say where something is, each once."""
        operands = (o for o in self.trigger.operands if isinstance(o, Recordable))
        found = (watchable.pointer for watchable in (*self.recorded, *operands))
        return tuple({pointer.path: pointer for pointer in found if pointer is not None}.values())

"""What a datalogger has recorded: series of samples over one x axis, and what is known about them.

Values are in the units of the user: aliases are applied. Integers stay integers, so that those of
64 bits are exact; everything else is a 64-bit float.
"""

from __future__ import annotations

import secrets
from array import array
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

X_AXIS_ID: Final = -1  # y axes have ids of their own choice, but not this one
UNNAMED: Final = "unnamed"  # a series that got no name

LoggedKind = Literal["var", "alias", "rpv"]

# By the letter of `array`, which is 8 octets per sample in all three.
SampleType = Literal["d", "q", "Q"]
SAMPLE_TYPE_NAMES: Final[dict[SampleType, str]] = {"d": "float64", "q": "int64", "Q": "uint64"}
SAMPLE_SIZE: Final = 8

Samples: TypeAlias = "array[float] | array[int]"  # Python 3.11 has no array[...] at run time


class Axis(msgspec.Struct, frozen=True):
    """An axis of a plot, by the number that series refer to it with."""

    axis_id: int
    name: str


class Series(msgspec.Struct, frozen=True):
    """Samples of one signal, oldest first.

    Attributes:
        name: for display.
        axis_id: where it is to be drawn; `X_AXIS_ID` for the x axis.
        samples: an array of type `d`, `q` or `Q`.
        path: of the watchable that was recorded; None for an index or a time.
        kind: of that watchable.
    """

    name: str
    axis_id: int
    samples: Samples
    path: str | None = None
    kind: LoggedKind | None = None


class Acquisition(msgspec.Struct, frozen=True):
    """One recording.

    Attributes:
        reference_id: 32 hexadecimal digits, its name for ever.
        firmware_id: of the device it comes from, 32 hexadecimal digits.
        firmware_name: project and version, if they were known.
        name: given by the user; may be empty.
        time_s: Unix time, in seconds, when it was complete.
        trigger_index: of the sample at which the trigger fired; None if it is not known.
        axes: y axes; ids are unique, none is `X_AXIS_ID`.
        x: over which the series are drawn: an index, a time in seconds, or a signal.
        series: all as long as ``x``; each refers to one of the axes.
    """

    reference_id: str
    firmware_id: str
    firmware_name: str | None
    name: str
    time_s: float
    trigger_index: int | None
    axes: tuple[Axis, ...]
    x: Series
    series: tuple[Series, ...]

    def __post_init__(self) -> None:
        """Raise ValueError if the parts do not belong together."""
        known = {axis.axis_id for axis in self.axes}
        if len(known) != len(self.axes) or X_AXIS_ID in known:
            raise ValueError("two axes have one id, or a y axis has that of the x axis")
        for series in self.series:
            if len(series.samples) != len(self.x.samples):
                raise ValueError(
                    f"series {series.name!r} has {len(series.samples)} samples, "
                    f"x has {len(self.x.samples)}"
                )
            if series.axis_id not in known:
                raise ValueError(f"series {series.name!r} is on axis {series.axis_id}, of none")

    @property
    def point_count(self) -> int:
        """Samples of each series."""
        return len(self.x.samples)

    def renamed(self, name: str) -> Acquisition:
        """Return the same under another name."""
        return replace(self, name=name)


class AcquisitionSummary(msgspec.Struct, frozen=True):
    """What a list tells about an acquisition; fields as in `Acquisition`.

    Attributes:
        point_count: samples of each series.
        signals: names of the series, in their order.
    """

    reference_id: str
    firmware_id: str
    firmware_name: str | None
    name: str
    time_s: float
    point_count: int
    signals: tuple[str, ...]


def new_reference_id() -> str:
    """Return a name that no other acquisition has."""
    return secrets.token_hex(16)

"""Acquisitions to store, and how to tell whether they came back."""

from __future__ import annotations

import math
from array import array
from typing import Any, Final

from msgspec.structs import replace

from scrutiny.core.datalogging import (
    X_AXIS_ID,
    Acquisition,
    Axis,
    Samples,
    Series,
    new_reference_id,
)

FIRMWARE_ID: Final = "00112233445566778899aabbccddeeff"
OTHER_FIRMWARE_ID: Final = "ffeeddccbbaa99887766554433221100"
TIME_S: Final = 1772353800.25

NAN: Final = math.nan
EVERY_TYPE: Final[tuple[Samples, ...]] = (
    array("d", [0.0, 0.001, 0.002, 0.003, 0.004]),
    array("d", [NAN, math.inf, -math.inf, -0.0, 5e-324]),
    array("q", [-(2**63), 2**63 - 1, 0, -1, 2**53 + 1]),
    array("Q", [2**64 - 1, 2**63, 0, 1, 2**53 + 1]),
)


def acquisition(*columns: Samples, **others: Any) -> Acquisition:
    """Return an acquisition with x and other series as given, and fields of `Acquisition`."""
    x, *ys = columns or EVERY_TYPE
    kinds: list[Any] = [("/global/y", "var"), ("/alias/y", "alias"), ("/rpv/x1000", "rpv")]
    whole = Acquisition(
        reference_id=new_reference_id(),
        firmware_id=FIRMWARE_ID,
        firmware_name="Pump controller V3.1",
        name="Startup",
        time_s=TIME_S,
        trigger_index=1,
        axes=(Axis(0, "bar"), Axis(7, "rpm")),
        x=Series("Time (ideal)", X_AXIS_ID, x),
        series=tuple(
            Series(f"y{index}", (0, 7)[index % 2], y, *kinds[index % 3])
            for index, y in enumerate(ys)
        ),
    )
    return replace(whole, **others)


def content(acquisition: Acquisition) -> Any:
    """Return all of an acquisition in a form that is equal only if each octet is."""
    series = tuple(
        replace(one, samples=(one.samples.typecode, one.samples.tobytes()))
        for one in (acquisition.x, *acquisition.series)
    )
    return (
        acquisition.reference_id,
        acquisition.firmware_id,
        acquisition.firmware_name,
        acquisition.name,
        acquisition.time_s,
        acquisition.trigger_index,
        acquisition.axes,
        series,
    )

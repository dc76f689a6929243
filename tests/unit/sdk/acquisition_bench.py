"""An acquisition to look at, and what tells its parts apart."""

from __future__ import annotations

from datetime import datetime

from scrutiny.sdk.datalogging import (
    AxisDefinition,
    DataloggingAcquisition,
    DataSeries,
    LoggedWatchable,
)
from scrutiny.sdk.definitions import WatchableType

RPM = AxisDefinition("rpm", 0)
STATES = AxisDefinition("states", 1)
TIME = datetime(2026, 3, 1, 8, 30, 0, 250_000)


def make_acquisition(*, name: str | None = "Startup") -> DataloggingAcquisition:
    """Return one with an integer and a float on one axis, and an integer on the other."""
    acquisition = DataloggingAcquisition(
        firmware_id="0011" * 8,
        reference_id="0f3c" * 8,
        acq_time=TIME,
        name=name,
        firmware_name="Pump V3.1",
    )
    acquisition.set_xdata(DataSeries([-0.001, 0.0, 0.001], "Time (ideal)"))
    speed = LoggedWatchable("/alias/speed", WatchableType.Alias)
    acquisition.add_data(DataSeries([1, 2, (1 << 63) - 1], "state"), STATES)
    acquisition.add_data(DataSeries([98.0, 101.5, float("nan")], "speed", speed), RPM)
    acquisition.add_data(DataSeries([100, 100, 100], "setpoint"), RPM)
    acquisition.set_trigger_index(1)
    return acquisition


def shown_in_a_notebook(acquisition: DataloggingAcquisition) -> str:
    return acquisition._repr_html_()  # pyright: ignore[reportPrivateUsage] - notebooks call it

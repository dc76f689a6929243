"""The part of a capture that was asked for: the device keeps all that was before the trigger."""

from __future__ import annotations

from typing import Final

from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.data_series import DataSeries
from scrutiny.sdk.datalogging_config import XAxisType

_TIME_DIGITS: Final = 7  # the device counts in units of 100 ns


def without_early_samples(
    acquisition: DataloggingAcquisition, count_before: int, x_axis: XAxisType
) -> DataloggingAcquisition:
    """Return an acquisition with at most so many samples before the trigger.

    An index and times begin with 0 all the same.
    """
    trigger = acquisition.trigger_index
    if trigger is None or trigger <= count_before:
        return acquisition
    start = trigger - count_before
    cut = DataloggingAcquisition(
        acquisition.firmware_id,
        acquisition.reference_id,
        acquisition.acq_time,
        acquisition.name,
        acquisition.firmware_name,
    )
    cut.set_xdata(_x_from(acquisition.xdata, start, x_axis))
    for entry in acquisition.ydata:
        cut.add_data(_from(entry.series, start), entry.axis)
    cut.set_trigger_index(count_before)
    return cut


def _x_from(series: DataSeries, start: int, x_axis: XAxisType) -> DataSeries:
    if x_axis is XAxisType.Signal:
        return _from(series, start)
    if x_axis is XAxisType.MeasuredTime:
        first, *others = series.to_list()[start:]
        times = [0.0, *(round(time - first, _TIME_DIGITS) for time in others)]
        return DataSeries(times, series.name)
    evenly_spaced = series.data[: len(series) - start]
    return DataSeries.of_samples(evenly_spaced, series.name, None)


def _from(series: DataSeries, start: int) -> DataSeries:
    return DataSeries.of_samples(series.data[start:], series.name, series.logged_watchable)

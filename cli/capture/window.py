"""The part of a capture that was asked for: the device keeps all that was before the trigger."""

from __future__ import annotations

from scrutiny.sdk.acquisition import DataloggingAcquisition
from scrutiny.sdk.data_series import DataSeries


def without_early_samples(
    acquisition: DataloggingAcquisition, count_before: int
) -> DataloggingAcquisition:
    """Return an acquisition with at most so many samples before the trigger."""
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
    cut.set_xdata(_from(acquisition.xdata, start))
    for entry in acquisition.ydata:
        cut.add_data(_from(entry.series, start), entry.axis)
    cut.set_trigger_index(count_before)
    return cut


def _from(series: DataSeries, start: int) -> DataSeries:
    return DataSeries.of_samples(series.data[start:], series.name, series.logged_watchable)

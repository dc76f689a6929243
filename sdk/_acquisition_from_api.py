"""Acquisitions as users see them, from what the server sends.

Samples are right, or a BadResponseError tells what is wrong. Other servers leave names out.
"""

from __future__ import annotations

from collections.abc import Sequence

from scrutiny.api import messages as api
from scrutiny.core.datalogging import SAMPLE_SIZE, UNNAMED, X_AXIS_ID

from . import exceptions
from ._acquisition_lists import local_time
from ._samples import Samples, from_numbers, from_octets, make_samples
from .acquisition import DataloggingAcquisition
from .data_series import AxisDefinition, DataSeries, LoggedWatchable
from .watchable_configs import WatchableType

_NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def downloaded_acquisition(
    description: api.AcquisitionDescription, octets: bytearray
) -> DataloggingAcquisition:
    """Return an acquisition from the samples of all its series, one after the other.

    Raises:
        BadResponseError: the parts do not belong together.
    """
    if not description.series or description.series[0].axis_id != X_AXIS_ID:
        raise exceptions.BadResponseError("it has no X axis")
    acquisition = _acquisition(description, description.point_count)
    axes = _axes(description.yaxes)
    size = description.point_count * SAMPLE_SIZE
    for index, part in enumerate(description.series):
        start = index * size
        samples = from_octets(memoryview(octets)[start : start + size], part.dtype)
        series = _series(part, make_samples(samples))
        if index == 0:
            acquisition.set_xdata(series)
        else:
            acquisition.add_data(series, _axis_of(part.name, part.axis_id, axes))
    return acquisition


def read_acquisition(message: api.AcquisitionContentReply) -> DataloggingAcquisition:
    """Return an acquisition that came as one message.

    Raises:
        BadResponseError: the parts do not belong together, or something is no sample.
    """
    point_count = len(message.xdata.data)
    acquisition = _acquisition(message, point_count)
    axes = _axes(message.yaxes)
    acquisition.set_xdata(_series(message.xdata, _samples(message.xdata.data)))
    for part in message.signals:
        if len(part.data) != point_count:
            raise exceptions.BadResponseError(
                f"{part.name} has {len(part.data)} samples, the X axis has {point_count}"
            )
        series = _series(part, _samples(part.data))
        acquisition.add_data(series, _axis_of(part.name, part.axis_id, axes))
    return acquisition


def _acquisition(
    message: api.AcquisitionDescription | api.AcquisitionContentReply, point_count: int
) -> DataloggingAcquisition:
    trigger_index = message.trigger_index
    if trigger_index is not None and not 0 <= trigger_index < point_count:
        raise exceptions.BadResponseError(
            f"the trigger is at sample {trigger_index} of {point_count}"
        )
    acquisition = DataloggingAcquisition(
        firmware_id=message.firmware_id,
        reference_id=message.reference_id,
        acq_time=local_time(message.timestamp),
        name=message.name or "",
        firmware_name=message.firmware_name,
    )
    acquisition.set_trigger_index(trigger_index)
    return acquisition


def _axes(messages: list[api.DataloggingAxis]) -> dict[int, AxisDefinition]:
    axes = {axis.id: AxisDefinition(axis.name, axis.id) for axis in messages}
    if len(axes) != len(messages) or X_AXIS_ID in axes:
        raise exceptions.BadResponseError("two axes have the same id")
    return axes


def _axis_of(name: str | None, axis_id: int, axes: dict[int, AxisDefinition]) -> AxisDefinition:
    if axis_id not in axes:
        raise exceptions.BadResponseError(f"{name} is on axis {axis_id}, which there is not")
    return axes[axis_id]


def _series(
    part: api.SeriesDescription | api.SignalData | api.XAxisData, samples: Samples
) -> DataSeries:
    logged = None
    if part.watchable is not None:
        logged = LoggedWatchable(part.watchable.path, WatchableType(part.watchable.type))
    return DataSeries.of_samples(samples, part.name or UNNAMED, logged)


def _samples(data: Sequence[int | float | str]) -> Samples:
    try:
        return make_samples(
            from_numbers([_NOT_FINITE[x] if isinstance(x, str) else x for x in data])
        )
    except KeyError as error:
        raise exceptions.BadResponseError(f"{error} is no sample") from None
    except ValueError as error:
        raise exceptions.BadResponseError(str(error)) from None

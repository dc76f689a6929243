"""Composing what clients are told about acquisitions; large messages are made beside the loop."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from scrutiny.api.codec import encode
from scrutiny.api.messages import (
    AcquisitionContentReply,
    AcquisitionDescription,
    AcquisitionListReply,
    DataloggingAxis,
    LoggedWatchable,
    SeriesDescription,
    SignalData,
    StoredAcquisition,
    XAxisData,
)
from scrutiny.api.versions import MAX_MESSAGE_SIZE
from scrutiny.core.datalogging import Acquisition, AcquisitionSummary, Samples, Series

from .errors import CommandRefused

_FEWEST_OCTETS: Final = 2  # of a sample as text, with what separates it


def encoded_list(
    reqid: int | None,
    summaries: Sequence[AcquisitionSummary],
    metadata: Mapping[str, dict[str, Any]],
) -> bytes:
    """Return the message with a list; what clients can do without is left out if it is too large.

    Args:
        reqid: of the command.
        summaries: what to list.
        metadata: of the descriptions that are installed, by firmware id.

    Raises:
        CommandRefused: it is too large even so.
    """
    for has_signals, has_metadata in ((True, True), (False, True), (False, False)):
        stored = [
            StoredAcquisition(
                reference_id=summary.reference_id,
                firmware_id=summary.firmware_id,
                name=summary.name,
                timestamp=summary.time_s,
                firmware_metadata=metadata.get(summary.firmware_id) if has_metadata else None,
                firmware_name=summary.firmware_name,
                point_count=summary.point_count,
                signals=list(summary.signals) if has_signals else [],
            )
            for summary in summaries
        ]
        encoded = encode(AcquisitionListReply(reqid=reqid, acquisitions=stored))
        if len(encoded) <= MAX_MESSAGE_SIZE:
            return encoded
    raise CommandRefused(
        f"a list of {len(summaries)} acquisitions is too large for one message; ask for fewer "
        "with count, and for the next ones with before_timestamp"
    )


def encoded_content(reqid: int | None, acquisition: Acquisition) -> bytes:
    """Return the message that holds an acquisition with all its samples.

    Raises:
        CommandRefused: it is too large.
    """
    sample_count = acquisition.point_count * (len(acquisition.series) + 1)
    if sample_count * _FEWEST_OCTETS <= MAX_MESSAGE_SIZE:
        x = acquisition.x
        reply = AcquisitionContentReply(
            reqid=reqid,
            reference_id=acquisition.reference_id,
            firmware_id=acquisition.firmware_id,
            firmware_name=acquisition.firmware_name,
            name=acquisition.name,
            timestamp=acquisition.time_s,
            trigger_index=acquisition.trigger_index,
            yaxes=_axes(acquisition),
            signals=[
                SignalData(
                    name=series.name,
                    axis_id=series.axis_id,
                    watchable=_watchable(series),
                    data=_numbers(series.samples),
                )
                for series in acquisition.series
            ],
            xdata=XAxisData(name=x.name, watchable=_watchable(x), data=_numbers(x.samples)),
        )
        encoded = encode(reply)
        if len(encoded) <= MAX_MESSAGE_SIZE:
            return encoded
    raise CommandRefused(
        f"the acquisition has {sample_count} samples, too many for one message; fetch it with "
        "download_datalogging_acquisition, which sends it in chunks"
    )


def _numbers(samples: Samples) -> list[int | float | str]:
    """Return samples for JSON, which has no numbers for what is not finite."""
    if samples.typecode != "d":
        return list(samples)
    return [sample if math.isfinite(sample) else str(sample) for sample in samples]


def samples_of(acquisition: Acquisition) -> bytes:
    """Return all samples, the x axis first, little endian."""
    columns = [acquisition.x.samples, *[series.samples for series in acquisition.series]]
    if sys.byteorder == "big":
        columns = [_swapped(samples) for samples in columns]
    return b"".join([samples.tobytes() for samples in columns])


def _swapped(samples: Samples) -> Samples:
    copied = samples[:]
    copied.byteswap()
    return copied


def described(acquisition: Acquisition) -> AcquisitionDescription:
    """Return what comes with the samples of an acquisition."""
    return AcquisitionDescription(
        reference_id=acquisition.reference_id,
        firmware_id=acquisition.firmware_id,
        firmware_name=acquisition.firmware_name,
        name=acquisition.name,
        timestamp=acquisition.time_s,
        trigger_index=acquisition.trigger_index,
        point_count=acquisition.point_count,
        yaxes=_axes(acquisition),
        series=[
            SeriesDescription(
                name=series.name,
                axis_id=series.axis_id,
                watchable=_watchable(series),
                dtype=_dtype(series.samples),
            )
            for series in (acquisition.x, *acquisition.series)
        ],
    )


def _axes(acquisition: Acquisition) -> list[DataloggingAxis]:
    return [DataloggingAxis(axis.axis_id, axis.name) for axis in acquisition.axes]


def _watchable(series: Series) -> LoggedWatchable | None:
    if series.path is None or series.kind is None:
        return None
    return LoggedWatchable(series.path, series.kind)


def _dtype(samples: Samples) -> Literal["float64", "int64", "uint64"]:
    match samples.typecode:
        case "q":
            return "int64"
        case "Q":
            return "uint64"
        case _:
            return "float64"

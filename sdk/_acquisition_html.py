"""An acquisition as a table for notebooks, where nothing can draw it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .acquisition import DataloggingAcquisition
    from .data_series import DataSeries


def acquisition_html(acquisition: DataloggingAcquisition, note: str) -> str:
    """Return a table of the series, with their axes, smallest and largest values, and a note."""
    rows = [_row(acquisition.xdata, "X")]
    rows += (_row(entry.series, entry.axis.name) for entry in acquisition.ydata)
    heads = "".join(f"<th>{head}</th>" for head in ("Series", "Axis", "Min", "Max"))
    return (
        f"<div><p>{caption_html(acquisition)}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>{escape(note)}</p></div>"
    )


def caption_html(acquisition: DataloggingAcquisition) -> str:
    """Return one line of what is known about it."""
    parts = [f"<b>{escape(acquisition.name or 'Acquisition')}</b>"]
    parts.append(f"{acquisition.acq_time:%Y-%m-%d %H:%M:%S}")
    if acquisition.firmware_name:
        parts.append(escape(acquisition.firmware_name))
    parts.append(f"{len(acquisition.xdata)} samples")
    if acquisition.trigger_index is not None:
        parts.append(f"trigger at sample {acquisition.trigger_index}")
    return " &middot; ".join(parts)


def _row(series: DataSeries, axis_name: str) -> str:
    samples = [sample for sample in series.to_list() if not math.isnan(sample)]
    limits = (f"{min(samples):.6g}", f"{max(samples):.6g}") if samples else ("", "")
    cells = (escape(series.name), escape(axis_name), *limits)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"

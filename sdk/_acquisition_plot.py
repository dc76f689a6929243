"""An acquisition as a picture. Import it where it is used: matplotlib may be missing.

``pyplot`` is left alone: it would choose a window system, and keep every figure for ever.
"""

# matplotlib leaves the types of keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ._acquisition_html import caption_html

if TYPE_CHECKING:
    from .acquisition import DataloggingAcquisition
    from .data_series import DataSeries

_WIDTH_IN: Final = 9.0
_HEIGHT_IN: Final = 2.4  # of each diagram
_DOTS_PER_INCH: Final = 110
# Samples drawn as one line. If they go all over the picture, the renderer gives up somewhere above
# 100,000, and is twice as slow with 50,000 at a time.
_PIECE: Final = 8192
_LONGEST_NAME: Final = 40  # in a legend, in letters


def draw_acquisition(acquisition: DataloggingAcquisition, figure: Figure | None) -> Figure:
    """Draw one diagram per Y axis, one below the other; all series are as long as the X axis."""
    axes = acquisition.get_unique_yaxis_list()
    if figure is None:
        size = (_WIDTH_IN, _HEIGHT_IN * max(1, len(axes)) + 0.6)
        figure = Figure(figsize=size, layout="constrained")
    # Names are no formulas: a dollar sign in one must not be read as TeX.
    figure.suptitle(acquisition.name or acquisition.reference_id, parse_math=False)
    diagrams = figure.subplots(max(1, len(axes)), 1, sharex=True, squeeze=False)[:, 0]
    for axis, diagram in zip(axes, diagrams, strict=False):
        series = [entry.series for entry in acquisition.ydata if entry.axis == axis]
        _draw_axis(diagram, acquisition.xdata, series)
        diagram.set_ylabel(axis.name, parse_math=False)
    for diagram in diagrams:
        _draw_trigger(diagram, acquisition)
    diagrams[-1].set_xlabel(_x_label(acquisition.xdata), parse_math=False)
    return figure


def picture_html(acquisition: DataloggingAcquisition) -> str:
    """Return a caption and the picture; its size does not grow with the number of samples."""
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font lacks are not worth a text
        draw_acquisition(acquisition, None).savefig(picture, format="png", dpi=_DOTS_PER_INCH)
    data = base64.b64encode(picture.getvalue()).decode()
    image = f'<img alt="plot" style="max-width: 100%" src="data:image/png;base64,{data}">'
    return f"<div><p>{caption_html(acquisition)}</p>{image}</div>"


def _draw_axis(diagram: Axes, xdata: DataSeries, series: list[DataSeries]) -> None:
    lines = [_draw_line(diagram, xdata, each) for each in series]
    names = [_legend_name(each.name) for each in series]
    legend = diagram.legend(
        lines, names, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small"
    )  # beside the diagram: it would hide samples
    for text in legend.get_texts():
        text.set_parse_math(False)
    diagram.grid(visible=True, alpha=0.3)


def _draw_line(diagram: Axes, xdata: DataSeries, series: DataSeries) -> Line2D:
    """Draw a series, a long one in pieces: a long and wild line has no room in the renderer."""
    x, y = xdata.to_numpy(), series.to_numpy()
    first = diagram.plot(x[: _PIECE + 1], y[: _PIECE + 1], linewidth=1.0)[0]
    for start in range(_PIECE, len(x), _PIECE):
        piece = slice(start, start + _PIECE + 1)  # they have a sample in common
        diagram.plot(x[piece], y[piece], linewidth=1.0, color=first.get_color())
    return first


def _x_label(xdata: DataSeries) -> str:
    is_time = xdata.logged_watchable is None and xdata.name.startswith("Time")
    return f"{xdata.name} [s]" if is_time else xdata.name


def _legend_name(name: str) -> str:
    """Return a name that leaves room for the diagram, and is not left out for its first letter."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."
    return f" {short}" if short.startswith("_") else short


def _draw_trigger(diagram: Axes, acquisition: DataloggingAcquisition) -> None:
    index = acquisition.trigger_index
    if index is not None and index < len(acquisition.xdata):
        diagram.axvline(acquisition.xdata.data[index], color="gray", linestyle="--", linewidth=1.0)

"""Acquisitions for pandas, as plots, and in notebooks."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from typing import cast

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from scrutiny.sdk._acquisition_html import acquisition_html
from scrutiny.sdk.datalogging import AxisDefinition, DataloggingAcquisition, DataSeries
from tests.unit.sdk.acquisition_bench import RPM, TIME, make_acquisition, shown_in_a_notebook

# --------------------------------------------------------------------- pandas


def test_a_data_frame_has_the_types_of_the_samples_over_the_x_axis() -> None:
    frame = make_acquisition().to_dataframe()

    assert list(frame.columns) == ["state", "speed", "setpoint"]
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "float64", "int64"]
    assert frame.index.name == "Time (ideal)"
    assert list(frame.index) == [-0.001, 0.0, 0.001]
    assert list(frame["state"]) == [1, 2, (1 << 63) - 1]
    assert list(frame["speed"].iloc[:2]) == [98.0, 101.5]
    assert np.isnan(frame["speed"].iloc[2])


def test_a_data_frame_keeps_what_is_known_in_a_form_that_files_take() -> None:
    attrs = make_acquisition().to_dataframe().attrs

    assert (
        json.loads(json.dumps(attrs))
        == attrs
        == {
            "name": "Startup",
            "reference_id": "0f3c" * 8,
            "firmware_id": "0011" * 8,
            "firmware_name": "Pump V3.1",
            "acq_time": TIME.isoformat(),
            "trigger_index": 1,
            "axes": {"state": "states", "speed": "rpm", "setpoint": "rpm"},
        }
    )


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a"], ["a (2)", "a", "a (3)"]),
        (["", ""], ["", " (2)"]),
    ],
    ids=str,
)
def test_columns_have_names_of_their_own(names: list[str], columns: list[str]) -> None:
    acquisition = DataloggingAcquisition("f" * 32)
    for index, name in enumerate(names):
        acquisition.add_data(DataSeries([], name), AxisDefinition("", index))

    assert list(acquisition.to_dataframe().columns) == columns


def test_an_acquisition_without_series_is_an_empty_frame() -> None:
    acquisition = make_acquisition()
    acquisition.ydata.clear()

    assert acquisition.to_dataframe().shape == (3, 0)


# --------------------------------------------------------------------- plots


def test_each_axis_has_a_diagram_with_its_series_and_the_trigger() -> None:
    figure = make_acquisition().plot()

    upper, lower = figure.axes
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("rpm", "states")
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "Time (ideal) [s]")
    assert legend_of(upper) == ["speed", "setpoint"]
    assert legend_of(lower) == ["state"]
    assert figure.get_suptitle() == "Startup"
    for diagram in (upper, lower):
        trigger = diagram.lines[-1]
        assert list(cast("list[float]", trigger.get_xdata())) == [0.0, 0.0]
        assert trigger.get_linestyle() == "--"
    assert np.asarray(upper.lines[0].get_xydata())[1].tolist() == [0.0, 101.5]


def test_without_trigger_there_is_no_line_for_it() -> None:
    acquisition = make_acquisition()
    acquisition.set_trigger_index(None)
    assert len(acquisition.plot().axes[0].lines) == 2
    acquisition.set_trigger_index(3)  # beyond the samples
    assert len(acquisition.plot().axes[0].lines) == 2


def test_a_plot_goes_into_a_figure_of_the_caller() -> None:
    figure = Figure()

    assert make_acquisition().plot(figure) is figure
    assert len(figure.axes) == 2


def test_names_are_no_formulas_and_none_is_left_out_of_the_legend() -> None:
    odd = [r"$\frac", "_hidden", "a$b$c", "", "%s {x}"]
    acquisition = DataloggingAcquisition("f" * 32, name=r"$\undefined$")
    acquisition.set_xdata(DataSeries([1, 2], r"$\x$"))
    for name in odd:
        acquisition.add_data(DataSeries([1, 2], name), AxisDefinition(r"$\y$", 0))

    figure = acquisition.plot()

    render(figure)  # where a formula would fail
    assert [name.strip() for name in legend_of(figure.axes[0])] == odd


def test_a_long_name_leaves_room_for_the_diagram() -> None:
    acquisition = make_acquisition()
    acquisition.ydata[0].series.name = "n" * 1000

    figure = acquisition.plot()
    render(figure)

    assert legend_of(figure.axes[1]) == ["n" * 37 + "..."]
    assert figure.axes[1].get_position().width > 0.5


def render(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png")  # pyright: ignore[reportUnknownMemberType]


def legend_of(diagram: Axes) -> list[str]:
    legend = diagram.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


# --------------------------------------------------------------------- notebooks


def picture_of(html: str) -> Image.Image:
    found = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found.group(1))))


def test_a_notebook_shows_a_picture_with_what_is_known() -> None:
    html = shown_in_a_notebook(make_acquisition())

    assert "<b>Startup</b>" in html
    assert "2026-03-01 08:30:00" in html
    assert "Pump V3.1" in html
    assert "3 samples" in html
    assert "trigger at sample 1" in html
    pixels = np.asarray(picture_of(html).convert("RGB"), int).reshape(-1, 3)
    for color in ("C0", "C1", "gray"):  # two lines, and that of the trigger
        distance = np.abs(pixels - np.array(to_rgb(color)) * 255).max(axis=1).min()
        assert distance < 60, color  # thin lines are mixed with the white around them


def test_a_picture_does_not_grow_with_the_samples() -> None:
    acquisition = DataloggingAcquisition("f" * 32)
    noise = np.random.default_rng(1).normal(size=100_000)
    acquisition.set_xdata(DataSeries(range(len(noise)), "Index"))
    acquisition.add_data(DataSeries(noise, "noise"), RPM)

    assert len(shown_in_a_notebook(acquisition)) < 200_000


def test_a_long_line_is_drawn_in_pieces_that_meet() -> None:
    """The renderer raises OverflowError for one that is long and goes all over the picture."""
    acquisition = DataloggingAcquisition("f" * 32)
    acquisition.set_xdata(DataSeries(range(20_000), "Index"))
    acquisition.add_data(DataSeries(range(20_000), "ramp"), RPM)

    pieces = [np.asarray(line.get_xydata()) for line in acquisition.plot().axes[0].lines]

    assert max(len(piece) for piece in pieces) < 10_000
    assert all((a[-1] == b[0]).all() for a, b in itertools.pairwise(pieces))
    drawn = np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
    assert drawn[:, 0].tolist() == drawn[:, 1].tolist() == list(range(20_000))
    assert len({line.get_color() for line in acquisition.plot().axes[0].lines}) == 1


def test_names_cannot_put_anything_into_a_notebook() -> None:
    evil = "<script>alert(1)</script>"
    acquisition = make_acquisition(name=evil)
    acquisition.firmware_name = evil
    acquisition.xdata.name = evil
    acquisition.add_data(DataSeries([1, 2, 3], evil), AxisDefinition(evil, 9))

    for html in (shown_in_a_notebook(acquisition), acquisition_html(acquisition, evil)):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_a_series_of_another_length_is_shown_as_what_it_is() -> None:
    acquisition = make_acquisition()
    acquisition.add_data(DataSeries([1, 2], "short"), RPM)

    html = shown_in_a_notebook(acquisition)
    assert "No plot" in html
    assert "short" in html
    for analysis in (acquisition.plot, acquisition.to_dataframe):
        with pytest.raises(ValueError, match="short"):
            analysis()


def test_a_table_tells_the_limits_of_each_series() -> None:
    html = acquisition_html(make_acquisition(), "")

    assert "<tr><td>speed</td><td>rpm</td><td>98</td><td>101.5</td></tr>" in html
    assert "<tr><td>state</td><td>states</td><td>1</td><td>9.22337e+18</td></tr>" in html
    empty = acquisition_html(DataloggingAcquisition("f" * 32), "")
    assert "<tr><td>unnamed</td><td>X</td><td></td><td></td></tr>" in empty

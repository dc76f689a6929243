from __future__ import annotations

import pytest

from scrutiny.cli.capture.window import without_early_samples
from scrutiny.sdk.datalogging import DataSeries, XAxisType
from tests.unit.sdk.acquisition_bench import TIME, make_acquisition


def test_early_samples_are_left_out_of_all_series() -> None:
    cut = without_early_samples(make_acquisition(), 0, XAxisType.Signal)

    assert cut.xdata.to_list() == [0.0, 0.001]
    assert [entry.series.to_list() for entry in cut.ydata[::2]] == [[2, (1 << 63) - 1], [100, 100]]
    assert cut.trigger_index == 0
    whole = make_acquisition()
    assert [entry.axis for entry in cut.ydata] == [entry.axis for entry in whole.ydata]
    assert (cut.reference_id, cut.firmware_id, cut.firmware_name, cut.name, cut.acq_time) == (
        *("0f3c" * 8, "0011" * 8, "Pump V3.1", "Startup"),
        TIME,
    )
    assert cut.ydata[1].series.logged_watchable == whole.ydata[1].series.logged_watchable


@pytest.mark.parametrize(
    ("x_axis", "xs", "expected"),
    [
        (XAxisType.Indexed, [0, 1, 2], [0, 1]),
        (XAxisType.IdealTime, [0.0, 0.1, 0.2], [0.0, 0.1]),
        (XAxisType.MeasuredTime, [0.0, 0.1001, 0.2], [0.0, 0.0999]),
        (XAxisType.Signal, [7, 8, 9], [8, 9]),
    ],
)
def test_an_index_and_times_begin_with_0(
    x_axis: XAxisType, xs: list[float], expected: list[float]
) -> None:
    acquisition = make_acquisition()
    acquisition.set_xdata(DataSeries(xs, "x"))
    cut = without_early_samples(acquisition, 0, x_axis)
    assert cut.xdata.to_list() == expected
    assert cut.xdata.name == "x"


@pytest.mark.parametrize("count_before", [1, 2, 100])
def test_where_there_are_not_so_many_nothing_is_left_out(count_before: int) -> None:
    acquisition = make_acquisition()
    assert without_early_samples(acquisition, count_before, XAxisType.IdealTime) is acquisition


def test_without_a_trigger_nothing_is_left_out() -> None:
    acquisition = make_acquisition()
    acquisition.set_trigger_index(None)
    assert without_early_samples(acquisition, 0, XAxisType.IdealTime) is acquisition

"""Series of samples: what they take, and what they give back."""

from __future__ import annotations

import copy
import pickle
import zlib
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.sdk._samples import from_octets
from scrutiny.sdk.datalogging import (
    AxisDefinition,
    DataSeries,
    DataSeriesWithAxis,
    LoggedWatchable,
)
from scrutiny.sdk.definitions import WatchableType

LARGE = (1 << 63) - 1


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.5, 2], "float64"),
        ([], "float64"),
        ([1, -2], "int64"),
        ([True, False], "int64"),
        ([LARGE, -LARGE - 1], "int64"),
        ([LARGE + 1, 0], "uint64"),
        (array("f", [1.5]), "float64"),
        (array("b", [-1]), "int64"),
        (np.array([1, 2], np.int16), "int64"),
        (np.array([1, 2], np.uint32), "int64"),
        (np.array([1 << 63], np.uint64), "uint64"),
        (np.array([1.5], ">f4"), "float64"),
        (np.array([True]), "int64"),
        ([np.int32(1), np.uint8(2)], "int64"),
        ([np.float32(1.5), np.float64(2)], "float64"),
        (range(3), "int64"),
    ],
    ids=str,
)
def test_integers_stay_integers_and_all_else_is_float64(values: Any, dtype: str) -> None:
    series = DataSeries(values)

    assert str(series.to_numpy().dtype) == dtype
    assert series.to_list() == [x.item() if isinstance(x, np.generic) else x for x in values]


def test_the_data_are_a_numpy_array_of_one_dimension() -> None:
    series = DataSeries([1.0, 2.0, 3.0], "speed", LoggedWatchable("/speed", WatchableType.Alias))

    assert type(series.data) is np.ndarray
    assert series.to_numpy().shape == (3,)
    assert series.get_data() is series.data is series.to_numpy()
    assert len(series) == 3
    assert series.name == "speed"
    assert series.logged_watchable == LoggedWatchable("/speed", WatchableType.Alias)
    assert repr(series) == "<DataSeries 'speed': 3 samples of float64>"


def test_the_data_can_be_changed_in_place_and_replaced() -> None:
    series = DataSeries([1.0, 2.0])

    series.to_numpy()[0] = 5.0
    assert series.to_list() == [5.0, 2.0]
    series.set_data([7, 8, 9])
    assert series.to_list() == [7, 8, 9]
    series.data = [0.5]
    assert series.to_list() == [0.5]


def test_a_series_has_samples_of_its_own() -> None:
    values = np.array([1.0, 2.0])
    series = DataSeries(values)

    values[0] = 9.0

    assert series.to_list() == [1.0, 2.0]


def test_a_series_can_be_copied_and_pickled() -> None:
    series = DataSeries([1, 2], "speed", LoggedWatchable("/speed", WatchableType.Variable))

    for twin in (copy.deepcopy(series), pickle.loads(pickle.dumps(series))):
        assert twin.to_list() == [1, 2]
        assert (twin.name, twin.logged_watchable) == (series.name, series.logged_watchable)


@pytest.mark.parametrize("values", [["1"], [None], [1j], np.array(["a"]), np.array([1j])], ids=str)
def test_what_is_no_number_is_no_sample(values: Any) -> None:
    with pytest.raises(TypeError):
        DataSeries(values)


@pytest.mark.parametrize(
    "values", [[1 << 64], [-1, 1 << 63], [0.5, 10**400], np.zeros((2, 2))], ids=str
)
def test_what_has_no_place_in_a_series_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match=r"samples|sample"):
        DataSeries(values)


@pytest.mark.parametrize("name", [None, 1])
def test_the_name_of_a_series_is_text(name: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        DataSeries([], name)


def test_samples_are_read_from_little_endian_octets() -> None:
    octets = b"\x01" + bytes(7) + b"\xff" * 8

    assert from_octets(octets, "int64").tolist() == [1, -1]
    assert from_octets(octets, "uint64").tolist() == [1, (1 << 64) - 1]
    assert from_octets(bytes(6) + b"\xf0\x3f", "float64").tolist() == [1.0]
    with pytest.raises(ValueError, match="multiple"):
        from_octets(b"1234567", "int64")


# --------------------------------------------------------------------- compressed doubles


def test_the_compressed_form_is_big_endian_doubles() -> None:
    series = DataSeries([1.0, -2.5])

    assert zlib.decompress(series.get_data_binary()).hex() == "3ff0000000000000c004000000000000"
    assert DataSeries([1, -2]).get_data_binary() == DataSeries([1.0, -2.0]).get_data_binary()


@given(st.lists(st.floats(allow_nan=False)))
def test_the_compressed_form_brings_all_doubles_back(values: list[float]) -> None:
    series = DataSeries([])

    series.set_data_binary(DataSeries(array("d", values)).get_data_binary())

    assert series.to_list() == values


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        zlib.compress(b"1234567"),
        zlib.compress(bytes(8)) + b"x",
        zlib.compress(bytes(80))[:-3],
    ],
)
def test_a_damaged_compressed_form_leaves_the_series_as_it_was(data: bytes) -> None:
    series = DataSeries([1.0])

    with pytest.raises(ValueError, match="does not hold samples"):
        series.set_data_binary(data)
    assert series.to_list() == [1.0]


def test_a_compressed_form_cannot_fill_the_memory() -> None:
    bomb = zlib.compressobj(9)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(65)) + bomb.flush()

    with pytest.raises(ValueError, match="does not hold samples"):
        DataSeries().set_data_binary(data)


# --------------------------------------------------------------------- what goes with a series


def test_axes_and_pairs_are_values() -> None:
    series, axis = DataSeries(), AxisDefinition("rpm", 2)

    assert AxisDefinition(name="rpm", axis_id=2) == axis
    pair = DataSeriesWithAxis(series=series, axis=axis)
    assert (pair.series, pair.axis) == (series, axis)

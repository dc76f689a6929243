"""What a user wants to write becomes a value that the target can hold."""

from __future__ import annotations

import math

import pytest

from scrutiny.core.errors import ValueCodecError
from scrutiny.core.types import DataType
from scrutiny.core.values import FLOAT32_MAX, Value
from scrutiny.core.watchables import Alias, PublishedValue
from scrutiny.server.entries import Entry
from scrutiny.server.write_fitting import fit_to_entry

from .rig import variable


def entry_of(
    data_type: DataType, alias: Alias | None = None, bits: tuple[int, int] | None = None
) -> Entry:
    return Entry("0", variable("/v", data_type, bits=bits), alias)


@pytest.mark.parametrize(
    ("data_type", "bits", "value", "expected"),
    [
        (DataType.UINT8, None, 300, 255),
        (DataType.SINT8, None, -129, -128),
        (DataType.SINT8, None, 3.9, 3),
        (DataType.SINT8, None, -3.9, -3),
        (DataType.UINT8, (2, 3), 8, 7),
        (DataType.SINT8, (2, 3), -9, -4),
        (DataType.BOOL8, (3, 1), 2, True),
        (DataType.BOOL8, None, 0.5, False),
        (DataType.FLOAT32, None, True, 1.0),
        (DataType.UINT64, None, 2**64 - 1, 2**64 - 1),
        (DataType.FLOAT32, None, 1e300, FLOAT32_MAX),
    ],
)
def test_values_fit_the_variable(
    data_type: DataType, bits: tuple[int, int] | None, value: Value, expected: Value
) -> None:
    fitted = fit_to_entry(entry_of(data_type, bits=bits), value)

    assert fitted == expected
    assert type(fitted) is type(expected)


@pytest.mark.parametrize(("value", "expected"), [(0.3, 3), (0.7, 7), (-0.7, -7), (1.26, 13)])
def test_v5_scaled_values_are_rounded_to_the_nearest(value: float, expected: int) -> None:
    entry = entry_of(DataType.SINT16, Alias("/a", "/v", gain=0.1))

    assert fit_to_entry(entry, value) == expected


def test_an_alias_without_scaling_keeps_the_rules_of_its_target() -> None:
    entry = entry_of(DataType.SINT64, Alias("/a", "/v", minimum=-5, maximum=2.0**70))

    assert fit_to_entry(entry, 3.9) == 3
    assert fit_to_entry(entry, -100) == -5
    assert fit_to_entry(entry, 2**62 + 1) == 2**62 + 1


def test_limits_are_in_units_of_the_user() -> None:
    entry = entry_of(DataType.UINT8, Alias("/a", "/v", gain=0.5, offset=10, minimum=0, maximum=50))

    assert fit_to_entry(entry, 1000) == 80
    assert fit_to_entry(entry, -1000) == 0
    assert fit_to_entry(entry, True) == 1  # booleans pass


@pytest.mark.parametrize("value", [10**400, 1.5e308])
@pytest.mark.parametrize("gain", [0.5, -0.5])
def test_f1_whatever_is_too_large_becomes_the_end_of_the_range(value: Value, gain: float) -> None:
    alias = Alias("/a", "/v", gain=gain, offset=1.0)
    ends = {DataType.SINT16: (32767, -32768), DataType.FLOAT32: (FLOAT32_MAX, -FLOAT32_MAX)}

    for data_type, (high, low) in ends.items():
        assert fit_to_entry(entry_of(data_type, alias), value) == (high if gain > 0 else low)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("alias", [None, Alias("/a", "/v", gain=2.0, maximum=5.0)])
def test_what_is_no_number_is_refused(value: float, alias: Alias | None) -> None:
    with pytest.raises(ValueCodecError, match="not a finite number"):
        fit_to_entry(entry_of(DataType.UINT8, alias), value)


def test_published_values_fit_their_type() -> None:
    entry = Entry("0", PublishedValue(1, DataType.SINT8), Alias("/a", "/rpv/x0001", gain=2.0))

    assert fit_to_entry(entry, 15) == 8  # 7.5, half to even

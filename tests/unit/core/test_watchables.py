"""Aliases: the way from user to device units and back; what has an identity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.core.enums import Enumeration
from scrutiny.core.types import DataType
from scrutiny.core.values import Value, saturate
from scrutiny.core.watchables import Alias, BitField, PublishedValue, Variable


def alias(
    gain: float = 1.0,
    offset: float = 0.0,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> Alias:
    return Alias("/a", "/global/x", "var", gain, offset, minimum, maximum)


def test_reading_scales_and_does_not_limit() -> None:
    scaled = alias(0.5, 10.0, minimum=0.0, maximum=11.0)

    assert scaled.to_user(4) == 12.0
    assert scaled.to_user(-40.0) == -10.0


@pytest.mark.parametrize("value", [3, 2**64 - 1, -0.5, True, False])
def test_without_scaling_a_value_passes_as_it_is(value: Value) -> None:
    plain = alias()

    assert not plain.is_scaled
    assert plain.to_user(value) is value
    assert plain.to_device(value) is value


@pytest.mark.parametrize("value", [True, False])
def test_booleans_are_neither_scaled_nor_limited(value: bool) -> None:
    scaled = alias(0.1, 5.0, minimum=7.0, maximum=8.0)

    assert scaled.is_scaled
    assert scaled.to_user(value) is value
    assert scaled.to_device(value) is value


@pytest.mark.parametrize(
    ("wanted", "device"), [(300, 125.0), (-5, 0.0), (100, 50.0), (math.inf, 125.0)]
)
def test_writing_limits_first_and_scales_then(wanted: float, device: float) -> None:
    assert alias(2.0, 0.0, minimum=0.0, maximum=250.0).to_device(wanted) == device
    assert alias(2.0, 6.0, minimum=0.0, maximum=250.0).to_device(wanted) == device - 3


@pytest.mark.parametrize(("wanted", "written"), [(0.3, 3), (0.7, 7), (-0.3, -3), (0.26, 3)])
def test_v5_a_written_value_goes_through_the_gain_to_the_nearest_integer(
    wanted: float, written: int
) -> None:
    device = alias(0.1).to_device(wanted)

    assert saturate(device, DataType.SINT16, to_nearest=True) == written


@given(raw=st.integers(-(2**31), 2**31 - 1), decimals=st.integers(0, 6), offset=st.integers(-9, 9))
def test_v5_what_is_shown_can_be_written_back(raw: int, decimals: int, offset: int) -> None:
    scaled = alias(float(f"1e-{decimals}"), float(offset))

    device = scaled.to_device(scaled.to_user(raw))

    assert saturate(device, DataType.SINT32, to_nearest=True) == raw


def test_v6_an_unscaled_alias_keeps_integers_of_64_bits_exact() -> None:
    limited = alias(minimum=-(2.0**63), maximum=2.0**64)

    assert limited.to_device(2**64 - 1) == 2**64 - 1
    assert limited.to_device(2**53 + 1) == 2**53 + 1


def test_limits_apply_without_scaling() -> None:
    assert alias(maximum=250.0).to_device(10**400) == 250.0
    assert alias(minimum=-5.0).to_device(-(10**400)) == -5.0


def test_a_scaled_integer_beyond_float64_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        alias(2.0).to_device(10**400)


def test_a_large_value_through_a_small_gain_is_infinite() -> None:
    assert alias(1e-300).to_device(1e300) == math.inf
    assert alias(1e300).to_user(-1e300) == -math.inf


def test_variables_and_aliases_with_enumerations_can_be_keys() -> None:
    gear = Enumeration("Gear", {"Park": 0, "Drive": 7})
    same = Enumeration("Gear", {"Drive": 7, "Park": 0})
    variable = Variable("/g", DataType.UINT8, "little", 8192, BitField(0, 3), gear)
    twin = Variable("/g", DataType.UINT8, "little", 8192, BitField(0, 3), same)

    assert {variable: 1}[twin] == 1
    assert {Alias("/a", "/g", enum=gear), Alias("/a", "/g", enum=same)} == {
        Alias("/a", "/g", enum=gear)
    }
    assert variable != Variable("/g", DataType.UINT8, "little", 8193, BitField(0, 3), gear)
    assert gear != Enumeration("Gear", {"Park": 0, "Drive": 8})


def test_a_published_value_knows_its_path() -> None:
    assert PublishedValue(0x10AB, DataType.UINT8).path == "/rpv/x10AB"

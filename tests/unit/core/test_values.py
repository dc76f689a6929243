"""What a write makes of a value, and how values become octets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrutiny.core.errors import ValueCodecError
from scrutiny.core.types import STRUCT_CODES, DataType, TypeKind
from scrutiny.core.values import (
    FLOAT32_MAX,
    ByteOrder,
    Value,
    decode,
    encode,
    integer_range,
    saturate,
)

INTEGERS = [t for t in STRUCT_CODES if t.kind in (TypeKind.SINT, TypeKind.UINT, TypeKind.PTR)]


@pytest.mark.parametrize(
    ("value", "data_type", "expected"),
    [
        (300, DataType.UINT8, 255),
        (-1, DataType.UINT8, 0),
        (-129, DataType.SINT8, -128),
        (3.9, DataType.SINT32, 3),
        (-3.9, DataType.SINT32, -3),
        (True, DataType.UINT16, 1),
        (0.5, DataType.BOOL8, False),
        (2, DataType.BOOL8, True),
        (1e300, DataType.FLOAT32, FLOAT32_MAX),
        (-1e300, DataType.FLOAT32, -FLOAT32_MAX),
        (1e-60, DataType.FLOAT32, 0.0),
        (2**63 + 1, DataType.UINT64, 2**63 + 1),
        (10**400, DataType.SINT64, 2**63 - 1),
        (10**400, DataType.FLOAT32, FLOAT32_MAX),
        (7, DataType.FLOAT64, 7.0),
    ],
)
def test_a_value_is_made_to_fit(value: Value, data_type: DataType, expected: Value) -> None:
    assert saturate(value, data_type) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("data_type", [DataType.FLOAT32, DataType.SINT8, DataType.BOOL8])
def test_what_is_not_finite_is_refused(value: float, data_type: DataType) -> None:
    with pytest.raises(ValueCodecError, match="not a finite number"):
        saturate(value, data_type)


def test_an_integer_beyond_float64_is_refused_there() -> None:
    with pytest.raises(ValueCodecError, match="float64"):
        saturate(10**400, DataType.FLOAT64)


@pytest.mark.parametrize("data_type", [DataType.STRUCT, DataType.CFLOAT32, DataType.UINT128])
def test_types_that_cannot_be_read_are_refused(data_type: DataType) -> None:
    with pytest.raises(ValueCodecError, match="cannot be read"):
        saturate(1, data_type)


@given(
    data_type=st.sampled_from(INTEGERS),
    order=st.sampled_from(["big", "little"]),
    data=st.data(),
)
def test_integers_survive_the_way_to_octets_and_back(
    data_type: DataType, order: ByteOrder, data: st.DataObject
) -> None:
    low, high = integer_range(data_type)
    value = data.draw(st.integers(low, high))

    octets = encode(value, data_type, order)

    assert len(octets) == data_type.size
    assert decode(octets, data_type, order) == value
    assert octets == value.to_bytes(data_type.size, order, signed=low < 0)


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans())
@pytest.mark.parametrize("data_type", list(STRUCT_CODES))
def test_whatever_is_written_can_be_encoded(data_type: DataType, value: Value) -> None:
    try:
        fitted = saturate(value, data_type)
    except ValueCodecError:
        assert data_type is DataType.FLOAT64
        return
    assert len(encode(fitted, data_type, "big")) == data_type.size


def test_the_wrong_number_of_octets_is_refused() -> None:
    with pytest.raises(ValueCodecError, match="takes 4 octets, not 3"):
        decode(b"\0\0\0", DataType.FLOAT32, "big")


def test_any_octet_but_0_is_true() -> None:
    assert decode(b"\x02", DataType.BOOL8, "big") is True
    assert decode(b"\x00\x00\x00\x80", DataType.BOOL32, "little") is True

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
    bit_shift,
    decode,
    encode,
    extract_bits,
    insert_bits,
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


def field_octets(
    value: Value, offset: int, size: int, data_type: DataType, order: ByteOrder, before: int
) -> bytes:
    """Return the storage after a masked write, as the device does it."""
    storage, mask = insert_bits(value, bit_shift(offset, size, data_type, order), size)
    return ((before & ~mask) | storage).to_bytes(data_type.size, order)


def field_value(
    octets: bytes, offset: int, size: int, data_type: DataType, order: ByteOrder
) -> Value:
    shift = bit_shift(offset, size, data_type, order)
    return extract_bits(int.from_bytes(octets, order), shift, size, data_type.kind)


@pytest.mark.parametrize(
    ("bits", "size", "value"),
    [
        (0b1101, 4, -3),
        (0b0111, 4, 7),
        (0b1000, 4, -8),
        (0b1, 1, -1),
        (0, 1, 0),
        ((1 << 63) - 1, 63, -1),
        ((1 << 64) - 1, 64, -1),
    ],
)
def test_v1_signed_fields_are_sign_extended(bits: int, size: int, value: int) -> None:
    assert extract_bits(bits, 0, size, TypeKind.SINT) == value
    assert extract_bits(bits << 5, 5, size, TypeKind.SINT) == value
    assert extract_bits(bits, 0, size, TypeKind.UINT) == bits


def test_v1_the_sign_of_the_storage_does_not_matter() -> None:
    as_signed = decode(b"\xd4\xff", DataType.SINT16, "little")

    assert as_signed == -44
    assert extract_bits(int(as_signed), 4, 4, TypeKind.SINT) == -3
    assert extract_bits(0xFFD4, 4, 4, TypeKind.SINT) == -3


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("offset", [0, 1, 3, 7])
def test_v2_true_reaches_a_boolean_field_at_any_bit(offset: int, order: ByteOrder) -> None:
    octets = field_octets(saturate(2, DataType.BOOL8, 1), offset, 1, DataType.BOOL8, order, 0)

    assert octets == bytes([1 << offset if order == "little" else 0x80 >> offset])
    assert field_value(octets, offset, 1, DataType.BOOL8, order) is True
    assert field_value(b"\0", offset, 1, DataType.BOOL8, order) is False
    assert field_octets(False, offset, 1, DataType.BOOL8, order, 0xFF) == bytes([0xFF ^ octets[0]])


@pytest.mark.parametrize(
    ("order", "octets"),
    # 3 bits at bit 2 of 16: counted from the least significant bit in little endian, from the most
    # significant one in big endian.
    [("little", b"\x14\x00"), ("big", b"\x28\x00")],
)
def test_v3_reads_and_writes_count_bits_from_the_same_end(order: ByteOrder, octets: bytes) -> None:
    assert field_octets(5, 2, 3, DataType.UINT16, order, 0) == octets
    assert field_value(octets, 2, 3, DataType.UINT16, order) == 5


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("data_type", [DataType.UINT64, DataType.SINT64, DataType.PTR64])
def test_v4_a_field_may_take_all_64_bits(data_type: DataType, order: ByteOrder) -> None:
    low, high = integer_range(data_type)
    for value in (low, high, 0, high - 1):
        octets = field_octets(value, 0, 64, data_type, order, 0x0123456789ABCDEF)

        assert octets == encode(value, data_type, order)
        assert field_value(octets, 0, 64, data_type, order) == value
        assert saturate(value, data_type, 64) == value


@given(
    data_type=st.sampled_from(INTEGERS),
    order=st.sampled_from(["big", "little"]),
    data=st.data(),
)
def test_what_is_written_into_a_field_is_read_from_it_and_nothing_else_changes(
    data_type: DataType, order: ByteOrder, data: st.DataObject
) -> None:
    width = 8 * data_type.size
    size = data.draw(st.integers(1, width))
    offset = data.draw(st.integers(0, width - size))
    low, high = integer_range(data_type, size)
    value = data.draw(st.integers(low, high))
    before = data.draw(st.integers(0, (1 << width) - 1))

    octets = field_octets(value, offset, size, data_type, order, before)

    assert field_value(octets, offset, size, data_type, order) == value
    shift = bit_shift(offset, size, data_type, order)
    changed = int.from_bytes(octets, order) ^ before
    assert changed & ~(((1 << size) - 1) << shift) == 0


@pytest.mark.parametrize(
    ("value", "data_type", "bits", "expected"),
    [
        (8, DataType.UINT8, 3, 7),
        (-1, DataType.UINT32, 3, 0),
        (8, DataType.SINT8, 4, 7),
        (-9, DataType.SINT16, 4, -8),
        (1, DataType.SINT8, 1, 0),
        (-5, DataType.SINT8, 1, -1),
        (10**30, DataType.UINT64, 63, 2**63 - 1),
        (True, DataType.UINT8, 1, 1),
    ],
)
def test_a_value_is_made_to_fit_its_field(
    value: Value, data_type: DataType, bits: int, expected: int
) -> None:
    assert saturate(value, data_type, bits) == expected


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (-1, 4), (0, 17), (13, 4), (16, 1)])
@pytest.mark.parametrize("order", ["big", "little"])
def test_f2_a_field_outside_of_its_storage_is_refused(
    offset: int, size: int, order: ByteOrder
) -> None:
    with pytest.raises(ValueCodecError, match="does not fit uint16"):
        bit_shift(offset, size, DataType.UINT16, order)


@pytest.mark.parametrize(
    ("value", "nearest", "truncated"),
    [
        (0.3 / 0.1, 3, 2),
        (-0.3 / 0.1, -3, -2),
        (0.7 / 0.1, 7, 6),
        (2.4, 2, 2),
        (2.5, 2, 2),
        (3.5, 4, 3),
        (-0.6, -1, 0),
        (32767.4, 32767, 32767),
        (1e300, 32767, 32767),
        (2, 2, 2),
    ],
)
def test_v5_a_scaled_value_goes_to_the_nearest_integer(
    value: float, nearest: int, truncated: int
) -> None:
    assert saturate(value, DataType.SINT16, to_nearest=True) == nearest
    assert saturate(value, DataType.SINT16) == truncated


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1e39, FLOAT32_MAX),
        (-1e39, -FLOAT32_MAX),
        (3.4028235677973366e38, FLOAT32_MAX),  # would round up to infinity
        (math.nextafter(FLOAT32_MAX, math.inf), FLOAT32_MAX),
        (1.7976931348623157e308, FLOAT32_MAX),
        (10**39, FLOAT32_MAX),
        (-(10**400), -FLOAT32_MAX),
    ],
)
def test_f1_a_finite_value_beyond_float32_becomes_the_largest_one(
    value: Value, expected: float, order: ByteOrder
) -> None:
    fitted = saturate(value, DataType.FLOAT32)

    assert fitted == expected
    assert decode(encode(fitted, DataType.FLOAT32, order), DataType.FLOAT32, order) == expected


def test_an_integer_too_long_to_be_printed_is_refused_as_any_other() -> None:
    with pytest.raises(ValueCodecError, match="33220 bits is beyond the range of float64"):
        saturate(10**10_000, DataType.FLOAT64)


@pytest.mark.parametrize("value", [256, -1, 1.5, 1e300])
def test_a_value_that_was_not_made_to_fit_is_refused(value: Value) -> None:
    with pytest.raises(ValueCodecError, match="does not fit uint8"):
        encode(value, DataType.UINT8, "big")

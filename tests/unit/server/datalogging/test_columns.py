"""Octets of a recording become samples; the expected ones are packed by hand."""

from __future__ import annotations

import struct

import pytest

from scrutiny.core.types import STRUCT_CODES, DataType, TypeKind
from scrutiny.core.values import ByteOrder
from scrutiny.server.datalogging.columns import Columns, evenly_spaced_s, scaled
from scrutiny.server.datalogging.target import FieldBits
from scrutiny.server.datalogging.wanted import Scale

PREFIX: dict[ByteOrder, str] = {"big": ">", "little": "<"}
ORDERS: tuple[ByteOrder, ...] = ("little", "big")


def edges(data_type: DataType) -> list[int | float]:
    bits = 8 * data_type.size
    match data_type.kind:
        case TypeKind.SINT:
            return [-(1 << (bits - 1)), -1, 0, 1, (1 << (bits - 1)) - 1]
        case TypeKind.FLOAT:
            return [0.0, -1.5, 1e30, float("inf"), -float("inf")]
        case TypeKind.BOOL:
            return [0, 1, 0, 1, 1]
        case _:
            return [0, 1, (1 << bits) - 1, 1 << (bits - 1), 12]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("data_type", list(STRUCT_CODES))
def test_all_types_are_decoded_in_both_byte_orders(data_type: DataType, order: ByteOrder) -> None:
    code = STRUCT_CODES[data_type]
    values = edges(data_type)
    octets = b"".join(
        struct.pack(f"{PREFIX[order]}3s{code}2s", b"abc", value, b"yz") for value in values
    )

    samples = Columns(octets, 5 + data_type.size).numbers(3, data_type, order)

    is_wide = data_type in (DataType.UINT64, DataType.PTR64)
    expected_code = "d" if data_type.kind is TypeKind.FLOAT else "Q" if is_wide else "q"
    assert samples.typecode == expected_code
    if data_type is DataType.FLOAT32:
        values = [struct.unpack("f", struct.pack("f", value))[0] for value in values]
    assert list(samples) == values


def test_64_bits_are_exact() -> None:
    octets = struct.pack("<QQ", (1 << 64) - 1, (1 << 53) + 1)
    assert list(Columns(octets, 8).numbers(0, DataType.UINT64, "little")) == [
        (1 << 64) - 1,
        (1 << 53) + 1,
    ]


def test_a_boolean_is_0_or_1_whatever_is_stored() -> None:
    assert list(Columns(b"\x00\x01\x02\xff", 1).numbers(0, DataType.BOOL8, "big")) == [0, 1, 1, 1]
    assert list(Columns(b"\x00\x00\x02\x00", 2).numbers(0, DataType.BOOL16, "big")) == [0, 1]


def test_not_a_number_stays_one() -> None:
    (sample,) = Columns(struct.pack(">f", float("nan")), 4).numbers(0, DataType.FLOAT32, "big")
    assert sample != sample


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", [TypeKind.SINT, TypeKind.UINT, TypeKind.BOOL])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_bit_fields_of_any_width_are_cut_out(size: int, kind: TypeKind, order: ByteOrder) -> None:
    numbers = [0, 1, (1 << (8 * size)) - 1, 0x0123_4567_89AB_CDEF & ((1 << (8 * size)) - 1)]
    octets = b"".join(b"x" + number.to_bytes(size, order) for number in numbers)
    for shift in range(8):
        bits = 8 * size - shift
        samples = Columns(octets, size + 1).bit_fields(1, size, FieldBits(shift, bits, kind), order)

        fields = [number >> shift for number in numbers]
        if kind is TypeKind.SINT:
            fields = [f - (1 << bits) if f >> (bits - 1) else f for f in fields]
        if kind is TypeKind.BOOL:
            fields = [int(field != 0) for field in fields]
        assert list(samples) == fields
        assert samples.typecode == ("Q" if (kind, bits) == (TypeKind.UINT, 64) else "q")


def test_measured_time_starts_at_0_and_goes_on_when_the_clock_wraps() -> None:
    ticks = [0xFFFF_FF00, 0xFFFF_FFFF, 9_999, 9_999 + (1 << 31), 9_999, 10_000]
    octets = b"".join(tick.to_bytes(4, "big") for tick in ticks)
    times = list(Columns(octets, 4).seconds(0))
    assert times == pytest.approx(
        [
            0,
            255e-7,
            10255e-7,
            10255e-7 + 214.7483648,
            10255e-7 + 429.4967296,
            10256e-7 + 429.4967296,
        ]
    )
    assert list(Columns(b"", 4).seconds(0)) in ([], [0.0])


def test_ideal_time_is_not_a_sum_of_rounded_steps() -> None:
    times = evenly_spaced_s(100_001, 3)
    assert times[100_000] == 0.03


def test_a_scale_makes_floats() -> None:
    samples = Columns(b"\x01\x02", 1).numbers(0, DataType.UINT8, "big")
    assert scaled(samples, Scale()) is samples
    made = scaled(samples, Scale(0.5, 1))
    assert (made.typecode, list(made)) == ("d", [1.5, 2.0])

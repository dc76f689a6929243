from __future__ import annotations

import math
import struct

import pytest

from scrutiny.cli.value_text import Value, value_json, value_text
from scrutiny.sdk import DetailedRPVWatchableConfiguration, EmbeddedDataType, EmbeddedEnum
from scrutiny.sdk.watchable_configs import WatchableType


def definition(
    datatype: EmbeddedDataType, enum: EmbeddedEnum | None = None
) -> DetailedRPVWatchableConfiguration:
    return DetailedRPVWatchableConfiguration(
        WatchableType.RuntimePublishedValue, datatype, enum, "id", "/rpv/x1", 1
    )


def float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


@pytest.mark.parametrize(
    ("value", "datatype", "text"),
    [
        (float32(0.1), EmbeddedDataType.float32, "0.1"),
        (float32(1 / 3), EmbeddedDataType.float32, "0.33333334"),
        (float32(16777217.0), EmbeddedDataType.float32, "16777216.0"),
        (1 / 3, EmbeddedDataType.float32, "0.3333333333333333"),  # out of an alias
        (0.1, EmbeddedDataType.float64, "0.1"),
        (math.inf, EmbeddedDataType.float32, "inf"),
        (1e300, EmbeddedDataType.float32, "1e+300"),
        ((1 << 64) - 1, EmbeddedDataType.uint64, "18446744073709551615"),
        (True, EmbeddedDataType.bool8, "true"),
    ],
)
def test_numbers_have_the_digits_that_mean_something(
    value: Value, datatype: EmbeddedDataType, text: str
) -> None:
    assert value_text(value, definition(datatype)) == text


def test_every_float32_comes_back_from_its_text() -> None:
    for bits in range(0x00000001, 0x7F800000, 0x00012345):
        value = float(struct.unpack("<f", struct.pack("<I", bits))[0])
        assert float32(float(value_text(value, definition(EmbeddedDataType.float32)))) == value


def test_values_with_names_are_named() -> None:
    enum = EmbeddedEnum("mode", {"ON": 1, "OFF": 0})

    assert value_text(1, definition(EmbeddedDataType.uint8, enum)) == "ON"
    assert value_text(7, definition(EmbeddedDataType.uint8, enum)) == "7"


def test_json_has_text_for_what_json_has_no_number_for() -> None:
    enum = EmbeddedEnum("mode", {"ON": 1})
    assert value_json(math.nan, definition(EmbeddedDataType.float32)) == {"value": "nan"}
    assert value_json(None, definition(EmbeddedDataType.float32)) == {"value": None}
    assert value_json(7, definition(EmbeddedDataType.uint8, enum)) == {"value": 7, "name": None}
    assert value_json(True, definition(EmbeddedDataType.bool8)) == {"value": True}

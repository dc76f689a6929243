"""When a value that was read equals one that is waited for."""

from __future__ import annotations

import struct

import pytest

from scrutiny import sdk
from scrutiny.sdk._matching import value_matcher
from scrutiny.sdk.exceptions import BadEnumError

Type = sdk.EmbeddedDataType


def variable(
    datatype: Type, enum: sdk.EmbeddedEnum | None = None
) -> sdk.DetailedVarWatchableConfiguration:
    return sdk.DetailedVarWatchableConfiguration(
        watchable_type=sdk.WatchableType.Variable,
        datatype=datatype,
        enum=enum,
        server_id="1",
        server_path="/var",
        address=0,
        bitoffset=None,
        bitsize=None,
    )


def alias(
    datatype: Type, gain: float | None = None, offset: float | None = None
) -> sdk.DetailedAliasWatchableConfiguration:
    return sdk.DetailedAliasWatchableConfiguration(
        watchable_type=sdk.WatchableType.Alias,
        datatype=datatype,
        enum=None,
        server_id="1",
        server_path="/alias",
        target="/var",
        target_type=sdk.WatchableType.Variable,
        gain=gain,
        offset=offset,
        min=None,
        max=None,
    )


def float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


@pytest.mark.parametrize(
    ("datatype", "wanted", "same", "other"),
    [
        (Type.uint8, 3.9, 3, 4),
        (Type.uint64, 2**64 - 1, 2**64 - 1, 2**64 - 2),
        (Type.sint16, -3.9, -3, -4),
        (Type.ptr32, 0x2000_0000, 0x2000_0000, 0x2000_0001),
        (Type.bool8, 2, True, False),
        (Type.bool8, 0.5, False, True),
        (Type.float32, 0.1, float32(0.1), 0.1),
        (Type.float64, 0.1, 0.1, float32(0.1)),
        (Type.float32, 1e300, 1e300, 1.0),
        (Type.float32, float("inf"), float("inf"), 3e38),
    ],
)
def test_a_variable_is_compared_as_its_type_holds_the_value(
    datatype: Type, wanted: float, same: float, other: float
) -> None:
    for definition in (variable(datatype), alias(datatype), alias(datatype, 1.0, 0.0)):
        matches = value_matcher(definition, wanted)

        assert matches(same)
        assert not matches(other)


@pytest.mark.parametrize("wanted", [-1, float("inf")])
def test_what_an_unsigned_type_never_holds(wanted: float) -> None:
    for datatype in (Type.uint8, Type.ptr64):
        with pytest.raises(ValueError, match="never"):
            value_matcher(variable(datatype), wanted)


@pytest.mark.parametrize(
    ("datatype", "gain", "offset", "target", "wanted"),
    [
        (Type.uint16, 0.1, None, 3, 0.3),
        (Type.uint16, 0.1, -40.0, 275, -12.5),
        (Type.uint8, 1.0, -100.0, 99, -1),
        (Type.uint8, -1.0, None, 200, -200),
        (Type.float32, 3.6, 0.0, float32(27.7), 27.7 * 3.6),
        (Type.float32, 0.001, 1e6, float32(123.456), 1e6 + 0.123456),
        (Type.float64, 1 / 3, 0.0, 0.3, 0.1),
    ],
)
def test_a_scaled_alias_is_compared_but_for_rounding(
    datatype: Type, gain: float, offset: float | None, target: float, wanted: float
) -> None:
    value = target * gain + (offset or 0.0)

    matches = value_matcher(alias(datatype, gain, offset), wanted)

    assert matches(value)
    assert not matches(value + 0.001)
    assert not matches(-value)


def test_a_scaled_alias_that_is_infinite() -> None:
    matches = value_matcher(alias(Type.float64, 2.0), float("inf"))

    assert not matches(1e308)
    assert matches(float("inf"))


def test_enumerators_are_values() -> None:
    definition = variable(Type.sint8, sdk.EmbeddedEnum("Gear", {"REVERSE": -1, "FIRST": 1}))

    assert value_matcher(definition, "REVERSE")(-1)
    with pytest.raises(BadEnumError, match="REVERSE, FIRST"):
        value_matcher(definition, "SECOND")
    with pytest.raises(BadEnumError):
        value_matcher(variable(Type.sint8), "FIRST")

"""When a value that was read equals one that somebody waits for. Pure functions."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from ._arguments import check_number
from .data_types import EmbeddedDataType
from .watchable_configs import DetailedAliasWatchableConfiguration, DetailedWatchableConfiguration

Matcher = Callable[[float], bool]

# Relative errors of a value that was rounded to its type once, and scaled in float64.
_FLOAT32_ERROR = 2.0**-24
_SCALING_ERROR = 2.0**-50


def value_matcher(
    definition: DetailedWatchableConfiguration, wanted: int | float | bool | str
) -> Matcher:
    """Return what tells whether a value equals the wanted one, converted as if it were written.

    Raises:
        BadEnumError: there is no enumerator of that name.
        TypeError: it is no value.
        ValueError: no value can ever equal it.
    """
    if isinstance(wanted, str):
        wanted = definition.parse_enum_val(wanted)
    number = wanted if isinstance(wanted, bool) else check_number("value", wanted)
    datatype = definition.datatype
    if datatype.is_bool():
        flag = bool(int(number)) if math.isfinite(number) else True
        return lambda value: value == flag
    if isinstance(definition, DetailedAliasWatchableConfiguration) and _is_scaled(definition):
        return _scaled_matcher(definition, number)
    if datatype.is_float():
        stored = _as_float32(number) if datatype is EmbeddedDataType.float32 else number
        return lambda value: value == stored
    if not math.isfinite(number) or (number < 0 and not datatype.is_signed()):
        raise ValueError(f"{definition.server_path} is {datatype.name} and never {wanted}")
    truncated = int(number)
    return lambda value: value == truncated


def _is_scaled(alias: DetailedAliasWatchableConfiguration) -> bool:
    return alias.gain not in (None, 1.0) or alias.offset not in (None, 0.0)


def _scaled_matcher(alias: DetailedAliasWatchableConfiguration, number: float) -> Matcher:
    """Scaling may shift an unsigned target below 0, make fractions of integers, and rounds.

    The value is target · gain + offset: errors grow with these two, not with their sum.
    """
    offset = alias.offset or 0.0
    is_float32 = alias.datatype is EmbeddedDataType.float32
    error = _FLOAT32_ERROR if is_float32 else _SCALING_ERROR
    if math.isinf(number):
        return lambda value: value == number
    tolerance = error * abs(number - offset) + _SCALING_ERROR * abs(offset)
    return lambda value: abs(value - number) <= tolerance


def _as_float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return number

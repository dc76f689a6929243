"""Values for people and for programs: names where there are any, no digits that mean nothing."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Final

from scrutiny.sdk import DetailedWatchableConfiguration, EmbeddedDataType

from .output import one_line

Value = int | float | bool
Json = str | int | float | bool | None

_DIGITS_OF_FLOAT32: Final = 9  # enough for every float32


def value_text(value: Value, definition: DetailedWatchableConfiguration) -> str:
    """Return a value as `scrutiny set` takes it: a name, true, false or a number."""
    name = value_name(value, definition)
    if name is not None:
        return one_line(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{_rounded(value, definition)}"


def value_name(value: Value, definition: DetailedWatchableConfiguration) -> str | None:
    """Return what the firmware calls a value, None if it has no name for it."""
    enum = definition.enum
    if enum is None:
        return None
    return enum.get_first_value_name_match(value)  # type: ignore[arg-type] # 2.0 equals 2


def value_json(value: Value | None, definition: DetailedWatchableConfiguration) -> dict[str, Json]:
    """Return a value for JSON, and its name if it may have one; what is not finite is text."""
    number: Json = (
        value if value is None or isinstance(value, bool) else _rounded(value, definition)
    )
    if isinstance(number, float) and not math.isfinite(number):
        number = f"{number}"
    content: Mapping[str, Json] = {"value": number}
    if definition.enum is None:
        return {**content}
    return {**content, "name": None if value is None else value_name(value, definition)}


def _rounded(value: int | float, definition: DetailedWatchableConfiguration) -> int | float:
    """Return the shortest number that is the same float32, if it is one: 0.1."""
    if definition.datatype is not EmbeddedDataType.float32 or not isinstance(value, float):
        return value
    if not math.isfinite(value) or _as_float32(value) != value:  # the alias scales it
        return value
    for digits in range(6, _DIGITS_OF_FLOAT32):
        shorter = float(f"{value:.{digits}g}")
        if _as_float32(shorter) == value:
            return shorter
    return value


def _as_float32(value: float) -> float:
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return math.inf
    return float(struct.unpack("<f", packed)[0])

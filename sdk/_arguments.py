"""Checks of what users pass: a wrong type is a TypeError, a wrong value a ValueError."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from scrutiny.api.messages import WrittenValue
from scrutiny.core.paths import normalize_path

# Integers that JSON carries here: from the smallest signed to the largest unsigned one of 64 bits.
_SMALLEST_INT = -(1 << 63)
_LARGEST_INT = (1 << 64) - 1


def check_int(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return an integer within limits; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"{low} or more" if high is None else f"{low} to {high}"
        raise ValueError(f"{name} is {limits}, not {value}")
    return value


def check_str(name: str, value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is a str, not {value!r}")
    return value


def check_strings(name: str, values: Sequence[object]) -> list[str]:
    """Return a list of texts; a single text is none."""
    if isinstance(values, str):
        raise TypeError(f"{name} is a list of str, not {values!r}")
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise TypeError(f"{name} is a list of str, not {values!r}")
    return texts


def check_address(hostname: object, port: object) -> None:
    """Refuse what is no host and port to connect to."""
    if not check_str("hostname", hostname):
        raise ValueError("hostname is empty; give a name or an address, as localhost")
    check_int("port", port, 1, 0xFFFF)


def check_memory_range(address: object, size: object, size_name: str = "size") -> None:
    """Refuse octets that are none, or beyond what an address can be."""
    count = check_int(size_name, size, 1)
    check_int("address", address, 0, _LARGEST_INT - count + 1)


def check_new_names(name: object, axis_names: Mapping[int, str] | None) -> dict[int, str]:
    """Return the new names of axes, of which there is at least one unless there is a name."""
    axes = {
        check_int("an axis id", axis_id, -1): check_str("the name of an axis", axis)
        for axis_id, axis in (axis_names or {}).items()
    }
    if name is not None:
        check_str("name", name)
    elif not axes:
        raise ValueError("nothing to change: give a name, or names of axes")
    return axes


def check_number(name: str, value: object) -> float:
    """Return an int or float that is no NaN, as it is; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number, not {value!r}")
    try:
        is_nan = math.isnan(value)
    except OverflowError:
        raise ValueError(f"{name} is too large a number") from None
    if is_nan:
        raise ValueError(f"{name} is a number, not NaN")
    return value


def check_timeout(value: object, name: str = "timeout") -> float:
    """Return a time limit in seconds; infinity is allowed."""
    seconds = check_number(name, value)
    if seconds < 0:
        raise ValueError(f"{name} is 0 s or more, not {seconds}")
    return seconds


def check_optional_timeout(value: object) -> float | None:
    """Return a time limit in seconds, or None."""
    return None if value is None else check_timeout(value)


def check_before(value: object) -> float | None:
    """Return a date and time as Unix time in seconds, or None."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise TypeError(f"before_datetime is a datetime, not {value!r}")
    try:
        unix_s = value.timestamp()
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"before_datetime cannot be used: {value}") from None
    if unix_s < 0:
        raise ValueError(f"before_datetime is 1970 or later, not {value}")
    return unix_s


def check_rate(value: object) -> float | None:
    """Return an update rate: None, or 1 per second or more."""
    if value is None:
        return None
    rate = check_number("update_rate", value)
    if not 1 <= rate < math.inf:
        raise ValueError(f"update_rate is None or at least 1 per second, not {rate}")
    return rate


def check_path(value: object) -> str:
    """Return a path in its canonical form, so that one watchable has one spelling."""
    if not isinstance(value, str):
        raise TypeError(f"a path is a str, not {value!r}")
    path = normalize_path(value)
    if path == "/":
        raise ValueError(f"{value!r} is no path of a watchable")
    return path


def check_paths(value: object) -> list[str]:
    """Return paths in their canonical form, from a list of them."""
    if isinstance(value, str):
        raise TypeError("paths is a list; for one path, give a list of one")
    if not isinstance(value, Sequence):
        raise TypeError(f"paths is a list of str, not {value!r}")
    return [check_path(path) for path in cast("Sequence[object]", value)]


def check_octets(name: str, value: object) -> bytes:
    """Return the content of bytes, a bytearray or a memoryview."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, memoryview):
        return cast("memoryview[int]", value).tobytes()
    raise TypeError(f"{name} is bytes, a bytearray or a memoryview, not {value!r}")


def check_written_value(value: object) -> WrittenValue:
    """Return a value that can be sent: a finite number, a bool, or a string with something in it.

    The server evaluates strings, so whether one makes sense is for the server to say.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("an empty string cannot be written")
        return value
    if not isinstance(value, int | float):
        raise TypeError(f"int, float, bool and str can be written, not {value!r}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written: it is not finite")
        return value
    return value if _SMALLEST_INT <= value <= _LARGEST_INT else _as_float(value)


def _as_float(value: int) -> float:
    """Return an integer beyond 64 bits as the float that the server saturates all the same."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"an integer of {value.bit_length()} bits cannot be written") from None

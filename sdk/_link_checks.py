"""Checks of the parameters of links."""

from __future__ import annotations


def check_type(name: str, value: object, kind: type) -> None:
    """Raise TypeError unless the value is of this class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is a {kind.__name__}, not {value!r}")


def check_int(name: str, value: object, low: int, high: int | None) -> None:
    """Raise TypeError or ValueError unless the value is an int within the limits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"{low} or more" if high is None else f"{low} to {high}"
        raise ValueError(f"{name} is {limits}, not {value}")


def check_delay(name: str, value: object) -> None:
    """Raise TypeError or ValueError unless the value is a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number of seconds, not {value!r}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} is 0 s or more, not {value}")

"""What single settings may be: each takes what a file, an option or a flag says, or raises.

Every ValueError continues a sentence that begins with the name of the setting.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .api.link_fields import to_integer, to_number

_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0")


def to_text(value: object) -> str:
    """Take a text that is not empty."""
    if not isinstance(value, str) or not value or not is_writable(value):
        raise ValueError(f"is {value!r}, not a text")
    return value


def to_path(value: object) -> Path:
    """Take the path of a file or folder; ~ is the home folder."""
    try:
        return Path(to_text(value)).expanduser()
    except RuntimeError:  # a user that is not known here
        raise ValueError(f"is {value!r}; there is no such user") from None


def is_writable(text: str) -> bool:
    """Tell whether a status can carry it, and the system take it: no NUL, no half characters."""
    return "\0" not in text and text == text.encode(errors="replace").decode()


def to_boolean(value: object) -> bool:
    """Take true or false, or a usual word for them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
        return value.lower() in _TRUE
    raise ValueError(f"is {value!r}, neither true nor false")


def to_duration(value: object) -> float:
    """Take seconds, above 0 and up to an hour."""
    number = to_number(value)
    if not 0 < number <= 3600:
        raise ValueError(f"is {number:g}, a number of seconds above 0 and up to 3600 is due")
    return number


def integer_within(low: int, high: int) -> Callable[[object], int]:
    """Return what takes whole numbers of a range."""

    def convert(value: object) -> int:
        number = to_integer(value)
        if not low <= number <= high:
            raise ValueError(f"is {number}, not within {low} to {high}")
        return number

    return convert


def one_of(convert: Callable[[object], Any], *allowed: object) -> Callable[[object], Any]:
    """Return what takes some values only, after a conversion."""

    def checked(value: object) -> Any:
        converted = convert(value)
        if converted not in allowed:
            raise ValueError(f"is {converted}, not one of {', '.join(map(str, allowed))}")
        return converted

    return checked


def to_nothing(value: object) -> None:
    """Take a key whose fields come one by one, when it is written with none of them."""
    if value != {}:
        raise ValueError(f"is {value!r}, an object is due")

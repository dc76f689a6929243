"""Fields as clients and configuration files write them: converted and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

REQUIRED: Final = object()

LinkConfig = Mapping[str, Any]
_T = TypeVar("_T")


class Fields:
    """The fields of one link, each converted and checked; errors name the field."""

    def __init__(self, link_type: str, config: LinkConfig, names: tuple[str, ...]) -> None:
        self._link_type = link_type
        self._config = config
        for key in config:
            if key not in names:
                raise ValueError(
                    f"a {link_type} link has no field {key[:80]!r}, only {', '.join(names)}"
                    f"{nearest(key[:80], names)}"
                )

    def text(self, name: str, default: object = REQUIRED) -> str:
        return self.converted(name, _text, default)

    def integer(self, name: str, default: object = REQUIRED) -> int:
        return self.converted(name, to_integer, default)

    def integer_within(
        self, name: str, low: int, high: int | None, default: object = REQUIRED
    ) -> int:
        value = self.integer(name, default)
        if value < low or (high is not None and value > high):
            limits = f"{low} or more" if high is None else f"within {low} to {high}"
            raise ValueError(f"{name} of the {self._link_type} link is {value}, not {limits}")
        return value

    def boolean(self, name: str) -> bool:
        return self.converted(name, _boolean, REQUIRED)

    def choice(self, name: str, words: Sequence[str], default: object = REQUIRED) -> str:
        word = self.text(name, default).strip().lower()
        if word not in words:
            raise ValueError(
                f"{name} of the {self._link_type} link is {shown(word)}, not one of "
                f"{', '.join(words)}"
            )
        return word

    def number(self, name: str, default: object = REQUIRED) -> float:
        return self.converted(name, to_number, default)

    def converted(self, name: str, convert: Callable[[object], _T], default: object) -> _T:
        value = self._config.get(name, default)
        if value is REQUIRED:
            raise ValueError(f"a {self._link_type} link needs the field {name}")
        try:
            return convert(value)
        except ValueError as error:
            raise ValueError(f"{name} of the {self._link_type} link {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {shown(value)}, not a text")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is {shown(value)}, not true or false")
    return value


def to_object(value: object) -> LinkConfig:
    """Return an object of JSON.

    Raises:
        ValueError: it is none; the text continues the name of what it is.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"is {shown(value)}, not an object")
    return cast("LinkConfig", value)


def to_integer(value: object) -> int:
    """Return a whole number that is given as such, or as text.

    Raises:
        ValueError: it is neither; the text continues the name of what it is.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 40:
        try:
            return int(value.strip(), 10)
        except ValueError:
            pass
    raise ValueError(f"is {shown(value)}, not a whole number")


def to_number(value: object) -> float:
    """Return a finite number that is given as such, or as text.

    Raises:
        ValueError: it is neither; the text continues the name of what it is.
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(f"is {shown(value)}, not a number")


def shown(value: object) -> str:
    """Write a value for the text of an error, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."


def nearest(word: str, words: Collection[str]) -> str:
    """Return ``; did you mean ...?`` if one of the words is close, else an empty text."""
    import difflib  # only for the text of an error

    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""

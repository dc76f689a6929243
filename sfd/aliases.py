"""Alias files: other names for variables and published values, with gain, offset and limits.

Source: firmware description, section 3.
"""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import normalize_path
from scrutiny.core.watchables import Alias, TargetType

from .errors import AliasError

_TARGET_TYPES: Final = ("var", "rpv")
_KEYS: Final = ("target", "target_type", "gain", "offset", "min", "max", "enum")
# A look for the closest key takes 20 µs, and a file may have a million of them, of any length.
_SUGGESTIONS_MAX: Final = 50
_SUGGESTED_LENGTH_MAX: Final = 40


def decode_aliases(data: bytes) -> tuple[object, list[str]]:
    """Decode the JSON of an alias file.

    Returns:
        The document, and one message for each path that is there more than once, letter by letter.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is too deep.
    """
    repeated: list[str] = []

    def take(pairs: list[tuple[str, object]]) -> dict[str, object]:
        document = dict(pairs)
        # Called for inner objects first, so that what stays is of the document itself.
        repeated.clear()
        if len(document) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.extend(key for key, count in counts.items() if count > 1)
        return document

    document: object = json.loads(data, object_pairs_hook=take)
    return document, [
        f"alias {_shown(path)} is there more than once; the last one counts" for path in repeated
    ]


def unknown_keys(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield one message for each key of a definition that means nothing, and so is ignored."""
    suggestions_left = _SUGGESTIONS_MAX
    for path, definition in document.items():
        if not isinstance(definition, dict):
            continue
        for key in cast("Mapping[str, object]", definition):
            if key in _KEYS:
                continue
            close: list[str] = []
            if suggestions_left and len(key) <= _SUGGESTED_LENGTH_MAX:
                suggestions_left -= 1
                close = difflib.get_close_matches(key.lower(), _KEYS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            name = normalize_path(path)
            yield f"alias {name}: {_shown(key)} is no known key and is ignored{hint}"


def read_aliases(document: Mapping[str, Any]) -> tuple[dict[str, Alias], list[str]]:
    """Read the aliases of a file, each for itself.

    Returns:
        The valid ones by their canonical path, and one message for each that was refused.
    """
    aliases: dict[str, Alias] = {}
    refused: list[str] = []
    for path, definition in document.items():
        try:
            alias = read_alias(path, definition)
        except AliasError as error:
            refused.append(f"{error}")
            continue
        if alias.path in aliases:
            refused.append(f"alias {alias.path} is there twice; the first one stays")
        else:
            aliases[alias.path] = alias
    return aliases, refused


def read_alias(path: str, definition: object) -> Alias:
    """Read one alias; whether its target exists is not looked at.

    Raises:
        AliasError: it is not valid; the text names path, key and value.
    """
    name = normalize_path(path)
    try:
        if name == "/":
            raise AliasError("its path is empty")
        if not isinstance(definition, dict):
            raise AliasError("its definition is not a JSON object")
        return _read(name, cast("Mapping[str, object]", definition))
    except AliasError as error:
        raise AliasError(f"alias {name}: {error}") from error


def write_aliases(aliases: Iterable[Alias]) -> dict[str, Any]:
    """Return the document of an alias file; what has its default is left out."""
    return {alias.path: _write(alias) for alias in aliases}


def _read(path: str, definition: Mapping[str, object]) -> Alias:
    gain = _finite(definition, "gain", 1.0)
    if gain == 0:
        raise AliasError("gain is 0, so that nothing could be written through it")
    minimum = _number(definition, "min", -math.inf)
    maximum = _number(definition, "max", math.inf)
    if minimum == math.inf or maximum == -math.inf:
        raise AliasError("min and max leave no value that could be written")
    if minimum > maximum:
        raise AliasError(f"min {minimum:g} is above max {maximum:g}")
    return Alias(
        path,
        _target(definition.get("target")),
        _target_type(definition.get("target_type")),
        gain,
        _finite(definition, "offset", 0.0),
        minimum,
        maximum,
        _enumeration(definition.get("enum")),
    )


def _target(target: object) -> str:
    if target is None:
        raise AliasError("target is missing")
    if not isinstance(target, str) or normalize_path(target) == "/":
        raise AliasError(f"target is not a path: {_shown(target)}")
    return normalize_path(target)


def _target_type(target_type: object) -> TargetType | None:
    if target_type is None:
        return None
    if target_type == "alias":
        raise AliasError("its target is an alias; name the variable behind that one instead")
    if target_type not in _TARGET_TYPES:
        raise AliasError(f"target_type is neither var nor rpv: {_shown(target_type)}")
    return target_type


def _number(definition: Mapping[str, object], key: str, default: float) -> float:
    value = definition.get(key)
    if value is None:
        return default
    # float() takes a bool as well, and a string as in "0.5" or "inf", which files have.
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise AliasError(f"{key} is not a number: {_shown(value)}")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise AliasError(f"{key} is not a number: {_shown(value)}") from None
    if math.isnan(number):
        raise AliasError(f"{key} is not a number: NaN")
    return number


def _finite(definition: Mapping[str, object], key: str, default: float) -> float:
    number = _number(definition, key, default)
    if math.isinf(number):
        raise AliasError(f"{key} is not finite: {number}")
    return number


def _enumeration(document: object) -> Enumeration | None:
    if document is None:
        return None
    parts = cast("Mapping[str, object]", document if isinstance(document, dict) else {})
    name, values = parts.get("name"), parts.get("values")
    if not isinstance(name, str) or not isinstance(values, dict):
        raise AliasError("enum is not an object with a name and values")
    numbers = cast("Mapping[str, object]", values)
    for key, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise AliasError(f"enum: {_shown(key)} is not an integer: {_shown(number)}")
        if not -(1 << 63) <= number < 1 << 64:
            raise AliasError(f"enum: {_shown(key)} is beyond 64 bits")
    return Enumeration(name, cast("dict[str, int]", dict(numbers)))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _write(alias: Alias) -> dict[str, Any]:
    definition: dict[str, Any] = {"target": alias.target}
    if alias.target_type is not None:
        definition["target_type"] = alias.target_type
    if alias.gain != 1:
        definition["gain"] = alias.gain
    if alias.offset != 0:
        definition["offset"] = alias.offset
    # JSON has no infinity; without a key there is no limit anyway.
    if math.isfinite(alias.minimum):
        definition["min"] = alias.minimum
    if math.isfinite(alias.maximum):
        definition["max"] = alias.maximum
    if alias.enum is not None:
        definition["enum"] = {"name": alias.enum.name, "values": dict(alias.enum.values)}
    return definition

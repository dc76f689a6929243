"""Readable names of C++ symbols, as ``c++filt`` of binutils writes them.

Source: Itanium C++ ABI, section 5.1; firmware description, sections 4.4 and 4.6.
"""

from __future__ import annotations

import re
from typing import Final

from .demangle_name_reader import ANONYMOUS, ANONYMOUS_SOURCE, NameReader
from .demangle_nodes import Output, Unreadable

_OPERATOR: Final = re.compile(
    r"(?<!\w)operator(?:\(\)|\[\]|->\*|->|<=>|<<=|>>=|<<|>>|<=|>=|<|>|(?!\w))"
)
_PAIRS: Final = {"(": ")", "<": ">", "{": "}", "[": "]"}
_LENGTH: Final = re.compile(r"L?([1-9][0-9]{0,3})")


def demangle(name: str) -> str | None:
    """Return the readable form of a symbol; None if it is not mangled or cannot be understood."""
    if not name.startswith("_Z"):
        return None
    if name.isascii():
        return _demangle(name)
    # Lengths in a mangled name count octets: look at it as one character for each.
    try:
        text = _demangle(name.encode().decode("latin-1"))
        return None if text is None else text.encode("latin-1").decode()
    except UnicodeError:
        return None


def demangled_segments(name: str) -> list[str] | None:
    """Return the readable form, cut at each ``::`` that is not inside brackets."""
    if name.isascii() and (simple := _simple_segments(name)) is not None:
        return simple
    text = demangle(name)
    return None if text is None else _split(text)


def _demangle(name: str) -> str | None:
    simple = _simple_segments(name)
    if simple is not None:
        return "::".join(simple)
    output = Output()
    try:
        output.node(NameReader(name).symbol())
    except (Unreadable, RecursionError):
        return None
    return "".join(output.parts)


def _simple_segments(name: str) -> list[str] | None:
    """Return the parts of ``_Z3foo``, ``_ZL3foo`` or ``_ZN3foo3barE``, as most names are."""
    nested = name.startswith("_ZN")
    if not nested and not name.startswith("_Z"):
        return None
    position = 3 if nested else 2
    segments: list[str] = []
    while match := _LENGTH.match(name, position):
        position = match.end() + int(match[1])
        segment = name[match.end() : position]
        segments.append(ANONYMOUS if ANONYMOUS_SOURCE.match(segment) else segment)
    complete = name[position:] == "E" if nested else position == len(name) and len(segments) == 1
    return segments if complete and segments else None


def _split(text: str) -> list[str]:
    """Cut at ``::`` outside of brackets; those in the name of an operator are none."""
    segments: list[str] = []
    closing: list[str] = []
    start = position = 0
    while position < len(text):
        character = text[position]
        if character == "o" and (match := _OPERATOR.match(text, position)):
            position = match.end()
            continue
        if character == ":" and not closing and text.startswith("::", position):
            segments.append(text[start:position])
            position += 2
            start = position
            continue
        if character in _PAIRS:
            closing.append(_PAIRS[character])
        elif closing and character == closing[-1]:
            closing.pop()
        position += 1
    segments.append(text[start:])
    return segments

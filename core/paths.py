"""Paths of watchables: segments separated by ``/``, array indices, dereferenced pointers.

Source: client API, section 5.1; firmware description, sections 2.6 and 2.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from .errors import PathError

# An index of more digits is part of a name; no array has as many elements.
_DIGITS_MAX: Final = 40


def normalize_path(path: str) -> str:
    """Return the canonical form: one leading slash, no trailing slash, no empty segment."""
    if path.startswith("/") and not path.endswith("/") and "//" not in path:
        return path
    return "/" + "/".join(segment for segment in path.split("/") if segment)


class ArraySegment(msgspec.Struct, frozen=True):
    """An array on a path.

    Attributes:
        end: length of the part of the path, without indices, that ends with the array's name.
        dimensions: sizes, outermost first.
        element_size: distance of two elements, in the target's bytes.
    """

    end: int
    dimensions: tuple[int, ...]
    element_size: int

    def offset(self, indices: Sequence[int], array: str) -> int:
        """Return how far an element is from the first one, in the target's bytes.

        Raises:
            PathError: there are not as many indices as dimensions, or one is out of range.
        """
        if len(indices) != len(self.dimensions):
            shape = "".join(f"[{size}]" for size in self.dimensions)
            raise PathError(
                f"{array} is an array {shape}: it takes {len(self.dimensions)} "
                f"{'index' if len(self.dimensions) == 1 else 'indices'}, not {len(indices)}"
            )
        position = 0
        for index, size in zip(indices, self.dimensions, strict=True):
            if not 0 <= index < size:
                raise PathError(f"index {index} of {array} is out of range: 0 to {size - 1}")
            position = position * size + index
        return position * self.element_size


def split_indices(path: str) -> tuple[str, dict[int, tuple[int, ...]]]:
    """Take the indices out of a canonical path.

    Returns:
        The path without indices, and the indices by the length of that path up to the end of the
        segment they were at: ``/a/t[2][0]/x`` gives ``/a/t/x`` and ``{4: (2, 0)}``. Zeros in front
        of an index carry no meaning.
    """
    raw, *pieces = path.split("[")
    indices: dict[int, tuple[int, ...]] = {}
    for piece in pieces:
        digits, closing, rest = piece.partition("]")
        is_plain = closing and _is_index(digits) and (not rest or rest.startswith("/"))
        if not is_plain or raw.endswith("/") or len(raw) in indices:
            return _split_segments(path)  # brackets in a name, or several dimensions
        indices[len(raw)] = (int(digits),)
        raw += rest
    return raw, indices


def _split_segments(path: str) -> tuple[str, dict[int, tuple[int, ...]]]:
    indices: dict[int, tuple[int, ...]] = {}
    raw = ""
    for segment in path.split("/")[1:]:
        name, found = _split_segment(segment)
        raw += "/" + name
        if found:
            indices[len(raw)] = found
    return raw, indices


def _split_segment(segment: str) -> tuple[str, tuple[int, ...]]:
    """Return the longest name and the indices behind it; ``operator[](int)`` is all name."""
    found: list[int] = []
    end = len(segment)
    while segment.endswith("]", 0, end):
        start = segment.rfind("[", 0, end)
        digits = segment[start + 1 : end - 1]
        if start < 1 or not _is_index(digits):
            break
        found.append(int(digits))
        end = start
    return segment[:end], tuple(reversed(found))


def _is_index(text: str) -> bool:
    return text.isdigit() and text.isascii() and len(text) <= _DIGITS_MAX

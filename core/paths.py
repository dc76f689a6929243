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
        of an index carry no meaning. A segment begins with the longest name: ``operator[](int)`` is
        all name.
    """
    raw, *pieces = path.split("[")
    indices: dict[int, tuple[int, ...]] = {}
    found: list[str] = []  # behind the name that ends here, unless more of the name follows
    for piece in pieces:
        digits, closing, rest = piece.partition("]")
        if closing and _is_index(digits) and not raw.endswith("/") and rest[:1] in ("", "/"):
            found.append(digits)
            if not rest:
                continue
            indices[len(raw)] = tuple(map(int, found))
            raw += rest
        else:
            raw += "".join(f"[{each}]" for each in found) + "[" + piece
        found = []
    if found:
        indices[len(raw)] = tuple(map(int, found))
    return raw, indices


def _is_index(text: str) -> bool:
    return text.isdigit() and text.isascii() and len(text) <= _DIGITS_MAX

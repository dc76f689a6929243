"""What a type is made of, relative to where an object of it lies.

Types are read once and objects are many: a variable only shifts the parts of its type.
"""

from __future__ import annotations

from typing import NamedTuple

from scrutiny.core.enums import Enumeration
from scrutiny.core.paths import ArraySegment
from scrutiny.core.watchables import BitField

from ..variable_map import LeafType

# End, dimensions and element size, as in `ArraySegment`, which takes ten times as long to make.
Arrays = tuple[tuple[int, tuple[int, ...], int], ...]


class Part(NamedTuple):
    """One readable storage pattern inside a type.

    Attributes:
        suffix: of the path; empty, or beginning with a slash.
        offset: from the start of the object, in the target's bytes.
        type: of the storage.
        bit_field: None if it takes the whole storage.
        enum: names of its values.
        arrays: on the way; their ``end`` counts in ``suffix``.
        target: of a pointer, the entry of the type that it points to.
    """

    suffix: str
    offset: int
    type: LeafType
    bit_field: BitField | None = None
    enum: Enumeration | None = None
    arrays: Arrays = ()
    target: int | None = None


class Loss(NamedTuple):
    """A part that a type has and that cannot be listed."""

    suffix: str
    reason: str


class Layout(NamedTuple):
    """All of a type."""

    parts: list[Part]
    losses: list[Loss]


def moved_layout(layout: Layout, prefix: str, offset: int, outer: Arrays = ()) -> Layout:
    """Return a layout as part of something larger.

    Args:
        layout: of the inner type.
        prefix: goes in front of each suffix.
        offset: of the inner object, in the target's bytes.
        outer: arrays that end in the prefix.
    """
    if not (prefix or offset or outer):
        return layout
    if len(layout.parts) == 1 and not layout.losses:  # three of four: scalars
        (part,) = layout.parts
        if not part.arrays:
            return Layout([_moved_scalar(part, prefix, offset, outer)], [])
    losses = [Loss(prefix + loss.suffix, loss.reason) for loss in layout.losses]
    distance = len(prefix)
    moved: dict[int, Arrays] = {}  # what parts share stays shared
    parts: list[Part] = []
    for suffix, place, type_, bit_field, enum, arrays, target in layout.parts:
        around = moved.get(id(arrays)) if arrays else outer
        if around is None:
            inner = [(end + distance, sizes, step) for end, sizes, step in arrays]
            around = moved[id(arrays)] = (*outer, *inner)
        parts.append(Part(prefix + suffix, offset + place, type_, bit_field, enum, around, target))
    return Layout(parts, losses)


def _moved_scalar(part: Part, prefix: str, offset: int, outer: Arrays) -> Part:
    suffix, place, type_, bit_field, enum, _, target = part
    return Part(prefix + suffix, offset + place, type_, bit_field, enum, outer, target)


class ArrayPlacer:
    """Makes the arrays of leaves from those of parts; what parts share stays shared.

    The parts have to stay alive as long as it is used.
    """

    __slots__ = ("_distance", "_made")

    def __init__(self, distance: int) -> None:
        self._distance = distance
        self._made: dict[int, tuple[ArraySegment, ...]] = {id(()): ()}

    def placed(self, arrays: Arrays) -> tuple[ArraySegment, ...]:
        """Return the arrays of a leaf whose path is longer than the suffix of the part."""
        made = self._made.get(id(arrays))
        if made is None:
            made = self._made[id(arrays)] = tuple(
                ArraySegment(end + self._distance, dimensions, element_size)
                for end, dimensions, element_size in arrays
            )
        return made

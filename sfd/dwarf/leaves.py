"""Variables and what they point to, as leaves of the symbol map.

Source: firmware description, sections 2.8, 4.8, 4.11 and 10.3 (X12).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..variable_map import Leaf, PointerPath
from .parts import ArrayPlacer, Layout, Part
from .scalars import TypeProblem
from .types import TypeReader

# A path has to fit into messages and into the head of a reader; longer ones come from damage.
PATH_LENGTH_MAX: Final = 4096


def placed(layout: Layout, path: str, address: int) -> list[Leaf]:
    """Return the leaves of a variable, in the order of the parts of its type."""
    placed_arrays = ArrayPlacer(len(path)).placed
    return [
        Leaf(path + suffix, type_, address + offset, bit_field, enum, placed_arrays(arrays))
        for suffix, offset, type_, bit_field, enum, arrays, _ in layout.parts
    ]


def dereferenced(pointer: Leaf, part: Part, types: TypeReader) -> Iterator[Leaf]:
    """Return what lies behind a pointer: a scalar, or the parts of a structure.

    Pointers to nothing definite, to functions, arrays and other pointers lead nowhere.

    Args:
        pointer: the pointer itself.
        part: of its type.
        types: of its unit.
    """
    layout = _target_layout(part, types)
    if layout is None:
        return
    parent, _, name = pointer.path.rpartition("/")
    path = f"{parent}/*{name}"
    location = PointerPath(pointer.path, pointer.arrays)
    placed_arrays = ArrayPlacer(len(path)).placed
    for suffix, offset, type_, bit_field, enum, arrays, _ in layout.parts:
        yield Leaf(path + suffix, type_, offset, bit_field, enum, placed_arrays(arrays), location)


def _target_layout(part: Part, types: TypeReader) -> Layout | None:
    if part.target is None:
        return None
    try:
        layout = types.resolved(part.target)
    except TypeProblem:
        return None
    if not isinstance(layout, Layout):
        return None
    is_pointer = any(not inner.suffix and inner.type.name[:3] == "ptr" for inner in layout.parts)
    return None if is_pointer else layout

"""How many elements an array has.

Source: firmware description, sections 4.8 and 10.3 (X13).
"""

from __future__ import annotations

from typing import Final

from ..variable_map import RANK_MAX
from . import constants as c
from .attributes import integer
from .entries import Entry
from .scalars import TypeProblem

# Languages whose arrays start at 1 when nothing is said; indices of paths start at 0.
_ONE_BASED: Final = frozenset(
    {
        *(c.DW_LANG_Ada83, c.DW_LANG_Ada95, c.DW_LANG_Cobol74, c.DW_LANG_Cobol85),
        *(c.DW_LANG_Fortran77, c.DW_LANG_Fortran90, c.DW_LANG_Fortran95, c.DW_LANG_Fortran03),
        *(c.DW_LANG_Fortran08, c.DW_LANG_Pascal83, c.DW_LANG_Modula2, c.DW_LANG_PLI),
    }
)
# -1, the last index of an array without elements, has no sign in most programs.
_MINUS_ONE: Final = (-1, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)


def read_dimensions(array: Entry) -> tuple[int, ...] | None:
    """Return the sizes of an array, outermost first; None if one is not known.

    Raises:
        TypeProblem: its indices do not start at 0, or there are too many dimensions.
    """
    subranges = [
        child
        for child in array.children
        if child.tag in (c.DW_TAG_subrange_type, c.DW_TAG_enumeration_type)
    ]
    if len(subranges) > RANK_MAX:
        raise too_many_dimensions()
    counts = [_count(subrange) for subrange in subranges]
    known = tuple(count for count in counts if count is not None)
    return known if counts and len(known) == len(counts) else None


def too_many_dimensions() -> TypeProblem:
    """Return what to raise for an array of more dimensions than a map can have."""
    return TypeProblem(f"its array has more than {RANK_MAX} dimensions")


def _count(subrange: Entry) -> int | None:
    if subrange.tag == c.DW_TAG_enumeration_type:
        raise TypeProblem("its array is indexed by an enumeration")
    count = integer(subrange, c.DW_AT_count)
    upper = integer(subrange, c.DW_AT_upper_bound)
    if count is None and upper is None:
        return None
    lower = integer(subrange, c.DW_AT_lower_bound)
    if lower is None:
        lower = 1 if subrange.unit.language in _ONE_BASED else 0
    if lower != 0:
        raise TypeProblem(f"its array begins at index {lower}, not 0")
    if count is not None:
        return max(count, 0)
    return 0 if upper is None or upper in _MINUS_ONE else max(upper + 1, 0)

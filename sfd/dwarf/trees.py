"""From the octets of a unit to its tree of entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import ElfError
from . import constants as c
from .abbreviations import Plans
from .conversions import Converter
from .entries import AttributeValue, Entry
from .forms import uleb128
from .plans import ONLY_FOR_CHILDREN
from .units import Unit

# Honest programs stay below 100; whoever walks a tree may recurse.
_DEEPEST: Final = 300
# Octets of memory that the entries of one unit may take. An entry may be one octet in the file.
_ROOM: Final = 384 << 20

# First operations of the location of something that has an address: of its own, or one that is
# relative to the storage of its thread.
_STATIC_OPERATIONS: Final = frozenset(
    {
        c.DW_OP_addr,
        c.DW_OP_addrx,
        c.DW_OP_GNU_addr_index,
        c.DW_OP_constx,
        c.DW_OP_GNU_const_index,
        *range(c.DW_OP_const1u, c.DW_OP_consts + 1),
    }
)


@dataclass(slots=True)
class Tree:
    """The entries of a unit.

    Attributes:
        top: all others are below it.
        by_offset: all of them, by absolute offset.
        room: octets of memory that they take, roughly.
    """

    top: Entry
    by_offset: dict[int, Entry]
    room: int


def read_tree(section: bytes, start: int, unit: Unit, plans: Plans, converter: Converter) -> Tree:
    """Read the entries of a unit that have a place in the tree.

    Variables inside of functions are left out if they have no address of their own.

    Args:
        section: that contains the unit.
        start: absolute offset of the section.
        unit: to read.
        plans: of the unit's abbreviations.
        converter: for values that are outside of the section.

    Raises:
        ElfError: the unit is damaged.
        IndexError, ValueError, struct.error: it is, and the section ends in the middle of it.
    """
    # One loop on local variables, with the fewest calls: programs have millions of entries, and
    # one takes 1.1 to 2.4 µs (19 µs in pyelftools).
    strings = converter.strings
    unit_offset = unit.offset
    end = unit.end - start
    position = unit.first_entry - start
    parent: Entry | None = None
    siblings: list[Entry] = []
    is_in_function = False
    above: list[tuple[Entry | None, list[Entry], bool]] = []
    by_offset: dict[int, Entry] = {}
    no_children: list[Entry] = []  # shared: most entries have none
    room = _ROOM

    while position < end:
        at = position
        code = section[position]
        position += 1
        if code > 0x7F:
            code, position = uleb128(section, at)
        if not code:
            closed = parent
            parent, siblings, is_in_function = above.pop()
            if parent is None:
                break
            if (
                closed is not parent
                and closed is not None
                and not closed.children
                and closed.tag in ONLY_FOR_CHILDREN
            ):
                siblings.pop()
                del by_offset[closed.offset]
            continue

        plan = plans[code]
        raw: Sequence[Any]
        if plan.unpack is not None:
            raw = plan.unpack(section, position)
            position += plan.size
        else:
            raw = []
            for step in plan.steps:
                position = step(section, position, raw)

        is_kept = plan.is_kept
        if is_in_function and (
            plan.is_local_without_address
            or (plan.location_index is not None and _is_on_stack(raw[plan.location_index]))
        ):
            is_kept = False
        if is_kept:
            room -= plan.room
            if room < 0:
                raise ElfError(
                    f"the unit at {unit_offset:#x} has more entries than fit into memory: "
                    "compile the program in smaller units"
                )
            # They are of one length; to have it checked takes 0.2 µs.
            values: dict[int, AttributeValue] = dict(zip(plan.keys, raw))  # noqa: B905
            for key in plan.references:
                values[key] += unit_offset  # type: ignore[operator]
            for key in plan.strings:
                values[key] = strings[values[key]]  # type: ignore[index]
            if plan.constants:
                values.update(plan.constants)
            for key, conversion in plan.others:
                value = converter.convert(key, values.pop(key), conversion, unit)
                if value is not None:
                    values[key] = value
            children: list[Entry] = [] if plan.has_children else no_children
            entry = Entry(at + start, plan.tag, values, parent, unit, children)
            by_offset[at + start] = entry
            siblings.append(entry)
        elif parent is None:
            raise ElfError("the debug information is damaged: a unit does not begin with a unit")
        else:
            entry, children = parent, siblings

        if not plan.has_children:
            if parent is None:
                break
            continue
        if plan.sibling_index is not None:
            entry.values.pop(c.DW_AT_sibling, None)
            behind = unit_offset - start + raw[plan.sibling_index]
            if position <= behind <= end:
                position = behind
                continue
        above.append((parent, siblings, is_in_function))
        if len(above) > _DEEPEST:
            raise ElfError(f"the debug information is nested deeper than {_DEEPEST} levels")
        parent, siblings = entry, children
        if plan.tag == c.DW_TAG_subprogram:
            is_in_function = True

    if position > end or not by_offset:
        raise ElfError(f"the debug information is damaged: unit at {unit_offset:#x}")
    return Tree(by_offset[unit.first_entry], by_offset, _ROOM - room)


def _is_on_stack(location: bytes) -> bool:
    return not location or location[0] not in _STATIC_OPERATIONS

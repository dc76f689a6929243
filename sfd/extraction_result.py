"""What is asked of an extraction, and what it gives; apart from the code that does it.

Who finds a result in the cache need not wait 50 ms for that code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .variable_map import VariableMap


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """What to take.

    Attributes:
        dereference_pointers: list what pointers point to as well, one level deep.
        unit_patterns_ignored: compile units to leave out: equal to the base name of the recorded
            file name, or a shell pattern that matches all of it.
        path_patterns_ignored: variables to leave out: shell patterns on the final path without
            indices; ``*`` also matches ``/``.
    """

    dereference_pointers: bool = False
    unit_patterns_ignored: tuple[str, ...] = ()
    path_patterns_ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A variable, or a part of one, that the program has and the map lacks.

    Attributes:
        name: path as far as it is known, or the name in the source.
        unit: display name of its compile unit.
        reason: why, for humans.
    """

    name: str
    unit: str
    reason: str


@dataclass(slots=True)
class Extraction:
    """What was found.

    Attributes:
        variables: the map.
        dropped: what is missing from it although the program has it in memory.
        warnings: about the program as a whole.
    """

    variables: VariableMap
    dropped: list[Dropped] = field(default_factory=list[Dropped])
    warnings: list[str] = field(default_factory=list[str])


Progress = Callable[[int, int], None]  # octets of debug information done, and in all

"""Which path each variable gets, so that no two share one.

Source: firmware description, sections 4.4, 10.3 (X3, X4) and 10.5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from scrutiny.core.paths import normalize_path

from .dwarf.units import Unit
from .dwarf.variables import FoundVariable


class PathClaims:
    """The paths of a program that are taken, by the address of the variable that has it.

    A variable gets its short path, which is the one of the peer. Where this would be that of
    another variable as well, it gets the one with all scopes; if that is taken too, as for a file
    that was compiled twice into one program, ``#2`` or the next free number is added, in the order
    of the file. A variable that several units describe, such as an inline one, has one address
    and is listed once.
    """

    def __init__(self, unit_name: Callable[[Unit], str]) -> None:
        self._unit_name = unit_name
        self._owners: dict[str, int] = {}

    def claim(self, variables: Sequence[FoundVariable]) -> Iterator[tuple[FoundVariable, str]]:
        """Yield those of a unit's variables that are not listed yet, each with its path."""
        shared = self._shared_paths(variables)
        for variable in variables:
            path = self._free_path(variable, shared)
            if path is not None:
                yield variable, path

    def _shared_paths(self, variables: Sequence[FoundVariable]) -> set[str]:
        addresses: defaultdict[str, set[int]] = defaultdict(set)
        for variable in variables:
            addresses[self._path(variable, variable.name.short)].add(variable.address)
        return {path for path, different in addresses.items() if len(different) > 1}

    def _free_path(self, variable: FoundVariable, shared: set[str]) -> str | None:
        for path in self._candidates(variable, shared):
            owner = self._owners.setdefault(path, -1)
            if owner == variable.address:
                return None
            if owner == -1:
                self._owners[path] = variable.address
                return path
        return None

    def _candidates(self, variable: FoundVariable, shared: set[str]) -> Iterator[str]:
        short = self._path(variable, variable.name.short)
        if short not in shared:
            yield short
        full = self._path(variable, variable.name.full)
        yield full
        number = 2
        while True:
            yield f"{full}#{number}"
            number += 1

    def _path(self, variable: FoundVariable, segments: tuple[str, ...]) -> str:
        name = variable.name
        root = "global" if name.is_external else f"static/{self._unit_name(name.unit)}"
        return normalize_path("/".join((root, *segments)))

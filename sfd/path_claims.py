"""Which path each variable gets, so that no two share one.

Source: firmware description, sections 4.4, 10.3 (X3, X4) and 10.5.
"""

from __future__ import annotations

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
        # By the path without number: the last number, and whose variables have one.
        self._last_numbers: dict[str, int] = {}
        self._numbered: set[tuple[str, int]] = set()

    def claim(self, variables: Sequence[FoundVariable]) -> Iterator[tuple[FoundVariable, str]]:
        """Yield those of a unit's variables that are not listed yet, each with its path."""
        short_paths = [self._path(variable, variable.name.short) for variable in variables]
        shared = _shared_paths(variables, short_paths)
        for variable, short in zip(variables, short_paths, strict=True):
            path = self._free_path(variable, None if short in shared else short)
            if path is not None:
                yield variable, path

    def _free_path(self, variable: FoundVariable, short: str | None) -> str | None:
        for path in self._candidates(variable, short):
            owner = self._owners.setdefault(path, -1)
            if owner == variable.address:
                return None
            if owner == -1:
                self._owners[path] = variable.address
                return path
        return self._numbered_path(self._path(variable, variable.name.full), variable.address)

    def _numbered_path(self, path: str, address: int) -> str | None:
        """Return a path with the next number; no number is tried twice, for there may be many."""
        if (path, address) in self._numbered:
            return None
        self._numbered.add((path, address))
        number = self._last_numbers.get(path, 1)
        while True:
            number += 1
            numbered = f"{path}#{number}"
            owner = self._owners.setdefault(numbered, -1)
            if owner in (-1, address):
                self._last_numbers[path] = number
                self._owners[numbered] = address
                return numbered if owner == -1 else None

    def _candidates(self, variable: FoundVariable, short: str | None) -> Iterator[str]:
        if short is not None:
            yield short
        yield self._path(variable, variable.name.full)

    def _path(self, variable: FoundVariable, segments: tuple[str, ...]) -> str:
        name = variable.name
        root = "global" if name.is_external else f"static/{self._unit_name(name.unit)}"
        return normalize_path("/".join((root, *segments)))


def _shared_paths(variables: Sequence[FoundVariable], paths: Sequence[str]) -> set[str]:
    """Return the paths that variables of different addresses have."""
    addresses: dict[str, int] = {}
    return {
        path
        for variable, path in zip(variables, paths, strict=True)
        if addresses.setdefault(path, variable.address) != variable.address
    }

"""Whether the targets of aliases exist, array indices included, and what was meant if not.

Source: firmware description, sections 2.6, 2.7 and 3.
"""

from __future__ import annotations

import bisect
import difflib
import heapq
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from scrutiny.core.errors import PathError
from scrutiny.core.paths import ArraySegment, split_indices
from scrutiny.core.watchables import Alias, parse_rpv_path

from .errors import AliasError
from .variable_map import Leaf, VariableMap

_RPV_PREFIX: Final = "/rpv/"
# difflib takes about 20 µs per path, and maps have 200,000; counting segments takes 1 µs.
_RELATIVES_MAX: Final = 500
_NEIGHBOURS_MAX: Final = 200
# A look for the closest path takes half a second in such a map, and a file may have any number of
# aliases to nothing.
_SUGGESTIONS_MAX: Final = 10
_SUGGESTED_LENGTH_MAX: Final = 1000


class AliasTargets:
    """What aliases may refer to: the variables of a map, and any published value."""

    def __init__(self, variables: VariableMap) -> None:
        self._leaves = {leaf.path: leaf for leaf in variables.leaves}
        self._has_dereferenced = any(leaf.pointer is not None for leaf in variables.leaves)
        self._suggestions_left = _SUGGESTIONS_MAX

    def has_variable(self, path: str) -> bool:
        """Return whether a variable that is no array element is at a canonical path."""
        leaf = self._leaves.get(path)
        return leaf is not None and not leaf.is_factory

    def check(self, alias: Alias) -> Alias:
        """Return the alias with the type of its target.

        Raises:
            AliasError: there is no such target; the text names the closest one, or the array whose
                index is wrong.
        """
        if parse_rpv_path(alias.target) is not None:
            return replace(alias, target_type="rpv")
        try:
            self._check_variable(alias.target)
        except PathError as error:
            raise AliasError(f"alias {alias.path}: {error}") from error
        return replace(alias, target_type="var")

    def _check_variable(self, target: str) -> None:
        if target.startswith(_RPV_PREFIX):
            raise PathError(
                f"target {target} is no published value; "
                "write /rpv/x and four hexadecimal digits, in upper case"
            )
        leaf = self._leaves.get(target)
        raw, indices = (target, {}) if leaf is not None else split_indices(target)
        leaf = leaf or self._leaves.get(raw)
        if leaf is None:
            hint = self._suggestion(raw) + self._pointer_hint(raw)
            raise PathError(f"target {target} does not exist{hint}")
        for end, array in _arrays(leaf):
            array.offset(indices.pop(end, ()), raw[:end])
        for end in indices:
            raise PathError(f"{raw[:end]} is not an array, and takes no index")

    def _pointer_hint(self, raw: str) -> str:
        if "/*" not in raw or self._has_dereferenced:
            return ""
        return "; targets behind pointers need --dereference-pointers"

    def _suggestion(self, raw: str) -> str:
        if not self._suggestions_left or len(raw) > _SUGGESTED_LENGTH_MAX:
            return ""
        self._suggestions_left -= 1
        close = difflib.get_close_matches(raw, self._candidates(raw), n=1)
        return f"; the closest is {_with_first_indices(self._leaves[close[0]])}" if close else ""

    def _candidates(self, raw: str) -> list[str]:
        """Return the paths that have most segments in common with this one, or begin like it."""
        wanted = set(raw.lower().split("/"))

        def shared_segments(path: str) -> int:
            return len(wanted.intersection(path.lower().split("/")))

        ordered = sorted(self._leaves)
        place = bisect.bisect(ordered, raw)
        neighbours = ordered[max(0, place - _NEIGHBOURS_MAX) : place + _NEIGHBOURS_MAX]
        return neighbours + heapq.nlargest(_RELATIVES_MAX, ordered, key=shared_segments)


def _arrays(leaf: Leaf) -> Iterator[tuple[int, ArraySegment]]:
    """Yield the arrays of a path, and where in the path of the leaf each ends."""
    if leaf.pointer is not None:
        name_end = len(leaf.pointer.path)
        for array in leaf.pointer.arrays:
            # The last segment of the pointer's path has a * in front of it in that of the leaf.
            yield array.end + (array.end == name_end), array
    for array in leaf.arrays:
        yield array.end, array


def _with_first_indices(leaf: Leaf) -> str:
    path = leaf.path
    for end, array in sorted(_arrays(leaf), key=lambda found: found[0], reverse=True):
        path = path[:end] + "[0]" * len(array.dimensions) + path[end:]
    return path

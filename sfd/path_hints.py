"""What somebody may have meant who asked for a path that does not exist.

Only neighbours in the order of paths are looked at, so that it costs microseconds whatever the size
of the description: a mistake at the beginning of a path is not found.
"""

from __future__ import annotations

from typing import Final

from scrutiny.core.paths import normalize_path, split_indices

from .compiled import CompiledDescription
from .compiled_tables import BlobTable
from .errors import PackageError

_SIMILAR: Final = 0.85  # of difflib's ratio, which is 1 for equal texts
_NEIGHBOURS: Final = 3  # on each side
_LONGEST_PATH: Final = 300  # that is compared


def path_hint(description: CompiledDescription, path: str) -> str:
    """Return a sentence about what is there instead, empty if nothing comes near.

    Args:
        description: that lacks the path.
        path: in any spelling.
    """
    raw, indices = split_indices(normalize_path(path)[:_LONGEST_PATH])
    try:
        if (example := _first_below(description, raw)) is not None:
            return f"it is a group, with for example {example}"
        if indices and (example := _in_array_group(description, raw)) is not None:
            return f"arrays have a group of their name around them: {example}"
        if (closest := _closest(description, raw)) is not None:
            return f"the closest is {closest}"
    except PackageError:  # it is damaged, which is told elsewhere
        pass
    return ""


def _first_below(description: CompiledDescription, raw: str) -> str | None:
    """Return the first path in a group."""
    prefix = _octets(f"{raw}/")
    for paths in description.path_tables():
        index = paths.place(prefix)
        if index < len(paths) and paths[index].startswith(prefix):
            return _shown(description, paths, index)
    return None


def _in_array_group(description: CompiledDescription, raw: str) -> str | None:
    """Return the element that is meant by the name of an array without its group."""
    segments = raw.split("/")
    for at in range(len(segments) - 1, 0, -1):
        doubled = "/".join([*segments[: at + 1], *segments[at:]])
        for paths in description.path_tables():
            if (index := paths.find(_octets(doubled))) is not None:
                return _shown(description, paths, index)
    return None


def _closest(description: CompiledDescription, raw: str) -> str | None:
    import difflib  # only for the text of an error

    matcher = difflib.SequenceMatcher(b=raw, autojunk=False)
    best, best_ratio = None, _SIMILAR
    for paths in description.path_tables():
        place = paths.place(_octets(raw))
        for index in range(max(0, place - _NEIGHBOURS), min(len(paths), place + _NEIGHBOURS)):
            matcher.set_seq1(paths[index].decode(errors="replace")[:_LONGEST_PATH])
            if (ratio := matcher.ratio()) > best_ratio:
                best, best_ratio = (paths, index), ratio
    return None if best is None else _shown(description, *best)


def _shown(description: CompiledDescription, paths: BlobTable, index: int) -> str:
    """Return a path as it can be asked for: elements of arrays with the first indices."""
    path = paths[index].decode(errors="replace")
    if paths is not description.factory_table:
        return path
    for array, sizes in sorted(description.factory_at(index).dimensions.items(), reverse=True):
        path = array + "[0]" * len(sizes) + path[len(array) :]
    return path


def _octets(path: str) -> bytes:
    return path.encode(errors="replace")

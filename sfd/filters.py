"""What the user wants left out of a symbol map.

Source: firmware description, section 4.12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate


def path_filter(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for paths that match one of the shell patterns; ``*`` also matches ``/``."""
    if not patterns:
        return lambda path: False
    matched = re.compile("|".join(translate(pattern) for pattern in patterns)).match
    return lambda path: matched(path) is not None


def unit_filter(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for file names, as compilers record them.

    A pattern stands for files with that name in any folder, or is a shell pattern for all of it.
    """
    matches = path_filter(patterns)
    base_names = frozenset(patterns)
    return lambda name: re.split(r"[\\/]", name)[-1] in base_names or matches(name)


class UnusedPatterns:
    """The shell patterns that no path has matched so far."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._left = {pattern: path_filter([pattern]) for pattern in patterns}

    def __iter__(self) -> Iterator[str]:
        return iter(self._left)

    def note(self, path: str) -> None:
        """Take the patterns out that match a path."""
        if self._left:
            self._left = {text: is_of for text, is_of in self._left.items() if not is_of(path)}

"""Lists of paths, cut into pieces that one command may carry. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from scrutiny.api.versions import MAX_MESSAGE_SIZE

# What the server takes in one command.
MOST_PATHS = 4000
# The answer is one message as well: it repeats each path, and adds 114 octets about a variable, 158
# about an alias, and an enumeration. What is larger all the same is refused: see halves().
_LARGEST_ANSWER = MAX_MESSAGE_SIZE * 7 // 8
_DEFINITION_SIZE = 160


def split_paths(paths: Iterable[str]) -> Iterator[list[str]]:
    """Cut a list of paths into commands, in order; a path that fits nowhere is alone."""
    part: list[str] = []
    size = 0
    for path in paths:
        told_size = 2 * len(msgspec.json.encode(path)) + _DEFINITION_SIZE
        if part and (len(part) == MOST_PATHS or size + told_size > _LARGEST_ANSWER):
            yield part
            part, size = [], 0
        part.append(path)
        size += told_size
    if part:
        yield part


def halves(paths: list[str]) -> list[list[str]]:
    """Cut a command that was refused into two, to be tried instead; nothing for a single path.

    The answer would have been too large, or one of the paths is wrong; which one is found within
    some 20 commands.
    """
    middle = len(paths) // 2
    return [paths[:middle], paths[middle:]] if middle else []

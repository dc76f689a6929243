"""String sections of the debug information."""

from __future__ import annotations

import struct
from typing import Final

from ..errors import ElfError

# Strings may share their ends; a damaged section could make every one as long as the section.
_OVERLAP_ALLOWED: Final = 4
_SIZE_ALWAYS_ALLOWED: Final = 1 << 20
# Octets. What is cut here is longer than any path may be, and only named to say so.
_TEXT_SIZE_MAX: Final = 1 << 15

_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


def decode(octets: bytes) -> str:
    """Decode a name; what is not UTF-8 in it is replaced, what is too long is cut."""
    return octets[:_TEXT_SIZE_MAX].decode("utf-8", "replace")


class StringTable(dict[int, str]):
    """Strings of a section by offset, each decoded once."""

    def __init__(self, name: str, section: bytes | None) -> None:
        super().__init__()
        self._name = name
        self._section = section
        self._size_left = _OVERLAP_ALLOWED * len(section or b"") + _SIZE_ALWAYS_ALLOWED

    def __missing__(self, offset: int) -> str:
        if self._section is None:
            raise ElfError(f"the program has no section {self._name}, and refers to it")
        limit = offset + _TEXT_SIZE_MAX
        end = self._section.find(0, offset, limit)
        if end < 0 and limit < len(self._section):
            end = limit
        self._size_left -= end - offset
        if end < 0 or self._size_left < 0:
            raise ElfError(f"{self._name} is damaged: no string ends after offset {offset:#x}")
        self[offset] = text = decode(self._section[offset:end])
        return text


class NumberTable:
    """Numbers by index, as in .debug_str_offsets and .debug_addr."""

    def __init__(self, section: bytes | None, prefix: str) -> None:
        self._section = section or b""
        self._codes = {size: struct.Struct(prefix + code) for size, code in _CODES.items()}

    def at(self, base: int, index: int, size: int) -> int | None:
        """Give the number of ``size`` octets at an index; None: the section ends before."""
        offset = base + index * size
        if offset + size > len(self._section):
            return None
        number: int = self._codes[size].unpack_from(self._section, offset)[0]
        return number

"""Notes that tools leave in an ELF file."""

from __future__ import annotations

from itertools import islice
from typing import Final

from scrutiny.core.values import ByteOrder

from ..errors import ElfError
from .sections import SectionTable

_NT_GNU_BUILD_ID: Final = 3
_OWNER: Final = b"GNU\0"
# Programs have two or three notes, of some dozen octets.
_SECTIONS_MAX: Final = 64
_SECTION_SIZE_MAX: Final = 1 << 16


def gnu_build_id(sections: SectionTable, byte_order: ByteOrder) -> str | None:
    """Find the identifier that the linker computed, in lower-case hexadecimal.

    A note that cannot be read is as good as none.
    """
    notes = (section for section in sections.sections if section.kind == "SHT_NOTE")
    for section in islice(notes, _SECTIONS_MAX):
        if section.size > _SECTION_SIZE_MAX:
            continue
        try:
            octets = sections.raw(section)
        except ElfError:
            continue
        build_id = _find(octets, byte_order)
        if build_id:
            return build_id.hex()
    return None


def _find(notes: bytes, byte_order: ByteOrder) -> bytes:
    """Walk over notes: size of owner, size of content, kind, owner, content, padded to 4."""
    position = 0
    while position + 12 <= len(notes):
        owner_size, size, kind = (
            int.from_bytes(notes[position + i : position + i + 4], byte_order) for i in (0, 4, 8)
        )
        content = position + 12 + _padded(owner_size)
        if kind == _NT_GNU_BUILD_ID and notes[position + 12 : content] == _OWNER:
            return notes[content : content + size]
        position = content + _padded(size)
    return b""


def _padded(size: int) -> int:
    return (size + 3) & ~3

"""Sections of an ELF file: where they are, and their content, decompressed if need be."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..errors import ElfError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

# Octets of all sections after decompression, and what one of them may grow by: to 10 times for real
# programs, to 1000 times for those made to exhaust us.
_INFLATED_MAX: Final = 1 << 28
_RATIO_MAX: Final = 200
_RATIO_UNCHECKED_SIZE: Final = 1 << 20
_ZLIB, _ZSTD = 1, 2  # ch_type
_OLD_MARK: Final = b"ZLIB"  # .zdebug_*: then the size as 8 octets, big-endian

SHF_ALLOC: Final = 0x2
SHF_EXECINSTR: Final = 0x4
SHF_TLS: Final = 0x400
SHF_COMPRESSED: Final = 0x800


@dataclass(frozen=True, slots=True)
class Section:
    """What the section header says.

    Attributes:
        name: ``""`` if it has none.
        kind: as pyelftools names it, ``SHT_PROGBITS``, or the number.
        flags: SHF bits.
        address: in the target's bytes, 0 if it is not loaded.
        offset: in the file.
        size: in octets, in the file as in memory.
    """

    name: str
    kind: str | int
    flags: int
    address: int
    offset: int
    size: int

    @property
    def has_content(self) -> bool:
        """Whether the file has octets of it."""
        return self.kind not in ("SHT_NOBITS", "SHT_NULL")


class SectionTable:
    """All sections of a file.

    Nothing that a header declares is believed before it is compared with the size of the file.
    """

    def __init__(self, elf: ELFFile, stream: BinaryIO, file_size: int) -> None:
        """Read the section headers.

        Raises:
            ElfError: they are not in the file.
        """
        self._structs = elf.structs
        self._stream = stream
        self._file_size = file_size
        self._size_left = file_size
        self._inflated_left = _INFLATED_MAX
        self._taken: set[Section] = set()
        self.sections = self._read_headers(elf.header)
        self._by_name = {section.name: section for section in reversed(self.sections)}

    def find(self, name: str) -> Section | None:
        """Give the first section of that name."""
        return self._by_name.get(name)

    def raw(self, section: Section) -> bytes:
        """Read what the file holds of a section.

        Raises:
            ElfError: it ends outside of the file.
        """
        if not section.has_content:
            return b""
        return self._octets(section.offset, section.size, section.name)

    def content(self, section: Section) -> bytes:
        """Read a section and decompress it.

        Raises:
            ElfError: it is not in the file, or compressed in an unknown way, or damaged.
        """
        if section not in self._taken:
            self._taken.add(section)
            self._size_left -= section.size
            if self._size_left < 0:
                raise ElfError(f"the file is damaged: {section.name} overlaps other sections")
        raw = self.raw(section)
        if section.flags & SHF_COMPRESSED:
            return self._decompressed(section.name, raw)
        if section.name.startswith(".zdebug"):
            if raw[: len(_OLD_MARK)] != _OLD_MARK:
                raise ElfError(f"{section.name} is damaged: it does not start with ZLIB")
            start = len(_OLD_MARK) + 8
            size = int.from_bytes(raw[4:start], "big")
            return self._inflated(section.name, raw[start:], size)
        return raw

    def _decompressed(self, name: str, raw: bytes) -> bytes:
        layout = self._structs.Elf_Chdr
        if len(raw) < layout.sizeof():
            raise ElfError(f"{name} is damaged: it has no compression header")
        header: Any = layout.parse(raw)
        kind = header["ch_type"]
        if kind in ("ELFCOMPRESS_ZSTD", _ZSTD):
            raise ElfError(
                f"{name} is compressed with zstd: link with -Wl,--compress-debug-sections=zlib or "
                "=none, or run objcopy --decompress-debug-sections"
            )
        if kind not in ("ELFCOMPRESS_ZLIB", _ZLIB):
            raise ElfError(f"{name} is compressed in an unknown way: {kind}")
        return self._inflated(name, raw[layout.sizeof() :], header["ch_size"])

    def _inflated(self, name: str, compressed: bytes, size: int) -> bytes:
        self._inflated_left -= size
        if self._inflated_left < 0:
            raise ElfError(
                f"{name} would have {size} octets, all sections more than the allowed "
                f"{_INFLATED_MAX}: "
                "run objcopy --decompress-debug-sections"
            )
        if size > max(_RATIO_UNCHECKED_SIZE, _RATIO_MAX * len(compressed)):
            raise ElfError(f"{name} is compressed to less than 1/{_RATIO_MAX}: refused as a trap")
        return _inflate(name, compressed, size)

    def _octets(self, offset: int, size: int, what: str) -> bytes:
        if offset + size > self._file_size:
            raise ElfError(f"the file is truncated: {what} ends at {offset + size:#x}")
        try:
            self._stream.seek(offset)
            octets = self._stream.read(size)
        except OSError as error:
            raise ElfError(f"cannot read {what}: {error.strerror}") from error
        if len(octets) != size:
            raise ElfError(f"the file has become shorter: {what} ends at {offset + size:#x}")
        return octets

    def _read_headers(self, header: Any) -> list[Section]:
        layout = self._structs.Elf_Shdr
        size: int = layout.sizeof()
        count: int = header["e_shnum"]
        if not header["e_shoff"] or not count:
            return []
        if header["e_shentsize"] != size:
            raise ElfError(
                f"the file is damaged: section headers of {header['e_shentsize']} octets"
            )
        octets = self._octets(header["e_shoff"], count * size, "the table of sections")
        headers = [layout.parse(octets[i * size : (i + 1) * size]) for i in range(count)]
        names = self._names(headers, header["e_shstrndx"])
        return [
            Section(
                name=_name(names, entry["sh_name"]),
                kind=entry["sh_type"],
                flags=entry["sh_flags"],
                address=entry["sh_addr"],
                offset=entry["sh_offset"],
                size=entry["sh_size"],
            )
            for entry in headers
        ]

    def _names(self, headers: list[Any], index: Any) -> bytes:
        if not isinstance(index, int) or index >= len(headers):
            return b""
        entry = headers[index]
        return self._octets(entry["sh_offset"], entry["sh_size"], "the names of the sections")


_LONGEST_NAME: Final = 256


def _name(names: bytes, offset: int) -> str:
    end = names.find(0, offset, offset + _LONGEST_NAME)
    return names[offset:end].decode("utf-8", "replace") if end >= 0 else ""


def _inflate(name: str, compressed: bytes, size: int) -> bytes:
    try:
        content = zlib.decompressobj().decompress(compressed, max(size, 1))
    except zlib.error as error:
        raise ElfError(f"{name} is damaged: {error}") from error
    if len(content) != size:
        raise ElfError(f"{name} is damaged: {len(content)} octets instead of {size}")
    return content

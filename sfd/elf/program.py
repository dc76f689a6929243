"""The linked program as a file: its sections, its byte order, whether its symbols can be used."""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

from scrutiny.core.values import ByteOrder

from ..errors import ElfError
from ..regular_files import open_regular
from .notes import gnu_build_id
from .sections import SHF_ALLOC, SHF_EXECINSTR, SHF_TLS, Section, SectionTable

_TI_C2000: Final = ("EM_TI_C2000", 141)
# Programs for AVR have the address spaces of the processor one after the other: flash, data, EEPROM
# and what is programmed along with it.
_AVR_DATA: Final = 0x800000
_AVR_EEPROM: Final = 0x810000

_UNUSABLE_KINDS: Final = {
    "ET_REL": "is an object file without addresses: link it first, and take the result",
    "ET_DYN": "is position independent, so that addresses are only known when it runs: "
    "link it with -no-pie",
    "ET_CORE": "is a memory dump: take the program that it comes from",
}


class Program:
    """An ELF file, open for reading.

    Attributes:
        path: of the file.
        byte_order: of the target.
        is_64bit: ELFCLASS64.
        machine: as pyelftools names it (``EM_ARM``), or the number as text if it has no name.
        char_bit: bits in the target's byte: 16 on TI C2000, else 8.
        file_type: as pyelftools names it: ``ET_EXEC``, ``ET_REL``, ``ET_DYN``.
        build_id: of the GNU note, in lower-case hexadecimal; None: it has none.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        """Read the headers; `open` is the way to get here.

        Raises:
            ElfError: see `open`.
        """
        # 50 ms, and only needed by those who read a program.
        from elftools.common.exceptions import ELFError
        from elftools.construct import ConstructError
        from elftools.elf.elffile import ELFFile

        self.path = path
        self._stream = stream
        try:
            elf = ELFFile(stream)
            self._sections = SectionTable(elf, stream, os.fstat(stream.fileno()).st_size)
        except ElfError as error:
            raise ElfError(f"{path}: {error}") from error
        except (ELFError, ConstructError) as error:
            raise ElfError(f"{path} is not an ELF file, or a damaged one: {error}") from error
        header: Any = elf.header
        self.byte_order: ByteOrder = "little" if elf.little_endian else "big"
        self.is_64bit: bool = elf.elfclass == 64
        self.machine = str(header["e_machine"])
        self.char_bit = 16 if header["e_machine"] in _TI_C2000 else 8
        self.file_type = str(header["e_type"])
        self.build_id = gnu_build_id(self._sections, self.byte_order)
        self._storage = self._loaded_ranges(SHF_ALLOC)
        self._code = self._loaded_ranges(SHF_ALLOC | SHF_EXECINSTR)

    @classmethod
    def open(cls, path: Path) -> Program:
        """Open a file and read its headers; see also `check_usable`.

        Raises:
            ElfError: it does not exist, cannot be read, is no ELF file, or is damaged.
        """
        try:
            stream = open_regular(path)
        except OSError as error:
            raise ElfError(f"cannot open {path}: {error.strerror}") from error
        try:
            return cls(path, stream)
        except BaseException:
            stream.close()
            raise

    def close(self) -> None:
        """Close the file; sections taken before stay valid."""
        self._stream.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def check_usable(self) -> None:
        """Say why variables of this program would have no known address, if so.

        That debug information is in files of its own only shows when it is read.

        Raises:
            ElfError: an object file, a position-independent program, or one without debug
                information; the text tells the way out.
        """
        if self.file_type != "ET_EXEC":
            reason = _UNUSABLE_KINDS.get(self.file_type, f"is no program: {self.file_type}")
            raise ElfError(f"{self.path} {reason}")
        debug_info = self._find(".debug_info")
        if debug_info is None or not debug_info.size:
            if self.has_stabs:
                raise ElfError(
                    f"{self.path} has debug information in the stabs format, which is not read: "
                    "compile with -gdwarf-4 instead of -g"
                )
            raise ElfError(
                f"{self.path} has no debug information (unwind tables in .eh_frame are none): "
                "compile with -g, link without -s, and take the program before it is stripped"
            )

    @property
    def has_stabs(self) -> bool:
        """Whether a compiler has used this old format, as that for AVR does with -g; not read."""
        return self._find(".stab") is not None

    def section(self, name: str) -> bytes | None:
        """Give the content of a section, decompressed; None: it has no such section.

        ``.debug_x`` also finds the old compressed form ``.zdebug_x``.

        Raises:
            ElfError: it lies outside of the file, or is compressed in an unknown way.
        """
        section = self._find(name)
        if section is None:
            return None
        try:
            return self._sections.content(section)
        except ElfError as error:
            raise ElfError(f"{self.path}: {error}") from error

    def has_storage(self, address: int) -> bool:
        """Tell whether a section of the program has this address (in the target's bytes)."""
        return _contains(self._storage, address)

    def is_data(self, address: int) -> bool:
        """Tell whether a device that reads this address as data finds what is there.

        On AVR it does not where variables share the flash with code (PROGMEM), nor in EEPROM.
        """
        if self.machine != "EM_AVR" or _AVR_DATA <= address < _AVR_EEPROM:
            return True
        return address < _AVR_DATA and not _contains(self._code, address)

    def _find(self, name: str) -> Section | None:
        section = self._sections.find(name)
        if section is None and name.startswith(".debug"):
            section = self._sections.find(".z" + name[1:])
        return section if section is not None and section.has_content else None

    def _loaded_ranges(self, flags: int) -> list[tuple[int, int]]:
        """Return start and end of what is loaded and has these flags, in order and apart."""
        octets_in_byte = self.char_bit // 8
        ranges = sorted(
            (section.address, section.address + section.size // octets_in_byte)
            for section in self._sections.sections
            # What belongs to threads has offsets instead of addresses.
            if section.flags & (flags | SHF_TLS) == flags
        )
        merged: list[tuple[int, int]] = []
        for start, end in ranges:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def _contains(ranges: list[tuple[int, int]], address: int) -> bool:
    index = bisect_right(ranges, address, key=lambda one: one[0]) - 1
    return index >= 0 and address < ranges[index][1]

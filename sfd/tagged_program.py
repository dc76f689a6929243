"""The identifier in a program that was tagged before, found by the symbol of the device library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from scrutiny.core.firmware_id import FIRMWARE_ID_SIZE, firmware_id_text

from .regular_files import open_regular

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

# In our library, and in the one in C++ that was there before: scrutiny::software_id.
_SYMBOLS: Final = ("scrutiny_firmware_id", "_ZN8scrutiny11software_idE")


def read_firmware_id(program: Path) -> str | None:
    """Return the identifier that a device with this program reports.

    None if it cannot be told: no ELF file, no symbol table, or a target whose char is wider than
    an octet, so that the array is no sequence of 16 octets.
    """
    from elftools.common.exceptions import ELFError  # 50 ms, and seldom needed
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        with open_regular(program) as stream:
            octets = _read(ELFFile(stream))
    except (OSError, ELFError, ConstructError, ValueError):
        return None
    return firmware_id_text(octets) if octets and len(octets) == FIRMWARE_ID_SIZE else None


def _read(elf: ELFFile) -> bytes | None:
    from elftools.elf.sections import SymbolTableSection

    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return None
    for name in _SYMBOLS:
        for symbol in table.get_symbol_by_name(name) or ():
            if symbol["st_size"] != FIRMWARE_ID_SIZE:
                continue
            for position in elf.address_offsets(symbol["st_value"], FIRMWARE_ID_SIZE):
                elf.stream.seek(position)
                return elf.stream.read(FIRMWARE_ID_SIZE)
    return None

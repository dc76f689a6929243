"""What the linker's symbol table says about addresses.

It knows two things that debug information may lack: whether a variable was really kept, and, for
functions that Clang has inlined everywhere, whose a static variable is.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from functools import cached_property
from typing import Final

from .program import Program

_STT_OBJECT: Final = 1
_SHN_UNDEF: Final = 0
# Two or three aliases of a variable are real; thousands at one address would be asked each time.
_NAMES_MAX: Final = 16  # at one address
_NAME_SIZE_MAX: Final = 4096


class SymbolTable:
    """The data objects of a program by address; read when first asked for."""

    def __init__(self, program: Program) -> None:
        self._program = program

    @property
    def is_there(self) -> bool:
        """Whether the program has a symbol table that names data objects."""
        return bool(self._offsets)

    def names_at(self, address: int) -> list[str]:
        """Return the names of what begins at an address, in the order of the table."""
        return [self._name(offset) for offset in self._offsets.get(address, ())]

    def _name(self, offset: int) -> str:
        end = self._texts.find(b"\0", offset, offset + _NAME_SIZE_MAX)
        return self._texts[offset:end].decode("utf-8", "replace") if end >= 0 else ""

    @cached_property
    def _texts(self) -> bytes:
        return self._program.section(".strtab") or b""

    @cached_property
    def _offsets(self) -> dict[int, list[int]]:
        """By address: where the names are. Names may share their ends, and so be long and many."""
        program = self._program
        table = program.section(".symtab") or b""
        order = "<" if program.byte_order == "little" else ">"
        layout = struct.Struct(order + ("IBBHQQ" if program.is_64bit else "IIIBBH"))
        whole = len(table) // layout.size * layout.size
        offsets: defaultdict[int, list[int]] = defaultdict(list)
        for fields in layout.iter_unpack(table[:whole]):
            if program.is_64bit:
                start, info, _, section, address, size = fields
            else:
                start, address, size, info, _, section = fields
            if info & 0xF == _STT_OBJECT and section != _SHN_UNDEF and size:
                at_address = offsets[address]
                if len(at_address) < _NAMES_MAX:
                    at_address.append(start)
        return dict(offsets)

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


class SymbolTable:
    """The data objects of a program by address; read when first asked for."""

    def __init__(self, program: Program) -> None:
        self._program = program

    @property
    def is_there(self) -> bool:
        """Whether the program has a symbol table that names data objects."""
        return bool(self._names)

    def names_at(self, address: int) -> list[str]:
        """Return the names of what begins at an address, in the order of the table."""
        return self._names.get(address, [])

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        program = self._program
        table = program.section(".symtab") or b""
        texts = program.section(".strtab") or b""
        order = "<" if program.byte_order == "little" else ">"
        layout = struct.Struct(order + ("IBBHQQ" if program.is_64bit else "IIIBBH"))
        whole = len(table) // layout.size * layout.size
        names: defaultdict[int, list[str]] = defaultdict(list)
        for fields in layout.iter_unpack(table[:whole]):
            if program.is_64bit:
                start, info, _, section, address, size = fields
            else:
                start, address, size, info, _, section = fields
            if info & 0xF == _STT_OBJECT and section != _SHN_UNDEF and size:
                end = texts.find(b"\0", start)
                names[address].append(texts[start:end].decode("utf-8", "replace"))
        return dict(names)

"""What can be wrong with a firmware file or its description.

ScrutinyError
└── SfdError
    ├── ElfError            the program cannot be used: no ELF file, stripped, relocatable, damaged
    ├── PackageError        the description file is damaged, too large, or lacks something
    ├── VariableMapError    the symbol map cannot be read at all
    ├── AliasError          an alias is not valid, or its target does not exist
    └── TagError            there is no place for the firmware identifier, or it was tagged before
"""

from __future__ import annotations

from scrutiny.core.errors import ScrutinyError


class SfdError(ScrutinyError):
    """A firmware file or a description cannot be used; the text says why and what to do."""


class ElfError(SfdError):
    """The program file is no ELF file, or has no usable symbols."""


class PackageError(SfdError):
    """The description file is damaged, larger than allowed, or incomplete."""


class VariableMapError(SfdError):
    """The symbol map is no symbol map."""


class AliasError(SfdError):
    """An alias is not valid; nothing has been written."""


class TagError(SfdError):
    """The firmware identifier cannot be written into the program."""

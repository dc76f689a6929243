"""Whether a file that was named as a program can be one; told before it is looked into."""

from __future__ import annotations

from pathlib import Path

from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.regular_files import open_regular

_ELF = b"\x7fELF"
_ZIP = b"PK"


def is_elf(file: Path) -> bool:
    """Return whether a file begins as ELF files do; False if it cannot be read."""
    return _first_octets(file) == _ELF


def check_is_elf(program: Path) -> None:
    """Refuse what is no ELF file; one that cannot be read is for those who read it.

    Raises:
        ElfError: with what to name instead.
    """
    if _first_octets(program) not in (_ELF, None):
        raise ElfError(
            f"{program} is not an ELF file: name the program as the linker made it, with debug "
            "information; source, .bin and .hex files have none"
        )


def check_is_linked(program: Path) -> None:
    """Refuse a program whose variables have no known address, as one that was not linked.

    Raises:
        ElfError: the text tells the way out.
    """
    from scrutiny.sfd.elf.program import Program  # 50 ms, and only for the text of an error

    with Program.open(program) as opened:
        opened.check_usable()


def is_no_archive(file: Path) -> bool:
    """Return whether a file can be read, and does not begin as ZIP archives do."""
    start = _first_octets(file)
    return start is not None and not start.startswith(_ZIP)


def _first_octets(file: Path) -> bytes | None:
    try:
        with open_regular(file) as stream:
            return stream.read(len(_ELF))
    except OSError:
        return None

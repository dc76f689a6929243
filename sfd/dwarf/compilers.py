"""What some compilers do in their own way.

Source: firmware description, section 4.13.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache

from . import constants as c
from .attributes import first_text
from .demangle import demangled_segments
from .entries import Entry
from .units import Unit


class Compiler(Enum):
    """Families whose debug information differs."""

    TI_C2000 = auto()  # mangled names in an attribute that is an offset elsewhere
    TASKING = auto()  # mangled names in place of plain ones
    OTHER = auto()


def compiler_of(unit: Unit) -> Compiler:
    """Tell which compiler made a unit."""
    return _compiler_named(unit.producer)


@lru_cache(maxsize=16)
def _compiler_named(producer: str) -> Compiler:
    producer = producer.lower()
    if "tasking" in producer:
        return Compiler.TASKING
    if "ti" in producer and "c2000" in producer:
        return Compiler.TI_C2000
    return Compiler.OTHER


def linkage_name(chain: list[Entry], compiler: Compiler) -> str:
    """Return the name of an entry, or of one that it completes, as the linker sees it.

    Empty if it is not told, which means that it is the plain name, or that there is none.
    """
    if compiler is Compiler.TASKING:
        name = first_text(chain, c.DW_AT_name)
        return name if name.startswith("_Z") else ""
    name = first_text(chain, c.DW_AT_linkage_name) or first_text(chain, c.DW_AT_MIPS_linkage_name)
    if not name and compiler is Compiler.TI_C2000:
        name = first_text(chain, c.DW_AT_MIPS_fde)
    return name


def linkage_segments(name: str, compiler: Compiler) -> list[str] | None:
    """Return the parts of a mangled name; None if it is none, or is not understood."""
    segments = demangled_segments(name) if name else None
    if segments is not None and compiler is Compiler.TASKING:
        segments = [segment for segment in segments if not segment.startswith("_INTERNAL_")]
    return segments or None


def plain_name(name: str, compiler: Compiler) -> str:
    """Return a name as in the source, where the compiler may have written a mangled one."""
    if compiler is Compiler.OTHER or not name.startswith("_Z"):
        return name
    segments = linkage_segments(name, compiler)
    return segments[-1] if segments else name

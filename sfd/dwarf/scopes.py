"""Paths of variables: what they are called, and the scopes around them.

Source: firmware description, sections 4.4 and 10.3 (X3, X4).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..elf.symbols import SymbolTable
from . import constants as c
from .attributes import first_text, with_origins
from .compilers import Compiler, compiler_of, linkage_name, linkage_segments, plain_name
from .entries import Entry
from .reader import DebugInfo
from .units import Unit

ANONYMOUS_NAMESPACE: Final = "(anonymous namespace)"
_FUNCTIONS: Final = frozenset({c.DW_TAG_subprogram, c.DW_TAG_inlined_subroutine})
_UNITS: Final = frozenset({c.DW_TAG_compile_unit, c.DW_TAG_partial_unit, c.DW_TAG_type_unit})
_SCOPES_MAX: Final = 200  # of a damaged program, whose scopes may go in circles


class ScopedName(NamedTuple):
    """Where a variable belongs.

    Attributes:
        is_external: other units see it too.
        unit: that declares it; not the one that places it, after optimisation while linking.
        short: the path below the unit, or below ``global``.
        full: one with all scopes, for when the short one is that of several variables.
    """

    is_external: bool
    unit: Unit
    short: tuple[str, ...]
    full: tuple[str, ...]


class _Surroundings(NamedTuple):
    scopes: list[str]  # outermost first, without blocks
    blocks: list[str]
    is_in_function: bool
    is_from_linkage: bool = False  # the scopes are those of a mangled name
    is_nameless: bool = False  # the function has no name


class ScopeReader:
    """Finds the scopes of variables."""

    def __init__(self, debug: DebugInfo, symbols: SymbolTable) -> None:
        self._debug = debug
        self._symbols = symbols
        self._block_numbers: dict[int, int] = {}
        self._last_around: tuple[int, _Surroundings] | None = None  # offset of the innermost scope

    def name_of(self, chain: list[Entry], address: int) -> ScopedName | None:
        """Return where a variable belongs; None if it has no name, as texts of the program do.

        Args:
            chain: its entry, and those that it completes.
            address: of the variable.
        """
        declaration = chain[-1]
        compiler = compiler_of(declaration.unit)
        plain = plain_name(first_text(chain, c.DW_AT_name), compiler)
        if not plain:
            return None
        is_external = any(entry.values.get(c.DW_AT_external) for entry in chain)
        # Of a static member, GCC gives it with the declaration, or (before DWARF 5) with the
        # definition. The latter would spell arguments of templates in another way than the class.
        linkage = linkage_name([declaration], compiler)
        segments = linkage_segments(linkage, compiler)
        around = self._around(declaration)
        is_renamed = linkage and not linkage.startswith("_Z")  # by the author of the program
        if segments is None and is_renamed and not around.is_in_function:
            segments = [linkage]
        if segments is None and around.is_nameless:
            segments = self._segments_of_symbol(address, plain, compiler)
        if segments is not None and not _is_in_mangled_function(declaration, compiler):
            short = segments
            full = [*segments[:-1], *around.blocks, segments[-1]]
        else:
            full = [*around.scopes, *around.blocks, plain]
            short = full if around.is_from_linkage else _without_outer_anonymous(full)
        return ScopedName(is_external, declaration.unit, tuple(short), tuple(full))

    def _around(self, entry: Entry) -> _Surroundings:
        """Return what is around an entry; neighbours have it in common."""
        if entry.parent is None:
            return self._walked(None)
        offset = entry.parent.offset
        if self._last_around is None or self._last_around[0] != offset:
            self._last_around = (offset, self._walked(entry.parent))
        return self._last_around[1]

    def _walked(self, parent: Entry | None) -> _Surroundings:
        """Walk up to the unit, or to the first function whose mangled name tells the rest."""
        scopes: list[str] = []
        blocks: list[str] = []
        is_in_function = is_nameless = False
        for _ in range(_SCOPES_MAX):
            if parent is None or parent.tag in _UNITS:
                break
            chain = with_origins(self._debug, parent)
            declaration = chain[-1]
            compiler = compiler_of(declaration.unit)
            if parent.tag == c.DW_TAG_lexical_block:
                if not is_in_function:
                    blocks.append(f"block{self._block_number(declaration)}")
            elif parent.tag in _FUNCTIONS:
                is_in_function = True
                segments = linkage_segments(linkage_name(chain, compiler), compiler)
                if segments:
                    return _Surroundings([*segments, *reversed(scopes)], blocks[::-1], True, True)
                name = self._shown(declaration, chain, compiler)
                is_nameless |= not name
                scopes += name
            else:
                scopes += self._shown(declaration, chain, compiler)
            parent = declaration.parent
        return _Surroundings(scopes[::-1], blocks[::-1], is_in_function, is_nameless=is_nameless)

    def _segments_of_symbol(self, address: int, plain: str, compiler: Compiler) -> list[str] | None:
        """Return the scopes of a variable from its symbol: ``_ZZ4stepvE5count``, ``step.count``.

        Clang keeps no name of functions that are nowhere but where they were inlined.
        """
        local = re.compile(rf"_Z(Z.+)E{len(plain.encode())}{re.escape(plain)}(_[0-9]+_?)?")
        of_c = re.compile(rf"([^.]+)\.{re.escape(plain)}(\.[0-9]+)?")
        for symbol in self._symbols.names_at(address):
            if mangled := local.fullmatch(symbol):
                function = linkage_segments(f"_{mangled[1]}", compiler)
                if function is not None:
                    return [*function, plain]
            elif unmangled := of_c.fullmatch(symbol):
                return [unmangled[1], plain]
        return None

    @staticmethod
    def _shown(entry: Entry, chain: list[Entry], compiler: Compiler) -> list[str]:
        name = plain_name(first_text(chain, c.DW_AT_name), compiler)
        if name:
            return [name]
        return [ANONYMOUS_NAMESPACE] if entry.tag == c.DW_TAG_namespace else []

    def _block_number(self, block: Entry) -> int:
        """Return the place of a block among those next to it, from 1."""
        if block.offset not in self._block_numbers:
            siblings = block.parent.children if block.parent is not None else [block]
            blocks = [entry for entry in siblings if entry.tag == c.DW_TAG_lexical_block]
            self._block_numbers.update((entry.offset, i) for i, entry in enumerate(blocks, 1))
        return self._block_numbers.get(block.offset, 1)


def _is_in_mangled_function(variable: Entry, compiler: Compiler) -> bool:
    """Tell whether a variable is directly in a function that says its own mangled name.

    That of the function then counts: it has the return type of templates, that of its variables
    has not.
    """
    parent = variable.parent
    return (
        parent is not None
        and parent.tag in _FUNCTIONS
        and linkage_segments(linkage_name([parent], compiler), compiler) is not None
    )


def _without_outer_anonymous(segments: list[str]) -> list[str]:
    """Leave out an anonymous namespace around all of the other scopes, if they have names."""
    if segments[0] == ANONYMOUS_NAMESPACE and ANONYMOUS_NAMESPACE not in segments[1:]:
        return segments[1:]
    return segments

"""From a program file to its symbol map.

Source: firmware description, sections 4 and 10.3.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .dwarf import constants as c
from .dwarf.leaves import PATH_LENGTH_MAX, dereferenced, placed
from .dwarf.locations import NoAddress
from .dwarf.reader import DebugInfo
from .dwarf.scalars import Scalars, TooLarge, TypeProblem
from .dwarf.types import TypeReader
from .dwarf.unit_names import unit_names
from .dwarf.units import Unit
from .dwarf.variables import FoundVariable, VariableFinder, scan_unit
from .elf.program import Program
from .errors import ElfError
from .filters import path_filter, unit_filter
from .path_claims import PathClaims
from .variable_map import Leaf, VariableMap

LEAVES_MAX: Final = 1_000_000
PATH_TEXT_MAX: Final = 1 << 28  # characters of all paths; 200,000 leaves have about 15 million
_SCANNED: Final = (c.DW_UT_compile, c.DW_UT_partial)


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """What to take.

    Attributes:
        dereference_pointers: list what pointers point to as well, one level deep.
        unit_patterns_ignored: compile units to leave out: equal to the base name of the recorded
            file name, or a shell pattern that matches all of it.
        path_patterns_ignored: variables to leave out: shell patterns on the final path without
            indices; ``*`` also matches ``/``.
    """

    dereference_pointers: bool = False
    unit_patterns_ignored: tuple[str, ...] = ()
    path_patterns_ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A variable, or a part of one, that the program has and the map lacks.

    Attributes:
        name: path as far as it is known, or the name in the source.
        unit: display name of its compile unit.
        reason: why, for humans.
    """

    name: str
    unit: str
    reason: str


@dataclass(slots=True)
class Extraction:
    """What was found.

    Attributes:
        variables: the map.
        dropped: what is missing from it although the program has it in memory.
        warnings: about the program as a whole.
    """

    variables: VariableMap
    dropped: list[Dropped] = field(default_factory=list[Dropped])
    warnings: list[str] = field(default_factory=list[str])


Progress = Callable[[int, int], None]  # octets of debug information done, and in all


def extract(
    program: Path,
    options: ExtractionOptions | None = None,
    progress: Progress = lambda done, total: None,
) -> Extraction:
    """Read the debug information of a linked program.

    Raises:
        ElfError: not an ELF file, or one whose variables have no known address: stripped,
            relocatable, position independent, split debug information. The text tells the way out.
    """
    with Program.open(program) as opened:
        opened.check_usable()
        with _rare_collections():
            extractor = _Extractor(opened, DebugInfo(opened), options or ExtractionOptions())
            extractor.run(progress)
    return extractor.result


@contextmanager
def _rare_collections() -> Generator[None]:
    """Let Python look for cyclic garbage less often: leaves are many, live on, and have no cycles.

    50,000 leaves: 1.0 s instead of 1.35 s.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, 5, 5)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


class _Extractor:
    """Collects the leaves of a program, unit by unit."""

    def __init__(self, program: Program, debug: DebugInfo, options: ExtractionOptions) -> None:
        self.result = Extraction(VariableMap(program.byte_order, program.char_bit, []))
        self._program = program
        self._debug = debug
        self._options = options
        self._is_unwanted = path_filter(options.path_patterns_ignored)
        is_unwanted_unit = unit_filter(options.unit_patterns_ignored)
        self._unwanted_units = {unit for unit in debug.units if is_unwanted_unit(unit.name)}
        self._unit_names = unit_names(u for u in debug.units if u.unit_type == c.DW_UT_compile)
        self._finder = VariableFinder(program, debug)
        self._types = TypeReader(debug, program.byte_order, program.char_bit, Scalars())
        self._claims = PathClaims(self._shown)
        self._path_text = 0

    def run(self, progress: Progress) -> None:
        """Go through all units."""
        total = sum(unit.end - unit.offset for unit in self._debug.units)
        done = 0
        for unit in self._debug.units:
            if unit.unit_type in _SCANNED and unit not in self._unwanted_units:
                self._take_unit(unit)
            done += unit.end - unit.offset
            progress(done, total)
        self._drop_doubles()
        self._warn()

    def _take_unit(self, unit: Unit) -> None:
        try:
            scan = scan_unit(self._debug.tree(unit))
        except ElfError as error:
            self._drop(unit.name, unit, f"the compile unit cannot be read: {error}")
            return
        self._types.start_unit(scan.definitions)
        found: list[FoundVariable] = []
        for entry in scan.variables:
            try:
                variable = self._finder.found(entry)
            except Exception as error:  # damage must not cost the variables around it
                self._drop(str(entry.values.get(c.DW_AT_name, "")), unit, _reason(error))
                continue
            if variable is not None and variable.name.unit not in self._unwanted_units:
                found.append(variable)
        for variable, path in self._claims.claim(found):
            try:
                self._take_variable(variable, path)
            except TooLarge:
                raise
            except Exception as error:
                self._drop(path, variable.name.unit, _reason(error))

    def _take_variable(self, variable: FoundVariable, path: str) -> None:
        layout = self._types.layout(variable.type, path.rpartition("/")[2])
        leaves = placed(layout, path, variable.address)
        unit = variable.name.unit
        for loss in layout.losses:
            self._drop(path + loss.suffix, unit, loss.reason)
        self._take(leaves, unit)
        if not self._options.dereference_pointers:
            return
        for pointer, part in zip(leaves, layout.parts, strict=True):
            if part.target is not None and not self._is_unwanted(pointer.path):
                self._take(dereferenced(pointer, part, self._types), unit)

    def _take(self, leaves: Iterable[Leaf], unit: Unit) -> None:
        taken = self.result.variables.leaves
        for leaf in leaves:
            path = leaf.path
            if len(path) > PATH_LENGTH_MAX:
                reason = f"its path is longer than {PATH_LENGTH_MAX} characters"
                self._drop(path[:80] + "...", unit, reason)
            elif not self._is_unwanted(path):
                taken.append(leaf)
                self._path_text += len(path)
        if len(taken) > LEAVES_MAX or self._path_text > PATH_TEXT_MAX:
            raise TooLarge(
                f"the program has more than {LEAVES_MAX} variables, or endless names: "
                "leave out some compile units or paths"
            )

    def _drop_doubles(self) -> None:
        """Keep the first of leaves that share a path.

        Variables do not share one; but a namespace and a structure can have the same name in
        different units, and then their members may.
        """
        leaves = self.result.variables.leaves
        taken: set[str] = set()
        unique: list[Leaf] = []
        for leaf in leaves:
            if leaf.path in taken:
                self.result.dropped.append(
                    Dropped(leaf.path, "", "its path is that of another variable")
                )
                continue
            taken.add(leaf.path)
            unique.append(leaf)
        leaves[:] = unique

    def _warn(self) -> None:
        warnings = self.result.warnings
        warnings += [
            f"{count} variable{' has' if count == 1 else 's have'} no address: {reason.value}"
            for reason, count in self._finder.without_address.items()
            if reason is not NoAddress.COMPUTED
        ]
        if not self.result.variables.leaves:
            warnings.append("no variable with an address was found")

    def _drop(self, name: str, unit: Unit, reason: str) -> None:
        self.result.dropped.append(Dropped(name, self._shown(unit), reason))

    def _shown(self, unit: Unit) -> str:
        return self._unit_names.get(unit) or unit.name or "unnamed"


def _reason(error: Exception) -> str:
    if isinstance(error, TypeProblem | ElfError):
        return str(error)
    return f"{type(error).__name__}: {error}"

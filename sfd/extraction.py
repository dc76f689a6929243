"""From a program file to its symbol map.

Source: firmware description, sections 4 and 10.3.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .dwarf import constants as c
from .dwarf.leaves import PATH_LENGTH_MAX, dereferenced, placed
from .dwarf.locations import NoAddress
from .dwarf.reader import DebugInfo
from .dwarf.scalars import Scalars, TooLarge, TypeProblem, shown
from .dwarf.types import TypeReader
from .dwarf.unit_names import unit_names
from .dwarf.units import Unit
from .dwarf.variables import FoundVariable, VariableFinder, scan_unit
from .elf.program import Program
from .errors import ElfError
from .extraction_result import Dropped, Extraction, ExtractionOptions, Progress
from .filters import UnusedPatterns, path_filter, unit_filter
from .path_claims import PathClaims
from .variable_map import Leaf, VariableMap

__all__ = ["Dropped", "Extraction", "ExtractionOptions", "Progress", "extract"]

LEAVES_MAX: Final = 1_000_000
PATH_TEXT_MAX: Final = 1 << 27  # characters of all paths; 200,000 leaves have about 15 million
DROPPED_MAX: Final = 100_000  # that are named one by one
# Taken or not: a program may consist of parts that cannot be listed. A matter of time only.
_PARTS_MAX: Final = 5_000_000
# Characters that cannot be written as they are take up to 4 octets in memory, 12 in the map.
_ESCAPED_SIZE: Final = 12
_TOO_LONG: Final = f"its path is longer than {PATH_LENGTH_MAX} characters"
_SCANNED: Final = (c.DW_UT_compile, c.DW_UT_partial)


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

    Trees of entries have some, and are taken apart. 50,000 leaves: 0.82 s instead of 0.97 s.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 5, 5)
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
        self._unused_patterns = UnusedPatterns(options.path_patterns_ignored)
        is_unwanted_unit = unit_filter(options.unit_patterns_ignored)
        self._unwanted_units = {unit for unit in debug.units if is_unwanted_unit(unit.name)}
        self._unit_names = unit_names(u for u in debug.units if u.unit_type == c.DW_UT_compile)
        self._finder = VariableFinder(program, debug)
        self._types = TypeReader(debug, program.byte_order, program.char_bit, Scalars())
        self._claims = PathClaims(self._shown)
        self._path_text = 0
        self._parts_left = _PARTS_MAX
        self._dropped_unnamed = 0

    def run(self, progress: Progress) -> None:
        """Go through all units."""
        total = sum(unit.end - unit.offset for unit in self._debug.units)
        done = 0
        for unit in self._debug.units:
            if unit.unit_type in _SCANNED and unit not in self._unwanted_units:
                self._take_unit(unit)
            self._debug.release_forgotten()
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
            except MemoryError:
                raise
            except Exception as error:  # damage must not cost the variables around it
                self._drop(str(entry.values.get(c.DW_AT_name, "")), unit, _reason(error))
                continue
            if variable is not None and variable.name.unit not in self._unwanted_units:
                found.append(variable)
        for variable, path in self._claims.claim(found):
            try:
                self._take_variable(variable, path)
            except (TooLarge, MemoryError):
                raise
            except Exception as error:
                self._drop(path, variable.name.unit, _reason(error))

    def _take_variable(self, variable: FoundVariable, path: str) -> None:
        if len(path) > PATH_LENGTH_MAX:
            raise TypeProblem(_TOO_LONG)
        layout = self._types.layout(variable.type, path.rpartition("/")[2])
        self._parts_left -= len(layout.parts) + len(layout.losses)
        if self._parts_left < 0 or len(layout.parts) * len(path) > PATH_TEXT_MAX:
            raise _too_large()
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
                self._drop(path, unit, _TOO_LONG)
            elif self._is_unwanted(path):
                self._unused_patterns.note(path)
            else:
                taken.append(leaf)
                self._path_text += _text_size(leaf)
        if len(taken) > LEAVES_MAX or self._path_text > PATH_TEXT_MAX:
            raise _too_large()

    def _drop_doubles(self) -> None:
        """Keep the first of leaves that share a path.

        Variables do not share one; but a namespace and a structure can have the same name in
        different units, and then their members may.
        """
        leaves = self.result.variables.leaves
        if len({leaf.path for leaf in leaves}) == len(leaves):
            return
        taken: set[str] = set()
        unique: list[Leaf] = []
        for leaf in leaves:
            if leaf.path in taken:
                self._add_dropped(leaf.path, "", "its path is that of another variable")
                continue
            taken.add(leaf.path)
            unique.append(leaf)
        leaves[:] = unique

    def _warn(self) -> None:
        warnings = self.result.warnings
        warnings += [
            f"1 variable has no fixed address ({reason.value}) and is not listed"
            if count == 1
            else f"{count:,} variables have no fixed address ({reason.value}) and are not listed"
            for reason, count in self._finder.without_address.items()
            if reason is not NoAddress.COMPUTED
        ]
        warnings += [
            f"no compile unit matches {shown(pattern)}, which was to be left out"
            for pattern in self._options.unit_patterns_ignored
            if not any(map(unit_filter([pattern]), {unit.name for unit in self._debug.units}))
        ]
        warnings += [
            f"no variable matches {shown(pattern)}, which was to be left out"
            for pattern in self._unused_patterns
        ]
        if self._program.has_stabs:
            warnings.append(
                "a part of the program has debug information in the stabs format, which is not "
                "read: compile with -gdwarf-4 instead of -g"
            )
        if self._dropped_unnamed:
            warnings.append(f"{self._dropped_unnamed} more were dropped than are named")
        if not self.result.variables.leaves:
            warnings.append("no variable with an address was found")

    def _drop(self, name: str, unit: Unit, reason: str) -> None:
        self._add_dropped(name, self._shown(unit), reason)

    def _add_dropped(self, name: str, unit: str, reason: str) -> None:
        if len(self.result.dropped) < DROPPED_MAX:
            self.result.dropped.append(Dropped(shown(name), unit, reason))
        else:
            self._dropped_unnamed += 1

    def _shown(self, unit: Unit) -> str:
        return self._unit_names.get(unit) or unit.name or "unnamed"


def _reason(error: Exception) -> str:
    if isinstance(error, TypeProblem | ElfError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _text_size(leaf: Leaf) -> int:
    """Return how much text the path of a leaf is in the map, where each array repeats a part."""
    path, pointer = leaf.path, leaf.pointer
    size = len(path) * (1 + len(leaf.arrays))
    if pointer is not None:
        size += len(pointer.path) * (1 + len(pointer.arrays))
    return size if path.isascii() and path.isprintable() else size * _ESCAPED_SIZE


def _too_large() -> TooLarge:
    return TooLarge(
        f"the program has more than {LEAVES_MAX} variables, or endless names: "
        "leave out some compile units or paths"
    )

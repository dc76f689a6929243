"""Display names of compile units: as short as they can be and still be told apart.

Source: firmware description, section 4.5.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from .units import Unit

_LENGTH_MAX: Final = 64
# Programs that were built on Windows are read anywhere.
_WINDOWS_PATH: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_UNNAMED: Final = "unnamed"


def full_name(unit: Unit) -> str:
    """Return the normalised path of the unit's main file; units compiled from one file share it."""
    if _WINDOWS_PATH.match(unit.comp_dir) or _WINDOWS_PATH.match(unit.name):
        path = ntpath.normpath(ntpath.join(unit.comp_dir, unit.name or _UNNAMED))
        return path.replace("\\", "/")
    return posixpath.normpath(posixpath.join(unit.comp_dir, unit.name or _UNNAMED))


def unit_names(units: Iterable[Unit]) -> dict[Unit, str]:
    """Return the display name of each unit.

    A name starts as that of the file. Those that several units have are extended with parent
    folders until they differ; if that does not work, or takes too long a name, they are numbered.
    """
    full_names = {unit: full_name(unit) for unit in units}
    shown = _displayed(list(dict.fromkeys(full_names.values())))
    return {unit: shown[full] for unit, full in full_names.items()}


def _displayed(full_names: Sequence[str]) -> dict[str, str]:
    folders = {full: [part for part in full.split("/") if part] for full in full_names}
    depth = dict.fromkeys(full_names, 1)
    numbered: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    while True:
        shown = {
            full: numbered.get(full) or "_".join(folders[full][-depth[full] :])
            for full in full_names
        }
        counts = Counter(shown.values())
        clashing = [full for full in full_names if counts[shown[full]] > 1 and full not in numbered]
        if not clashing:
            return {full: name.replace("/", "-") for full, name in shown.items()}
        taken = {*shown.values(), *numbered.values()}
        for full in clashing:
            depth[full] += 1
            parts = folders[full][-depth[full] :]
            if depth[full] > len(folders[full]) or len("_".join(parts)) > _LENGTH_MAX:
                numbered[full] = _numbered(parts[-1], numbers, taken)


def _numbered(file_name: str, numbers: Counter[str], taken: set[str]) -> str:
    """Return a name that is not taken, and take it; each number is tried once."""
    while True:
        name = f"cu{numbers[file_name]}_{file_name}"
        numbers[file_name] += 1
        if name not in taken:
            taken.add(name)
            return name

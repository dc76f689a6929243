"""What is found in a small program that a test writes."""

from __future__ import annotations

from pathlib import Path

from scrutiny.sfd.extraction import Extraction, ExtractionOptions, extract
from scrutiny.sfd.variable_map import Leaf

from .dwarf_programs import Recipe, build

DEREFERENCING = ExtractionOptions(dereference_pointers=True)


def extracted(
    folder: Path,
    source: str,
    *flags: str,
    compiler: str = "g++",
    options: ExtractionOptions | None = None,
) -> Extraction:
    """Compile one file, ``f.c`` or ``f.cpp``, and read the program.

    Args:
        folder: for the files.
        source: without ``main``, which is added.
        flags: for the compiler, besides those for a program without any library.
        compiler: a missing one skips the test, in CI it fails.
        options: what to take.
    """
    is_cxx = compiler.endswith("++")
    path = folder / ("f.cpp" if is_cxx else "f.c")
    path.write_text(source + "\nint main() { return 0; }\n")
    return extract(build(Recipe(compiler, ("-gdwarf-4", *flags)), folder, path), options)


def compiled(source: Path, *flags: str) -> Path:
    """Compile a file of C; give the path of the object file beside it."""
    target = source.with_suffix(".o")
    return build(Recipe("gcc", ("-g", "-c", *flags)), source.parent, source).rename(target)


def by_path(extraction: Extraction) -> dict[str, Leaf]:
    """Return what was found, by path."""
    found = {leaf.path: leaf for leaf in extraction.variables.leaves}
    assert len(found) == len(extraction.variables.leaves), "a path is there twice"
    return found


def type_names(extraction: Extraction) -> dict[str, str]:
    """Return the data type of everything found, by path."""
    return {leaf.path: leaf.type.data_type.api_name for leaf in extraction.variables.leaves}


def reasons(extraction: Extraction) -> dict[str, str]:
    """Return why something was dropped, by its name."""
    return {dropped.name: dropped.reason for dropped in extraction.dropped}

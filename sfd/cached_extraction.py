"""The symbol map of a program as JSON text: extracted, or found as it was extracted before."""

from __future__ import annotations

import io
from pathlib import Path

from .cache import CachedExtraction, ExtractionCache, extraction_key
from .errors import ElfError
from .extraction_result import ExtractionOptions, Progress


def extract_text(
    program: Path,
    options: ExtractionOptions,
    indent: str | None,
    cache: ExtractionCache | None,
    progress: Progress = lambda done, total: None,
) -> CachedExtraction:
    """Return the symbol map of a program as JSON text.

    Args:
        program: linked, with debug information.
        options: what to take.
        indent: what a level is indented by; None gives compact text in one line.
        cache: asked first, and told afterwards; None: always read the program.
        progress: told how much of the debug information is done.

    Raises:
        ElfError: the program cannot be used.
    """
    if cache is None:
        return _extract(program, options, indent, progress)
    try:
        key = extraction_key(program, options, indent)
    except FileNotFoundError as error:
        raise ElfError(f"{program}: there is no such file") from error
    except OSError as error:
        raise ElfError(f"cannot read {program}: {error.strerror or error}") from error
    result = cache.get(key)
    if result is None:
        result = _extract(program, options, indent, progress)
        cache.put(key, result)
    return result


def _extract(
    program: Path, options: ExtractionOptions, indent: str | None, progress: Progress
) -> CachedExtraction:
    from .extraction import extract  # 50 ms, and not needed for what is in the cache
    from .variable_map_writing import write_variable_map

    extraction = extract(program, options, progress)
    text = io.BytesIO()
    left_out = write_variable_map(extraction.variables, text, indent)
    return CachedExtraction(
        text.getvalue(),
        len(extraction.variables.leaves),
        extraction.dropped,
        [*extraction.warnings, *left_out],
    )

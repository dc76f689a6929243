"""Extract the variables of a program for a verb, and report what is missing."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from pathlib import Path
from typing import Final

from scrutiny.sfd.cache import CachedExtraction, ExtractionCache
from scrutiny.sfd.cached_extraction import extract_text
from scrutiny.sfd.errors import SfdError
from scrutiny.sfd.extraction_result import ExtractionOptions

from .progress import progress_bar

logger = logging.getLogger(__name__)

_REASONS_SHOWN: Final = 5


def extract_for(
    arguments: argparse.Namespace, program: Path, indent: str | None
) -> CachedExtraction:
    """Extract the variables as the arguments ask for, and tell what is missing.

    Raises:
        ElfError: the program cannot be used.
        SfdError: variables were dropped, and that was to be a failure.
    """
    if arguments.cppfilt:
        logger.info("--cppfilt is ignored: names are demangled without a program")
    options = ExtractionOptions(
        arguments.dereference_pointers,
        tuple(arguments.cu_ignore_patterns),
        tuple(arguments.path_ignore_patterns),
    )
    cache = None if arguments.no_cache else ExtractionCache()
    with progress_bar("Reading symbols") as progress:
        result = extract_text(program, options, indent, cache, progress)
    _report(result, verbose=arguments.verbose)
    if arguments.fail_on_dropped and result.dropped:
        raise SfdError("variables were dropped; nothing is written, as --fail-on-dropped says")
    return result


def summarize_dropped(result: CachedExtraction) -> str:
    """Return one line that tells how much is missing, and why."""
    reasons = Counter(one.reason for one in result.dropped).most_common()
    shown = [f"{count:,} {reason}" for reason, count in reasons[:_REASONS_SHOWN]]
    others = sum(count for _, count in reasons[_REASONS_SHOWN:])
    if others:
        shown.append(f"{others:,} for other reasons")
    total = result.leaf_count + len(result.dropped)
    return f"{len(result.dropped):,} of {total:,} leaves dropped: {', '.join(shown)}"


def _report(result: CachedExtraction, *, verbose: bool) -> None:
    for text in result.warnings:
        logger.warning("%s", text)
    if not result.dropped:
        return
    if verbose:
        for one in result.dropped:
            where = f" ({one.unit})" if one.unit else ""
            logger.warning("dropped %s%s: %s", one.name, where, one.reason)
    hint = "" if verbose else "; --verbose names them"
    logger.warning("%s%s", summarize_dropped(result), hint)

"""A result that is in the cache is given without the code that makes one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scrutiny.sfd.cache import CachedExtraction, ExtractionCache, extraction_key
from scrutiny.sfd.cached_extraction import extract_text
from scrutiny.sfd.errors import ElfError
from scrutiny.sfd.extraction_result import ExtractionOptions

PLAIN = ExtractionOptions()


def test_what_is_in_the_cache_is_not_extracted(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"no program at all")
    cache = ExtractionCache(tmp_path / "cache")
    result = CachedExtraction(b"{}", 0, [], ["made by hand"])
    cache.put(extraction_key(program, PLAIN, None), result)

    assert extract_text(program, PLAIN, None, cache) == result


def test_what_is_not_in_the_cache_is_extracted(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"no program at all")

    with pytest.raises(ElfError, match="not an ELF file"):
        extract_text(program, PLAIN, None, ExtractionCache(tmp_path / "cache"))


def test_the_code_that_extracts_is_not_imported_in_vain() -> None:
    code = (
        "import sys, scrutiny.cli.elf2varmap, scrutiny.cli.extraction\n"
        "print([name for name in sys.modules if 'dwarf' in name or 'elftools' in name])"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )

    assert result.stdout.strip() == "[]"

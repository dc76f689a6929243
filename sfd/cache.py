"""Results of extractions, kept from one run to the next: most builds are looked at several times.

A file per result: a digest of the rest, one line of JSON with what was dropped, and the symbol map.
The name is a digest of everything that the result depends on. It holds the whole program, and so
the build id that the linker left in it, if any.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scrutiny import __version__

from .atomic_files import replacing
from .extraction_result import Dropped, ExtractionOptions
from .regular_files import open_regular

CACHE_SIZE_MAX: Final = 512 << 20
_SUFFIX: Final = ".varmap"
_DRAFT_AGE_MAX_S: Final = 3600
_DIGEST_SIZE: Final = 32
# 23 MB of JSON: 60 ms to compress and 30 ms to read; a higher level costs more than it saves.
_COMPRESSION_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class CachedExtraction:
    """What is worth keeping of an extraction.

    Attributes:
        variable_map: JSON text, UTF-8.
        leaf_count: how many leaves it has.
        dropped: what is missing from it.
        warnings: about the program as a whole.
    """

    variable_map: bytes
    leaf_count: int
    dropped: Sequence[Dropped]
    warnings: Sequence[str]


def default_cache_folder() -> Path:
    """Return the folder for results in the user's account."""
    import platformdirs  # not needed when the folder is given

    return platformdirs.user_cache_path("scrutiny", "scrutiny") / "extractions"


def extraction_key(program: Path, options: ExtractionOptions, indent: str | None) -> str:
    """Return the name of a result: it changes with program, options, form and our version.

    Raises:
        OSError: the program cannot be read.
    """
    with open_regular(program) as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    parts = (
        __version__,
        _code_stamp(),
        content,
        options.dereference_pointers,
        options.unit_patterns_ignored,
        options.path_patterns_ignored,
        indent,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _code_stamp() -> list[tuple[str, int, int]]:
    """Return what changes when our code does, which may be between two versions. Takes 1 ms."""
    folder = Path(__file__).parent
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*.py"))
    states = ((name, path.stat()) for name, path in files)
    return [(name, status.st_size, status.st_mtime_ns) for name, status in states]


class ExtractionCache:
    """A folder of results, of which the oldest go when there is no room; it never fails loudly."""

    def __init__(self, folder: Path | None = None, size_max: int = CACHE_SIZE_MAX) -> None:
        self._folder = folder or default_cache_folder()
        self._size_max = size_max

    def get(self, key: str) -> CachedExtraction | None:
        """Return a result; None if there is none, or it is damaged."""
        path = self._path(key)
        try:
            with open_regular(path) as stream:
                result = _decode(stream.read())
            os.utime(path)  # it is the youngest now
        except (OSError, ValueError, TypeError, KeyError, zlib.error):
            return None
        return result

    def put(self, key: str, result: CachedExtraction) -> None:
        """Keep a result if that is possible; without a cache everything works, slower."""
        data = _encode(result)
        if len(data) > self._size_max:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._path(key), follow=False) as stream:
                stream.write(data)
            self._evict()
            self._remove_drafts()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _evict(self) -> None:
        files = [(path.stat(), path) for path in self._folder.glob(f"*{_SUFFIX}")]
        excess = sum(status.st_size for status, _ in files) - self._size_max
        for status, path in sorted(files, key=lambda found: found[0].st_mtime_ns):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= status.st_size

    def _remove_drafts(self) -> None:
        """Remove what killed processes have left behind."""
        for path in self._folder.glob(f".*{_SUFFIX}.*.tmp"):
            if time.time() - path.stat().st_mtime > _DRAFT_AGE_MAX_S:
                path.unlink(missing_ok=True)


def _encode(result: CachedExtraction) -> bytes:
    header: dict[str, Any] = {
        "leaf_count": result.leaf_count,
        "dropped": [(one.name, one.unit, one.reason) for one in result.dropped],
        "warnings": list(result.warnings),
    }
    body = zlib.compress(result.variable_map, _COMPRESSION_LEVEL)
    payload = b"%s\n%s" % (json.dumps(header).encode(), body)
    return hashlib.sha256(payload).digest() + payload


def _decode(data: bytes) -> CachedExtraction:
    payload = data[_DIGEST_SIZE:]
    if hashlib.sha256(payload).digest() != data[:_DIGEST_SIZE]:
        raise ValueError("damaged")
    line, _, body = payload.partition(b"\n")
    header = json.loads(line)
    return CachedExtraction(
        zlib.decompress(body),
        int(header["leaf_count"]),
        [Dropped(*one) for one in header["dropped"]],
        list(header["warnings"]),
    )

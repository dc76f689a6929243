"""Prepare a description for look-up, in a process of its own: ``python -m scrutiny.sfd.loader``.

A server must not stop talking to its device while a large file is parsed, nor die of a hostile one.
So it starts this module as a process with low priority and bounded memory.

Usage: ``python -m scrutiny.sfd.loader PACKAGE CACHE_FOLDER``. On success the last line on standard
output is the path of a compiled description (`CompiledDescription.open`), and the exit code 0.
Else standard error ends with one line that says why, and the exit code is 1. A description that was
prepared before is found again by its content.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO, Final

from .compiled import CompiledDescription
from .compiled_format import FORMAT_VERSION
from .errors import PackageError, SfdError
from .regular_files import open_regular

USAGE: Final = "usage: python -m scrutiny.sfd.loader PACKAGE CACHE_FOLDER"
# Longest wait of a device of 1,000s of requests per second, on two cores that were busy with the
# server, the device and a client, while 200,000 leaves were loaded (two runs each):
# 10: 9 ms, loaded in 2.5 to 2.7 s; 5: 8 to 34 ms, 2.7 to 3.1 s; 0: 16 to 28 ms, 2.1 to 2.4 s.
NICENESS: Final = 10
# The largest map that is accepted, a million leaves in 300 MB of text, takes three quarters of it.
MEMORY_MAX: Final = 1 << 30
CACHED_FILES_MAX: Final = 8
CACHE_SIZE_MAX: Final = 1 << 30

_SUFFIX: Final = ".symbols"
_DRAFTS: Final = f".*{_SUFFIX}.*.tmp"
_DRAFT_AGE_MAX_S: Final = 3600
_ALIAS_WARNINGS_MAX: Final = 20


def main(argv: list[str]) -> int:
    """Prepare a description, or find it prepared already, and tell where it is.

    Args:
        argv: path of the description file and of the cache folder.

    Returns:
        The exit code.
    """
    try:
        if len(argv) != 2:
            raise PackageError(USAGE)
        compiled = load(Path(argv[0]), Path(argv[1]))
    except SfdError as error:
        return _fail(str(error))
    except MemoryError:
        return _fail(f"the description needs more than {MEMORY_MAX >> 20} MiB of memory")
    except Exception as error:
        # The server shows this line; a traceback would say nothing to whoever made the file.
        return _fail(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(os.fsencode(compiled) + b"\n")
    sys.stdout.flush()
    return 0


def load(package: Path, cache_folder: Path) -> Path:
    """Return the path of the compiled description, which is written unless it is there.

    Raises:
        SfdError: the description cannot be used.
    """
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        with open_regular(package) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            compiled = cache_folder / f"{digest}-{FORMAT_VERSION}{_SUFFIX}"
            if not _is_usable(compiled):
                stream.seek(0)
                _compile(stream, compiled)
        os.utime(compiled)  # it is the youngest now
    except OSError as error:
        raise PackageError(f"cannot prepare {package}: {error}") from error
    _evict(cache_folder)
    return compiled


def _compile(stream: BinaryIO, target: Path) -> None:
    # Not needed when a description was prepared before: 25 ms.
    from .aliases import read_aliases
    from .atomic_files import replacing
    from .compiling import Description, compile_description
    from .package import read_package
    from .variable_map_reading import read_variable_map

    package = read_package(stream)
    firmware_id, metadata = package.firmware_id, package.metadata
    aliases, refused = read_aliases(package.aliases)
    variables, warnings = read_variable_map(package.variable_map)
    del package  # the text of the map is large
    warnings += refused[:_ALIAS_WARNINGS_MAX]
    if len(refused) > _ALIAS_WARNINGS_MAX:
        warnings.append(f"{len(refused) - _ALIAS_WARNINGS_MAX} more aliases left out")
    with replacing(target, follow=False) as output:
        compile_description(
            Description(firmware_id, variables, metadata, aliases, warnings), output
        )


def _is_usable(path: Path) -> bool:
    try:
        with contextlib.closing(CompiledDescription.open(path)) as compiled:
            compiled.verify()
    except PackageError:
        return False
    return True


def _evict(folder: Path) -> None:
    """Remove the files that were not used for longest, and what a killed process left behind."""
    room = CACHE_SIZE_MAX
    for place, (_, size, path) in enumerate(_by_age(folder, f"*{_SUFFIX}")):
        room -= size
        if place and (place >= CACHED_FILES_MAX or room < 0):
            _remove(path)
    for modified, _, path in _by_age(folder, _DRAFTS):
        if time.time() - modified > _DRAFT_AGE_MAX_S:
            _remove(path)


def _by_age(folder: Path, pattern: str) -> list[tuple[float, int, Path]]:
    """Return time of last use, size and path, the youngest first."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):  # another process is removing it
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    return sorted(found, reverse=True)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # on Windows a file that is mapped stays
        path.unlink()


def _fail(reason: str) -> int:
    line = " ".join(reason.split())
    sys.stderr.write(f"{line.encode(errors='replace').decode()}\n")
    sys.stderr.flush()
    return 1


def limit_this_process() -> None:
    """Leave the processor to the server, and the memory to everybody; POSIX only."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICENESS)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_MAX if hard == resource.RLIM_INFINITY else min(MEMORY_MAX, hard)
    with contextlib.suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    gc.disable()  # nothing here makes cycles, and the search for them would double the time
    limit_this_process()
    sys.exit(main(sys.argv[1:]))

"""A limit for the memory of this process: a hostile file ends a command, and nothing else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Final

# The largest program or description that is accepted takes half of it.
MEMORY_MAX: Final = 1 << 30

_STATUS: Final = Path("/proc/self/statm")  # first number: pages of address space


@contextlib.contextmanager
def bounded_memory() -> Generator[None]:
    """Let what takes more than this in addition end in a MemoryError; on Linux only."""
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + MEMORY_MAX
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    import resource

    return int(_STATUS.read_text().split()[0]) * resource.getpagesize()

from __future__ import annotations

import sys

import pytest

from scrutiny.cli.bounded_memory import MEMORY_MAX, bounded_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a limit that only Linux keeps")


def test_more_than_the_limit_is_refused_and_then_allowed_again() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with bounded_memory(), pytest.raises(MemoryError):
        bytearray(MEMORY_MAX + (64 << 20))

    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_limit_that_is_lower_already_stays() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with bounded_memory():
        outer, _ = resource.getrlimit(resource.RLIMIT_AS)
        with bounded_memory():
            assert resource.getrlimit(resource.RLIMIT_AS)[0] <= outer

    assert resource.getrlimit(resource.RLIMIT_AS) == (soft, hard)

"""The reference device for all targets, built when the first test asks for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.reference_device import Target
from tests.support.reference_process import build_for

CommandOf = Callable[[Target], list[str | Path]]


@pytest.fixture(scope="session")
def c_device_command(tmp_path_factory: pytest.TempPathFactory) -> CommandOf:
    """What runs the C library on a target."""

    @cache
    def command(target: Target) -> list[str | Path]:
        return build_for(target, tmp_path_factory.mktemp("reference_device"))

    return command

"""Programs that many tests run, built when the first one asks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.avr_board import build_avr_emulator
from tests.support.example_board import CannotBuild
from tests.support.missing_tools import cannot_run
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


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator of AVR boards."""
    try:
        return build_avr_emulator(tmp_path_factory.mktemp("emulator"))
    except CannotBuild as reason:
        cannot_run(f"{reason}")

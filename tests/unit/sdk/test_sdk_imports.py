"""What users import, and what that must not drag in."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORBIDDEN = (
    "scrutiny.server",
    "scrutiny.firmware_link",
    "asyncio",
    "websockets",
    "numpy",
    "pandas",
    "matplotlib",
)


@pytest.mark.parametrize(
    "module", ["scrutiny.sdk", "scrutiny.sdk.client", "scrutiny.sdk.datalogging"]
)
def test_imports_are_light(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {FORBIDDEN} if m in sys.modules])"

    imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert imported.stdout.strip() == "[]"


def test_who_records_nothing_does_not_wait_for_recording() -> None:
    code = "import sys, scrutiny.sdk.client; print('scrutiny.sdk.acquisition' in sys.modules)"

    imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert imported.stdout.strip() == "False"


def test_everything_named_by_the_package_exists() -> None:
    from scrutiny import sdk

    assert [name for name in sdk.__all__ if not hasattr(sdk, name)] == []

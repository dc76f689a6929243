"""What becomes of a test that needs something that is not here."""

from __future__ import annotations

import os
from typing import Final, NoReturn

import pytest

NOT_APPLICABLE: Final = "does not apply: "


def cannot_run(reason: str) -> NoReturn:
    """Skip it with the reason; where nobody looks, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def does_not_apply(reason: str) -> NoReturn:
    """Skip a test of what is not there, and what nothing that can be installed would bring."""
    pytest.skip(f"{NOT_APPLICABLE}{reason}")

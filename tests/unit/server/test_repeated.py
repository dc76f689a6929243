"""What the log tells of a fact that many cause."""

from __future__ import annotations

import logging

import pytest

from scrutiny.server.api.repeated import RepeatedWarning


def test_many_warnings_become_one_and_a_number(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    warning = RepeatedWarning(logging.getLogger("test"), lambda: now_s)
    for _ in range(5):
        warning.tell("turned away")
    assert caplog.messages == ["turned away"]

    now_s += 60.0
    warning.tell("turned away")

    assert caplog.messages[1:] == ["turned away (4 others before)"]

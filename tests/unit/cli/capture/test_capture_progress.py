from __future__ import annotations

import io
import logging
import sys

import pytest

from scrutiny.cli.capture.progress import capture_progress
from scrutiny.cli.capture.stages import Stage


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding)

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_people_see_a_line_that_changes(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    terminal = Terminal(encoding)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    with capture_progress() as show:
        show(Stage("queued behind [bold]Søren\u2192", is_before_trigger=True))
        show(Stage("waiting for the trigger", is_before_trigger=True, is_armed=True))
        show(Stage("acquiring", 0.4))

    text = terminal.shown()
    assert "acquiring" in text
    assert "40%" in text


def test_logs_get_a_line_per_change(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)

    with caplog.at_level(logging.INFO), capture_progress() as show:
        for ratio in (0.1, 0.5, 0.9):
            show(Stage("acquiring", ratio))
        show(Stage("downloading", 0.1))

    assert caplog.messages == ["acquiring", "downloading"]
    assert errors.getvalue() == ""

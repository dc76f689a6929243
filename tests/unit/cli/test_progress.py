from __future__ import annotations

import io
import sys

import pytest

from scrutiny.cli.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_people_see_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with progress_bar("Reading symbols") as progress:
        assert terminal.getvalue() == ""
        progress(1, 4)
        progress(4, 4)

    assert "Reading symbols" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_programs_see_none(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Reading symbols") as progress:
        progress(1, 4)

    assert capsys.readouterr() == ("", "")

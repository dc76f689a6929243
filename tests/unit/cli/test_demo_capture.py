from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from scrutiny.cli import demo_capture
from scrutiny.cli.capture.errors import CaptureRefused


def test_the_samples_go_where_the_demo_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo_capture.default_csv_file() == "scrutiny-demo.csv"


def test_from_a_read_only_folder_they_go_to_the_one_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str) -> None:
        raise CaptureRefused(name)

    monkeypatch.setattr(demo_capture, "check_file", refuse)
    assert Path(demo_capture.default_csv_file()).parent == Path(tempfile.gettempdir())

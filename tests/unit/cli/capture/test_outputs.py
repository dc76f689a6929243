from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from scrutiny.cli.capture.errors import CaptureRefused
from scrutiny.cli.capture.outputs import (
    as_json,
    check_file,
    check_pictures,
    write_csv_file,
    write_picture,
)
from tests.unit.sdk.acquisition_bench import make_acquisition


def test_a_csv_is_what_the_acquisition_writes(tmp_path: Path) -> None:
    acquisition = make_acquisition()
    write_csv_file(acquisition, f"{tmp_path}/a.csv")
    acquisition.to_csv(tmp_path / "b.csv")

    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_csv_can_go_to_standard_output(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_csv_file(make_acquisition(), "-")
    make_acquisition().to_csv(tmp_path / "a.csv")

    assert capfdbinary.readouterr().out == (tmp_path / "a.csv").read_bytes()


def test_a_picture_is_a_png(tmp_path: Path) -> None:
    write_picture(make_acquisition(), f"{tmp_path}/a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_json_holds_everything() -> None:
    acquisition = make_acquisition()
    assert json.loads(as_json(acquisition)) == {
        "reference_id": "0f3c" * 8,
        "name": "Startup",
        "firmware_id": "0011" * 8,
        "firmware_name": "Pump V3.1",
        "time": "2026-03-01T08:30:00.250000",
        "trigger_index": 1,
        "x": {"name": "Time (ideal)", "path": None, "data": [-0.001, 0.0, 0.001]},
        "signals": [
            {"axis": "states", "name": "state", "path": None, "data": [1, 2, (1 << 63) - 1]},
            {
                "axis": "rpm",
                "name": "speed",
                "path": "/alias/speed",
                "data": [98.0, 101.5, "nan"],
            },
            {"axis": "rpm", "name": "setpoint", "path": None, "data": [100, 100, 100]},
        ],
    }
    assert "\n" not in as_json(acquisition)


def test_a_file_that_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    check_file(f"{tmp_path}/new.csv")
    check_file("-")
    check_file("new.csv")
    with pytest.raises(CaptureRefused, match=r"there is no folder .*nowhere"):
        check_file(f"{tmp_path}/nowhere/new.csv")
    with pytest.raises(CaptureRefused, match="is a folder"):
        check_file(f"{tmp_path}")


def test_rights_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_rights(path: Path, mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", no_rights)
    with pytest.raises(CaptureRefused, match="permission denied"):
        check_file(f"{tmp_path}/new.csv")


def test_what_pictures_need_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    check_pictures()

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CaptureRefused, match=r"pip install 'scrutiny-bridge\[analysis\]'"):
        check_pictures()

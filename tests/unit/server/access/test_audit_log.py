"""Every change leaves a line, whatever the disk does, and old lines go."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrutiny.server.access import audit_log
from scrutiny.server.access.audit_log import CONFIRMED, MOST_FILES, AuditLog, Change
from scrutiny.server.access.identity import Identity
from scrutiny.server.access.rights import Role

BENCH = Identity("bench", Role.OPERATOR)


def logged(file: Path | None, *steps: Callable[[AuditLog], None]) -> None:
    """Let a log take these steps, each in a turn of the loop of its own."""

    async def run() -> None:
        log = AuditLog(file, asyncio.get_running_loop())
        for step in steps:
            step(log)
            await asyncio.sleep(0)
        await log.close()

    asyncio.run(run())


def note(change: Change, result: str = CONFIRMED) -> Callable[[AuditLog], None]:
    return lambda log: log.note(BENCH, "127.0.0.1:50412", change, result)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_tells_who_changed_what_and_how_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "new" / "audit.jsonl"

    logged(
        file,
        note(Change("write", "/rpv/x1000", 12, 15)),
        note(Change("write", "/rpv/x1000", 15, 1.5), "timed out"),
    )

    first, second = lines(file)
    assert first.pop("time").endswith("Z")
    assert first == {
        "who": "bench",
        "role": "operator",
        "address": "127.0.0.1:50412",
        "action": "write",
        "target": "/rpv/x1000",
        "old": 12,
        "new": 15,
        "result": "confirmed",
    }
    assert second["result"] == "timed out"


@pytest.mark.parametrize(
    ("value", "written"),
    [(math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"), (True, True), (None, None)],
)
def test_every_value_can_be_written(tmp_path: Path, value: float | None, written: object) -> None:
    logged(tmp_path / "audit.jsonl", note(Change("write", "x", value, value)))

    line = lines(tmp_path / "audit.jsonl")[0]
    assert (line["old"], line["new"]) == (written, written)


def test_a_new_server_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    for _ in range(2):
        logged(tmp_path / "audit.jsonl", note(Change("write", "x")))

    assert len(lines(tmp_path / "audit.jsonl")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes")
def test_only_its_account_reads_it(tmp_path: Path) -> None:
    logged(tmp_path / "audit.jsonl", note(Change("write", "x")))

    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600


def test_files_are_turned_over_and_the_oldest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "LARGEST_FILE", 1000)
    monkeypatch.setattr(audit_log, "HAND_OVER_S", 0)
    steps = [note(Change("write", str(number))) for number in range(200)]

    logged(tmp_path / "audit.jsonl", *steps)

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        *(f"audit.{number}.jsonl" for number in range(1, MOST_FILES + 1)),
        "audit.jsonl",
    ]
    assert all(file.stat().st_size <= 1000 for file in files)
    in_order = [*reversed(files[:-1]), files[-1]]
    kept = [int(line["target"]) for file in in_order for line in lines(file)]
    assert kept == list(range(kept[0], 200))


def test_what_cannot_be_written_is_counted_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file, is_full = tmp_path / "audit.jsonl", True
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if is_full:
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    async def run() -> None:
        nonlocal is_full
        loop = asyncio.get_running_loop()
        for state in (True, False):
            is_full = state
            log = AuditLog(file, loop)
            for number in range(3):
                note(Change("write", str(number)))(log)
                await asyncio.sleep(0)
            await log.close()

    monkeypatch.setattr(os, "write", full)
    with caplog.at_level(logging.ERROR):
        asyncio.run(run())

    assert caplog.text.count("No space left on device") == 1
    assert [line["target"] for line in lines(file)] == ["0", "1", "2"]


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    logged(None, note(Change("write", "x")))

    assert list(tmp_path.iterdir()) == []

"""Whoever stores acquisitions can be killed at any moment: what it said it had done is there.

``SCRUTINY_KILL_COUNT`` sets how often that is tried.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.opening import database_in
from tests.support.acquisition_writer import made
from tests.support.acquisitions import content
from tests.support.example_board import ROOT
from tests.support.peer_database import HandmadePeerDatabase

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")

COUNT: Final = int(os.environ.get("SCRUTINY_KILL_COUNT", "50"))
SEED: Final = 0x9111ED


class Nursery:
    """Starts writers, and kills them."""

    def __init__(self, place_of_copies: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.acquisition_writer"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(place_of_copies)},  # those of the killed stay
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run_and_kill(self, folder: Path, seed: int | None, life_s: float) -> list[str]:
        """Let a writer live for some time; returns what it has told."""
        order = {"folder": str(folder), "seed": seed}
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        told: list[str] = []
        child = 0
        while not child:
            told.append(self._line())
            if told[-1].startswith("pid "):
                child = int(told.pop()[4:])
        time.sleep(life_s)  # the moment is the point of it
        os.kill(child, signal.SIGKILL)
        while (line := self._line()) != "ended":
            told.append(line)
        return told

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait() == 0

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the writer has failed"
        return line.rstrip("\n")


@pytest.fixture
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("copies"))
    yield nursery
    nursery.close()


def after(change: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """Return names by reference id after a change."""
    if "add" in change:
        return {**names, change["add"]: "Startup"}
    if "rename" in change:
        return {**names, change["rename"]: change["name"]}
    if "delete" in change:
        return {key: name for key, name in names.items() if key != change["delete"]}
    return {}


def check_integrity(file: Path) -> None:
    """Let SQLite look through all of a database."""
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def test_a_writer_that_is_killed_loses_at_most_what_it_was_about_to_do(
    nursery: Nursery, tmp_path: Path
) -> None:
    random = Random(SEED)
    names: dict[str, str] = {}
    done = in_doubt = 0
    for _ in range(COUNT):
        told = nursery.run_and_kill(tmp_path, random.getrandbits(64), random.random() * 0.2)

        if not database_in(tmp_path).exists():
            continue
        allowed: list[dict[str, str]] = [names]
        for line in told:
            word, _, text = line.partition(" ")
            if word == "begun":
                allowed.append(after(json.loads(text), names))
            elif word == "done":
                names = after(json.loads(text), names)
                allowed = [names]
                done += 1
        in_doubt += len(allowed) - 1
        check_integrity(database_in(tmp_path))
        database = AcquisitionDatabase.open(database_in(tmp_path))
        names = {one.reference_id: one.name for one in database.summaries()}
        assert names in allowed
        for reference_id, name in names.items():
            read, expected = database.read(reference_id), made(reference_id, name)
            assert content(read)[3:7] == (name, read.time_s, 1, expected.axes)
            assert [one.samples.tobytes() for one in (read.x, *read.series)] == [
                one.samples.tobytes() for one in (expected.x, *expected.series)
            ]
        database.close()

    assert done > COUNT
    assert in_doubt > COUNT / 10


def test_a_server_that_is_killed_while_it_begins_finds_everything_the_next_time(
    nursery: Nursery, tmp_path: Path
) -> None:
    random = Random(SEED + 1)
    expected = [f"{number:032x}" for number in range(30)]
    peer = HandmadePeerDatabase(tmp_path / "scrutiny_datalog.sqlite")
    for reference_id in expected:
        peer.add(reference_id, x=range(500), columns=[range(500)])
    original = peer.close()
    before = original.read_bytes()
    killed_early = 0
    for number in range(COUNT // 5):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shutil.copy(original, folder)

        while "opened" not in nursery.run_and_kill(folder, None, random.random() * 0.2):
            killed_early += 1
            if database_in(folder).exists():
                check_integrity(database_in(folder))

        database = AcquisitionDatabase.open(database_in(folder))
        assert sorted(one.reference_id for one in database.summaries()) == expected
        database.close()
        assert (folder / original.name).read_bytes() == before
        assert [path.name for path in folder.glob("*damaged*")] == []
        shutil.rmtree(folder)

    assert killed_early > COUNT / 20

"""The session id that outlives a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrutiny.server.session_memory import SessionMemory

LINK = "serial:/dev/ttyACM0?baudrate=115200"


def test_what_was_remembered_is_recalled_by_another_object(tmp_path: Path) -> None:
    SessionMemory(tmp_path / "new" / "folder").remember(LINK, 42)

    assert SessionMemory(tmp_path / "new" / "folder").recall(LINK) == 42
    assert SessionMemory(tmp_path / "new" / "folder").recall("tcp://other:1") is None


def test_a_closed_session_is_forgotten(tmp_path: Path) -> None:
    memory = SessionMemory(tmp_path)
    memory.remember(LINK, 0)
    memory.remember("udp://other:1", 5)

    memory.forget(LINK)
    memory.forget(LINK)

    assert memory.recall(LINK) is None
    assert memory.recall("udp://other:1") == 5


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"LINK": {"session_id": "x"}}'])
def test_a_damaged_file_is_no_memory_and_no_failure(tmp_path: Path, content: str) -> None:
    (tmp_path / "sessions.json").write_text(content.replace("LINK", LINK), encoding="utf-8")
    memory = SessionMemory(tmp_path)

    assert memory.recall(LINK) is None
    memory.remember(LINK, 1)
    assert memory.recall(LINK) == 1


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")

    SessionMemory(blocked / "below").remember(LINK, 1)

    assert SessionMemory(blocked / "below").recall(LINK) is None


@pytest.mark.skipif(sys.platform == "win32", reason="processes are told apart on POSIX only")
def test_the_session_of_a_running_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        record = {LINK: {"session_id": 3, "pid": other.pid}}
        (tmp_path / "sessions.json").write_text(json.dumps(record), encoding="utf-8")
        memory = SessionMemory(tmp_path)

        while_it_runs = memory.recall(LINK)
        other.communicate(b"\n")

    assert while_it_runs is None
    assert memory.recall(LINK) == 3
    assert os.getpid() != other.pid


@pytest.mark.skipif(sys.platform != "linux", reason="told apart on Linux only")
def test_a_process_that_ended_unnoticed_by_its_parent_has_ended(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        record = {LINK: {"session_id": 3, "pid": other.pid}}
        (tmp_path / "sessions.json").write_text(json.dumps(record), encoding="utf-8")

        recalled = SessionMemory(tmp_path).recall(LINK)

    assert recalled == 3


@pytest.mark.parametrize(
    "record",
    [
        {"session_id": 2**40, "pid": 1},
        {"session_id": -1, "pid": 1},
        {"session_id": 1, "pid": 10**12},
        {"session_id": 1, "pid": 0},
    ],
)
def test_numbers_that_cannot_be_are_no_memory(tmp_path: Path, record: dict[str, int]) -> None:
    (tmp_path / "sessions.json").write_text(json.dumps({LINK: record}), encoding="utf-8")

    assert SessionMemory(tmp_path).recall(LINK) is None

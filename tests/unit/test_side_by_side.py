"""`make test` runs two lanes at once: nothing that one of them says is lost, and no failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

TOOL: Final = Path(__file__).resolve().parents[2] / "tools" / "side_by_side.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs lines for a POSIX shell")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False
    )


def test_they_run_at_once_and_are_heard_one_after_the_other(tmp_path: Path) -> None:
    lane = tmp_path / "lane"
    # Each goes on when the other has come as far; one after the other, they would wait for ever.
    result = run(
        f"mkfifo {lane}; echo first; echo go >{lane}; echo last of the first",
        f"until [ -p {lane} ]; do sleep 0.01; done; echo second; cat {lane}",
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "first\nlast of the first\nsecond\ngo\n"


@pytest.mark.parametrize(
    ("command", "beside", "code"), [(3, 0, 3), (0, 4, 4), (3, 4, 3), (0, 0, 0)]
)
def test_it_fails_if_one_of_them_does(command: int, beside: int, code: int) -> None:
    result = run(f"echo a; exit {command}", f"echo b >&2; exit {beside}")

    assert (result.stdout, result.returncode) == ("a\nb\n", code)


def test_more_than_a_pipe_holds_does_not_stop_the_second() -> None:
    result = run("true", "yes | head -n 500000; echo end")

    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 500_001


def test_the_second_gives_way_to_everything_else() -> None:
    assert run("nice", "nice").stdout.split()[1] == "19"


def test_without_two_commands_it_tells_how_it_is_used() -> None:
    result = run("true")

    assert result.returncode == 2
    assert "side_by_side.py COMMAND BESIDE" in result.stderr

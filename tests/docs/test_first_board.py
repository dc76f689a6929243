"""What docs/first-board.md says that the doctor prints: each situation is there for real."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scrutiny.cli.main import main
from tests.support.documents import blocks_of
from tests.support.example_board import ROOT, Board
from tests.support.processes import DEADLINE_S
from tests.support.wrong_turns import WRONG_TURNS, WRONG_TURNS_HERE, Situation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs pseudo terminals, and ELF")

PAGE = "docs/first-board.md"
SHOWN = {b.options["doctor"]: b.text for b in blocks_of(PAGE) if "doctor" in b.options}
Printed = Mapping[str, "Future[str]"]
# What the page calls the place that a test has under another name.
PLACE = re.compile(r"/dev/ttyACM\d|192\.168\.1\.20:12345")
OF_THE_RUN = (
    (re.compile(r"within \S+ ms"), "within # ms"),
    (re.compile(r"\(process \d+\)"), "(process #)"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "#"),
    (re.compile(r"usermod -aG \w+"), "usermod -aG #"),
    (re.compile(r"Found: .*?\. "), "Found: #. "),
    (re.compile(r"no serial port has been found\. "), "Found: #. "),
    (re.compile(r"\(\d+ octets\)|\b\d+ octets came"), "# octets"),
)
# Here the doctor waits for octets that do not come, which takes ten seconds. The others come one by
# one: what answers is a thread of this process, and nothing may keep it from answering in time.
MOSTLY_WAITING = ("nothing", "telemetry")


def normalised(text: str) -> str:
    """Return the words of a text, without what is another in each run."""
    words = " ".join(text.split())
    for pattern, name in OF_THE_RUN:
        words = pattern.sub(name, words)
    return words


def command_of(name: str) -> tuple[list[str], str]:
    """Return the arguments of the command that a block shows, and the place in them."""
    line, _, _ = SHOWN[name].partition("\n")
    prompt, program, *arguments = shlex.split(line)
    assert (prompt, program) == ("$", "scrutiny")
    (place,) = PLACE.findall(line)
    return arguments, place


@pytest.fixture(scope="module")
def printed(described_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """What the doctor prints in each situation."""

    @contextlib.contextmanager
    def well(folder: Path) -> Generator[str]:
        board = Board(described_program, folder / "board")
        yield f"{board.port}"
        board.kill()

    def ask(name: str, situation: Situation, folder: Path) -> str:
        arguments, place = command_of(name)
        with situation(folder) as real:
            words = [argument.replace(place, real) for argument in arguments]
            result = subprocess.run(
                [sys.executable, "-m", "scrutiny.cli.main", *words],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=3 * DEADLINE_S,
                check=False,
            )
        assert result.stderr == ""
        return result.stdout.replace(real, place)

    with ThreadPoolExecutor(len(MOSTLY_WAITING)) as aside, ThreadPoolExecutor(1) as one_by_one:
        yield {
            name: (aside if name in MOSTLY_WAITING else one_by_one).submit(
                ask, name, situation, tmp_path_factory.mktemp("place")
            )
            for name, situation in {"well": well, **WRONG_TURNS}.items()
        }


@pytest.mark.parametrize("name", ["well", *WRONG_TURNS])
def test_the_page_shows_what_the_doctor_prints(name: str, printed: Printed) -> None:
    _, _, shown = SHOWN[name].partition("\n")
    assert normalised(printed[name].result()) == normalised(shown)


@pytest.mark.parametrize("name", WRONG_TURNS_HERE)
def test_the_page_shows_what_the_doctor_prints_here(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments, place = command_of(name)
    _, _, shown = SHOWN[name].partition("\n")

    with WRONG_TURNS_HERE[name](tmp_path) as real:
        code = main([argument.replace(place, real) for argument in arguments])

    output = capsys.readouterr().out
    assert normalised(output.replace(real, place)) == normalised(shown)
    assert code == 1


def test_the_page_has_every_situation_once() -> None:
    options = [b.options["doctor"] for b in blocks_of(PAGE) if "doctor" in b.options]
    assert sorted(options) == sorted(["well", *WRONG_TURNS, *WRONG_TURNS_HERE])


def test_no_output_of_the_doctor_is_made_up() -> None:
    for block in blocks_of(PAGE):
        assert ("scrutiny doctor" in block.text) == ("doctor" in block.options), block

"""What docs/recording.md and the README say about recordings, carried out word by word."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrutiny.cli.capture.trigger_text import parse_trigger
from scrutiny.sdk.datalogging import TriggerCondition
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.example_board import ROOT, description_of
from tests.support.processes import LoggedProcess
from tests.support.scope_desk import Desk
from tests.support.verb_desk import ENVIRONMENT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

DOC = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(match[1], match[2]) for match in BLOCK.finditer(DOC)]
USUAL_PORT, USUAL_FOLDER = "8765", "~/.local/share/server"


class Reader:
    """Does what the documents say, at a desk, in a folder of its own."""

    def __init__(self, desk: Desk, data_folder: Path, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self._data_folder = data_folder
        self._names: dict[str, Any] = {}

    def arguments(self, line: str) -> list[str]:
        """Return a command as it has to be called here: other port, other folders."""
        program, verb, *rest = shlex.split(line)
        assert program == "scrutiny", line
        rest = [part.replace(USUAL_FOLDER, str(self._data_folder)) for part in rest]
        if verb == "scope":
            return self.desk.command(*rest)
        if "ID" in rest:
            newest = self.desk.client.list_stored_datalogging_acquisitions(count=1)[0]
            rest[rest.index("ID")] = newest.reference_id
        return [sys.executable, "-m", "scrutiny.cli.main", verb, *rest]

    @property
    def environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, "SCRUTINY_DATA_FOLDER": str(self._data_folder)}

    def run_command(self, line: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            self.arguments(line),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, (line, result.stderr)
        return result

    def run_python(self, program: str) -> None:
        text = program.replace(USUAL_PORT, f"{self.desk.server.tcp_port}")
        exec(compile(text, "recording.md", "exec"), self._names)

    def close(self) -> None:
        if (client := self._names.get("client")) is not None:
            client.disconnect()


@pytest.fixture
def reader(
    described_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    data_folder, folder = tmp_path / "data" / "server", tmp_path / "here"
    DescriptionStore(data_folder).install(description_of(described_program))
    folder.mkdir()
    monkeypatch.chdir(folder)
    with Bench(described_program, tmp_path) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        client = bench.connect(server)
        expect_event(client, Events.SFDLoadedEvent)
        desk = Desk(board, server, client)
        reader = Reader(desk, data_folder, folder)
        yield reader
        reader.close()
        desk.clear()


def commands(block: str) -> list[str]:
    return block.replace("\\\n", " ").splitlines()


def test_every_block_does_what_it_says(reader: Reader, tmp_path: Path) -> None:
    """In their order; a command that waits for a step gets it from the script that follows it."""
    waiting: LoggedProcess | None = None
    for language, block in BLOCKS:
        if language == "python":
            reader.run_python(block)
            if waiting is not None:
                assert waiting.finish() == 0, waiting.lines
                assert any("Step of the setpoint: 1001 samples" in line for line in waiting.lines)
                waiting = None
        for line in commands(block) if language == "sh" else ():
            if "demo --keep" in line:
                continue  # the desk takes its place; tests/e2e/test_demo.py runs it
            if "rises by 500" in line:
                waiting = LoggedProcess(reader.arguments(line), environment=reader.environment)
                waiting.wait_for_line("^waiting for the trigger$")
            else:
                reader.run_command(line)

    assert (reader.folder / "step.png").read_bytes().startswith(b"\x89PNG")
    assert (reader.folder / "step.csv").read_text().startswith("Acquisition Name,")
    assert (reader.folder / "backup" / "acquisitions.sqlite3").exists()


def test_the_list_that_is_shown_is_the_real_one(reader: Reader) -> None:
    (line,) = [line for _, block in BLOCKS for line in commands(block) if "--list " in line]
    shown = next(block for language, block in BLOCKS if language == "text" and "Buffer:" in block)
    assert reader.run_command(line).stdout == shown


TABLE = re.findall(r"^\| `'([^`]*)'` \| `(\w+)`", DOC, re.MULTILINE)


def test_the_table_has_triggers_of_all_conditions() -> None:
    named = {name for _, name in TABLE} | set(re.findall(r"`(\w+)`", DOC))
    assert {condition.name for condition in TriggerCondition} <= named
    assert len(TABLE) >= 7


@pytest.mark.parametrize(("trigger", "condition"), TABLE)
def test_the_table_tells_conditions_right(trigger: str, condition: str) -> None:
    assert parse_trigger(trigger).condition is TriggerCondition[condition]


def test_the_server_takes_every_trigger_of_the_table(reader: Reader) -> None:
    for trigger, _ in TABLE:
        result = reader.desk.run(
            *("--signal", "/rpv/x1001", "--trigger", trigger, "--timeout", "0.2", "--quiet")
        )
        is_missed = "no trigger within 200 ms" in result.stderr
        assert result.returncode == (1 if is_missed else 0), (trigger, result.stderr)


def test_the_readme_shows_a_command_that_works(reader: Reader) -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("scrutiny scope ")]
    assert "samples" in reader.run_command(line).stdout


def test_what_is_shown_fits_the_usual_terminal() -> None:
    (plot,) = [block for _, block in BLOCKS if block.startswith("Step of the setpoint")]
    assert len(plot.splitlines()) <= 24
    assert max(map(len, plot.splitlines())) <= 80


@pytest.mark.parametrize(
    "document", ["docs/recording.md", "docs/recording-cost.md", "docs/variables.md", "README.md"]
)
def test_every_link_leads_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target

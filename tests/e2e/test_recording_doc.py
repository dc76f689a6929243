"""What docs/recording.md says in tables and figures; its blocks are carried out elsewhere."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.cli.capture.trigger_text import parse_trigger
from scrutiny.sdk.datalogging import TriggerCondition
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.documents import blocks_of
from tests.support.example_board import ROOT, description_of
from tests.support.scope_desk import Desk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

PAGE = "docs/recording.md"
DOC = (ROOT / PAGE).read_text(encoding="utf-8")
SHOWN = [block.text for block in blocks_of(PAGE) if block.language == "text"]
TABLE = re.findall(r"^\| `'([^`]*)'` \| `(\w+)`", DOC, re.MULTILINE)


@pytest.fixture
def desk(described_program: Path, tmp_path: Path) -> Iterator[Desk]:
    DescriptionStore(tmp_path / "data" / "server").install(description_of(described_program))
    with Bench(described_program, tmp_path) as bench:
        board = bench.start_board()
        server = bench.start_server(board.port)
        client = bench.connect(server)
        expect_event(client, Events.SFDLoadedEvent)
        desk = Desk(board, server, client)
        yield desk
        desk.clear()


def test_the_list_that_is_shown_is_the_real_one(desk: Desk) -> None:
    (line,) = re.findall(r"^scrutiny scope (--list .*)$", DOC, re.MULTILINE)
    (shown,) = [text for text in SHOWN if "Buffer:" in text]
    assert desk.run(*shlex.split(line)).stdout == shown


def test_the_table_has_triggers_of_all_conditions() -> None:
    named = {name for _, name in TABLE} | set(re.findall(r"`(\w+)`", DOC))
    assert {condition.name for condition in TriggerCondition} <= named
    assert len(TABLE) >= 7


@pytest.mark.parametrize(("trigger", "condition"), TABLE)
def test_the_table_tells_conditions_right(trigger: str, condition: str) -> None:
    assert parse_trigger(trigger).condition is TriggerCondition[condition]


def test_the_server_takes_every_trigger_of_the_table(desk: Desk) -> None:
    for trigger, _ in TABLE:
        result = desk.run(
            *("--signal", "/rpv/x1001", "--trigger", trigger, "--timeout", "0.2", "--quiet")
        )
        is_missed = "no trigger within 200 ms" in result.stderr
        assert result.returncode == (1 if is_missed else 0), (trigger, result.stderr)


def test_what_is_shown_fits_the_usual_terminal() -> None:
    (plot,) = [text for text in SHOWN if text.startswith("Step of the setpoint")]
    assert len(plot.splitlines()) <= 24
    assert max(map(len, plot.splitlines())) <= 80

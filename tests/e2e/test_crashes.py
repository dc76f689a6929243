"""A server may be killed at any moment: what its clients were told is true afterwards.

``benchmarks/crashes.py`` does the same more often.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.opening import database_in
from tests.support.acquisitions import acquisition
from tests.support.crash_autopsy import Autopsy
from tests.support.crash_ledger import LEVEL, TICKS, Capture, Ledger
from tests.support.crash_rounds import CrashRounds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")

KILLS = 8
SEED = 3

ID = "00112233445566778899aabbccddeeff"


def test_what_clients_were_told_outlives_the_server(board_program: Path, tmp_path: Path) -> None:
    with CrashRounds(board_program, tmp_path, SEED) as rounds:
        for _ in range(KILLS):
            rounds.kill_one()
        rounds.end_well()

    assert rounds.ledger.problems == []
    assert rounds.autopsy.good_count == KILLS + 1
    assert rounds.autopsy.checked_count > KILLS
    assert rounds.under_way["capture"] > 0
    assert len(rounds.recorded_s) > KILLS / 2  # servers that have recorded again


@pytest.fixture
def ledger() -> Ledger:
    """What a client knows that has had one recording, and was told of it."""
    ledger = Ledger()
    capture = Capture("1.1", decimation=2, level=7)
    with ledger.capturing(capture):
        pass
    ledger.told_of_end(ID, capture)
    return ledger


def problems_with(
    ledger: Ledger,
    folder: Path,
    *,
    name: str = "1.1",
    ticks: tuple[int, ...] = (10, 12, 14, 16),
    levels: tuple[int, ...] = (6, 6, 7, 7),
    trigger: int = 2,
) -> list[str]:
    """Store an acquisition, and return what is found to be wrong with it."""
    stored = acquisition(
        *(array("q", column) for column in (range(len(ticks)), ticks, levels)),
        reference_id=ID,
        name=name,
        trigger_index=trigger,
    )
    named = (replace(stored.series[0], name=TICKS), replace(stored.series[1], name=LEVEL))
    database = AcquisitionDatabase.open(database_in(folder))
    database.add(replace(stored, series=named))
    database.close()
    Autopsy(ledger, 4).perform(folder)
    return ledger.problems


def test_the_autopsy_is_content_with_what_is_as_it_was_told(ledger: Ledger, tmp_path: Path) -> None:
    assert problems_with(ledger, tmp_path) == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"ticks": (10, 12, 14, 15)},
        {"ticks": (10, 12, 14), "levels": (6, 6, 7)},
        {"levels": (6, 6, 7, 6)},
        {"trigger": 0},
        {"trigger": 3},
        {"trigger": 4},
        {"name": "1.1 renamed"},
        {"name": "another"},
    ],
    ids=str,
)
def test_the_autopsy_notices_what_is_not(
    ledger: Ledger, tmp_path: Path, trouble: dict[str, object]
) -> None:
    assert problems_with(ledger, tmp_path, **trouble) != []  # type: ignore[arg-type]


def test_the_autopsy_notices_what_is_gone_or_was_not_deleted(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.told_of("f" * 32)
    with ledger.deleting(ID):
        pass

    assert [problem.split(" ")[0] for problem in problems_with(ledger, tmp_path)] == [ID, "f" * 32]


def test_what_was_in_doubt_may_have_been_done_or_not(ledger: Ledger, tmp_path: Path) -> None:
    for name in ("1.1", "1.1 renamed 1"):
        ledger.entries[ID].names = ["1.1", "1.1 renamed 1"]
        ledger.entries[ID].may_be_gone = True
        folder = tmp_path / name
        folder.mkdir()

        assert problems_with(ledger, folder, name=name) == []
        assert ledger.entries[ID].names == [name]

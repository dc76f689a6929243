"""docs/boards.md lists the boards that there are, and what is tested on them."""

from __future__ import annotations

import re
import sys

import pytest

from tests.support.example_board import ROOT

if sys.platform == "win32":
    pytest.skip("emulators are reached over sockets with file names", allow_module_level=True)

from tests.support.board_kinds import BOARD_KINDS

PAGE = (ROOT / "docs/boards.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells[3:]
    for line in re.findall(r"^\| (`.*) \|$", PAGE, re.MULTILINE)
    if len(cells := [cell.strip() for cell in line.split("|")]) == 6
}
BUILT = {file.stem for file in (ROOT / "firmware_example/boards").glob("*.mk")}


def boards_with(column: int, word: str = "yes") -> set[str]:
    return {name for name, cells in ROWS.items() if cells[column].startswith(word)}


def test_every_board_that_is_built_is_listed() -> None:
    assert set(ROWS) == boards_with(0) == BUILT | {"host"}


def test_those_with_all_tests_are_told() -> None:
    """The stock server is connected to the same kinds."""
    assert boards_with(1) == boards_with(2) == {kind.name for kind in BOARD_KINDS}


def test_those_without_recordings_are_told() -> None:
    without = {kind.name for kind in BOARD_KINDS if not kind.has_recordings}
    assert boards_with(1, "yes, but recordings") == without


def test_every_page_of_a_board_is_linked() -> None:
    pages = {path.parent.name for path in (ROOT / "firmware_example/boards").glob("*/README.md")}
    assert set(re.findall(r"firmware_example/boards/(\w+)/README\.md", PAGE)) == pages != set()

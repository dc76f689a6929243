"""Every block of code of the documentation does what its page says."""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.core.firmware_id import PLACEHOLDER
from scrutiny.sfd.package import read_package
from scrutiny.sfd.store import DescriptionStore
from tests.support.bench import Bench, Events, expect_event
from tests.support.documents import OPTIONS, Block, blocks_of, pages
from tests.support.example_board import ROOT, Board, description_of
from tests.support.page_reader import USUAL_SERIAL_PORT, PageReader
from tests.support.server_process import home_environment

BLOCKS = [block for page in pages() for block in blocks_of(page)]
BOARD_PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "firmware_example/boards").glob("*/README.md"))
]
RUN = {"python", "sh", "json", "toml", "c"}
SHOWN = {"text"}  # compared with what the block before has shown, if it shows anything
EXEMPT = [block for block in BLOCKS if "notest" in block.options]
# What the motor begins with: gains, setpoint in rpm.
AT_FIRST = {"/rpv/x1005": 0.005, "/rpv/x1006": 0.15, "/rpv/x1000": 1500}
MOST_EXEMPT = 16


class Table:
    """The board and the server that all pages share, and the client that puts them in order.

    Attributes:
        other_board: a second one, for pages that start a server with a board.
    """

    def __init__(self, bench: Bench, home: Path, board: Path) -> None:
        self.board = board
        self._store = DescriptionStore(home / "data" / "server")
        self._store.install(description_of(board))
        self._installed = self._installed_octets()
        server = bench.start_server(bench.start_board().port)
        self.port = server.tcp_port
        self.other_board = Board(board, home / "other-board")
        self.environment = home_environment(home)
        self._client = bench.connect(server)
        expect_event(self._client, Events.SFDLoadedEvent)

    def clear(self) -> None:
        """Put away what the bench does not know."""
        self.other_board.kill()

    def tidy(self) -> None:
        """Bring the motor to where pages expect it, and end what they record or install."""
        if self._installed_octets() != self._installed:
            self._client.clear_event_queue()
            self._store.install(description_of(self.board))
            expect_event(self._client, Events.SFDLoadedEvent)
        for request in self._client.get_datalogging_requests():
            self._client.cancel_datalogging_request(request.token)
        for path, value in AT_FIRST.items():
            self._client.write_watchable(path, value)

    def _installed_octets(self) -> bytes:
        firmware_id = read_package(description_of(self.board)).firmware_id
        return self._store.path_of(firmware_id).read_bytes()


def untagged(program: Path) -> bytes:
    """Return a program as it was linked."""
    firmware_id = bytes.fromhex(read_package(description_of(program)).firmware_id)
    return program.read_bytes().replace(firmware_id, PLACEHOLDER)


@pytest.fixture(scope="module")
def table(described_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    home = tmp_path_factory.mktemp("home")
    (home / ".local").mkdir()
    (home / ".local" / "share").symlink_to(home / "data")
    with Bench(described_program, home) as bench:
        table = Table(bench, home, described_program)
        yield table
        table.clear()
    assert [server.complaints for server in bench.servers] == [[]]


@pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")
@pytest.mark.parametrize("page", [p for p in pages() if {b.language for b in blocks_of(p)} & RUN])
def test_page_does_what_it_says(
    page: str, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.tidy()
    folder = tmp_path / "here"
    monkeypatch.setattr(builtins, "input", lambda prompt="": "")
    places = {USUAL_SERIAL_PORT: f"{table.other_board.port}"}
    with PageReader(folder, table.port, table.environment, places) as reader:
        monkeypatch.chdir(folder)
        (folder / "firmware.elf").write_bytes(untagged(table.board))
        shutil.copy(ROOT / "firmware_example" / "aliases.json", folder)
        for block in blocks_of(page):
            reader.carry_out(block)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_block_can_be_tested(block: Block) -> None:
    """It has a language, options that are known, and a reason if it is not carried out."""
    assert set(block.options) <= OPTIONS
    if "notest" in block.options:
        assert len(block.options["notest"].split()) >= 3, "tell why in a few words"
    else:
        assert block.language in RUN | SHOWN


@pytest.mark.parametrize("page", pages())
def test_no_block_escapes(page: str) -> None:
    """No fence is indented, or written in a way that is not understood; no block has no fence."""
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = [line for line in text.splitlines() if line.lstrip().startswith("```")]
    assert len(fences) == 2 * len(blocks_of(page))
    outside = text.split("\n```")[::2]
    assert [part for part in outside if re.search(r"^[^-*\d\s|].*\n\n    \S", part, re.M)] == []


@pytest.mark.parametrize("page", [*pages(), *BOARD_PAGES])
def test_no_shell_takes_a_link_for_a_pattern(page: str) -> None:
    """An argument with a ? is quoted: zsh refuses it otherwise, and a & would end the command."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(r"(?:--link|scrutiny doctor) [^\s\"'`]*\?[^\s`]*", text) == []


def test_few_blocks_are_exempt() -> None:
    told = "\n".join(f"{block}: {block.options['notest']}" for block in EXEMPT)
    assert len(EXEMPT) <= MOST_EXEMPT, told


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
@pytest.mark.parametrize(
    ("shown", "is_like"),
    [
        ("speed  301 rpm, took 0.2 ms", True),
        ("speed 2501 rpm, took 0.2 ms", False),
        ("spede 301 rpm, took 0.2 ms", False),
        ("speed 301 rpm, took 0.2 ms\nand more", False),
    ],
)
def test_output_that_does_not_come_is_noticed(shown: str, is_like: bool, tmp_path: Path) -> None:
    with PageReader(tmp_path / "here", 8765, os.environ) as reader:
        reader.carry_out(Block("a page", 1, "sh", {}, "echo 'speed 308 rpm, took 34.5 ms'\n"))
        with contextlib.nullcontext() if is_like else pytest.raises(AssertionError, match="a page"):
            reader.carry_out(Block("a page", 5, "text", {}, f"{shown}\n"))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("sh", "false\ntrue\n"),
        ("python", "x = 1 / 0\n"),
        ("json", "{'a': 1}\n"),
        ("c", "int f(void) { return 1 }\n"),
    ],
)
def test_block_that_fails_is_noticed(language: str, text: str, tmp_path: Path) -> None:
    with PageReader(tmp_path / "here", 8765, os.environ) as reader, pytest.raises(Exception):  # noqa: B017, PT011
        reader.carry_out(Block("a page", 1, language, {}, text))

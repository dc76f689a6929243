from __future__ import annotations

from pathlib import Path

import pytest

from scrutiny.cli.main import main
from scrutiny.cli.output import one_line


def test_plain_text_stays_as_it_is() -> None:
    assert one_line("größer als 3 µs") == "größer als 3 µs"


def test_what_moves_a_cursor_or_turns_text_around_is_replaced() -> None:
    assert one_line("a\x1b[2Jb\nc\r\x07\u202e") == "a\ufffd[2Jb\ufffdc\ufffd\ufffd\ufffd"


def test_a_message_is_not_longer_than_anybody_reads() -> None:
    assert len(one_line("x" * 10_000_000)) < 3000


def test_names_in_a_file_reach_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = tmp_path / "x\x1b]0;title\x07\nerror: forged.elf"

    assert main(["elf2varmap", str(strange)]) == 1

    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\x07" not in err

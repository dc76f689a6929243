from __future__ import annotations

import io
import os

import pytest

from scrutiny.cli.plotting.terminal import Look, look_of


class Stream(io.TextIOWrapper):
    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def test_what_is_no_terminal_gets_80_columns_without_colours() -> None:
    pipe = Stream("utf-8", is_terminal=False)
    assert look_of(pipe, {"TERM": "xterm"}) == Look(80, 23, is_unicode=True, is_coloured=False)


@pytest.mark.parametrize(
    ("environment", "is_unicode", "is_coloured"),
    [
        ({"TERM": "xterm-256color"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "linux"}, False, True),
        ({"TERM": "dumb"}, False, False),
        ({}, True, True),
    ],
)
def test_a_terminal_gets_what_it_can_show(
    environment: dict[str, str], is_unicode: bool, is_coloured: bool
) -> None:
    look = look_of(Stream("utf-8", is_terminal=True), environment)
    assert (look.is_unicode, look.is_coloured) == (is_unicode, is_coloured)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_other_encodings_get_ascii(encoding: str) -> None:
    assert not look_of(Stream(encoding, is_terminal=False), {}).is_unicode


def test_a_plot_fills_the_terminal_but_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "132")
    monkeypatch.setenv("LINES", "50")
    look = look_of(Stream("utf-8", is_terminal=True))
    assert (look.width, look.height) == (132, 49)


def test_a_tiny_terminal_gets_more_than_it_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "5")
    monkeypatch.setitem(os.environ, "LINES", "2")
    look = look_of(Stream("utf-8", is_terminal=True))
    assert (look.width, look.height) == (30, 10)

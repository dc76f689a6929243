"""``scrutiny completion``: the scripts do their work in the shells that they are for."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrutiny.cli.completing.grammar import grammar_of_verbs
from scrutiny.cli.completing.words import next_segments
from scrutiny.cli.main import VERBS
from tests.support.missing_tools import cannot_run
from tests.support.terminal_process import TerminalProcess
from tests.support.verb_desk import ENVIRONMENT, PROGRAM, VerbDesk, run_here

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the board is an ELF program")

ENTER, TAB = "\r", "\t"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program ``scrutiny``, and a script for each shell."""
    folder = tmp_path_factory.mktemp("completion")
    program = folder / "scrutiny"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    for shell in ("bash", "zsh", "fish"):
        script = subprocess.run(
            [*PROGRAM, "completion", shell], env=ENVIRONMENT, capture_output=True, check=True
        )
        (folder / f"script.{shell}").write_bytes(script.stdout)
    return folder


def environment(home: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "PATH": f"{home}{os.pathsep}{os.environ['PATH']}",
        "HOME": f"{home}",
        "XDG_CONFIG_HOME": f"{home}",
        "XDG_DATA_HOME": f"{home}",
    }


# --------------------------------------------------------------------- bash


_ASK_BASH = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
_scrutiny
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash_offers(home: Path, line: str, words: list[str]) -> list[str]:
    result = subprocess.run(
        ["bash", "-c", _ASK_BASH, "bash", f"{home / 'script.bash'}", line, *words],
        env=environment(home),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert result.stderr == ""
    return [word for word in result.stdout.splitlines() if word]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["scrutiny", "stat"], ["status"]),
        (["scrutiny", "token", ""], ["add", "remove", "list", "show"]),
        (["scrutiny", "get", "--lo"], ["--loglevel", "--logfile"]),
        (["scrutiny", "get", "--loglevel", "d"], ["debug", "dumpdata"]),
        (["scrutiny", "--help", "noo"], ["noop"]),
        (["scrutiny", "get", "--host", "lo"], []),
        (["scrutiny", "doctor", "u"], ["udp://"]),
        (["scrutiny", "server", "--link", "mem"], ["memory:"]),
    ],
)
def test_bash_offers_words(home: Path, words: list[str], offered: list[str]) -> None:
    assert bash_offers(home, " ".join(words), words) == offered


def test_bash_offers_all_verbs(home: Path) -> None:
    assert bash_offers(home, "scrutiny ", ["scrutiny", ""]) == list(VERBS)


def test_bash_knows_links_although_it_cuts_them(home: Path) -> None:
    words = ["scrutiny", "server", "--link", "udp", ":", "/"]

    assert bash_offers(home, "scrutiny server --link udp:/", words) == ["//"]


def test_bash_completes_a_path_of_a_running_server(home: Path, desk: VerbDesk) -> None:
    shell = TerminalProcess(
        ["bash", "--norc", "--noprofile", "-i"], environment=environment(home), columns=200
    )
    try:
        shell.type(f"PS1='$ '; source {home / 'script.bash'}{ENTER}")
        shell.type(f"printf '%s|' {ENTER}")
        shell.wait_for(r"\|")
        line = " ".join(["scrutiny", *desk.arguments("get", "")])
        shell.type(f"{line}/mot{TAB}")
        shell.wait_for(r"get .*/motor/")
        shell.type(f"sp{TAB}")
        shell.wait_for(r"/motor/speed\\ \\\[rpm\\\] ")
        shell.type(ENTER)
        shell.wait_for(r"/motor/speed \[rpm\] -?\d")
    finally:
        shell.close()


# --------------------------------------------------------------------- zsh


@pytest.fixture
def zsh(home: Path) -> Iterator[TerminalProcess]:
    if shutil.which("zsh") is None:
        cannot_run("zsh not found")
    shell = TerminalProcess(["zsh", "-f", "-i"], environment=environment(home), columns=200)
    shell.type(f"PS1='$ '; autoload -Uz compinit; compinit -u -d {home / 'dump'}{ENTER}")
    shell.type(f"source {home / 'script.zsh'}; print -r -- re''ady{ENTER}")
    try:
        shell.wait_for("ready")
        yield shell
    finally:
        shell.close()


def test_zsh_completes_a_verb_and_an_option(zsh: TerminalProcess) -> None:
    zsh.type(f"scrutiny stat{TAB}--js{TAB}")

    zsh.wait_for(r"scrutiny status\W+json")  # among steps back of the cursor


def test_zsh_completes_a_path_of_a_running_server(zsh: TerminalProcess, desk: VerbDesk) -> None:
    zsh.type(" ".join(["scrutiny", *desk.arguments("get", "")]))
    zsh.type(f"/mot{TAB}")
    zsh.wait_for(r"get .*/motor/")
    zsh.type(f"sp{TAB}")
    zsh.wait_for(r"/motor/speed\\ \\\[rpm\\\]")
    zsh.type(ENTER)
    zsh.wait_for(r"/motor/speed \[rpm\] -?\d")


# --------------------------------------------------------------------- fish


_ASK_FISH = 'source $argv[1]; complete -C "$argv[2]"'


def fish_offers(home: Path, line: str) -> dict[str, str]:
    """Return what fish offers, with the descriptions."""
    if shutil.which("fish") is None:
        cannot_run("fish not found")
    result = subprocess.run(
        ["fish", "--no-config", "-c", _ASK_FISH, f"{home / 'script.fish'}", line],
        env=environment(home),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert result.stderr == ""
    lines = [line.partition("\t") for line in result.stdout.splitlines()]
    return {word: description for word, _, description in lines}


def test_fish_offers_verbs_options_and_words(home: Path) -> None:
    assert fish_offers(home, "scrutiny stat") == {"status": VERBS["status"].summary}
    assert fish_offers(home, "scrutiny get --js") == {
        "--json": "one object, with an object of value and status by path"
    }
    assert list(fish_offers(home, "scrutiny get --loglevel de")) == ["debug"]
    assert "udp://" in fish_offers(home, "scrutiny doctor ")


def test_fish_offers_paths_of_a_running_server(home: Path, desk: VerbDesk) -> None:
    line = " ".join(["scrutiny", *desk.arguments("get", "")])

    assert list(fish_offers(home, f"{line}/mot")) == ["/motor/"]
    assert list(fish_offers(home, f"{line}/motor/sp")) == ["/motor/speed [rpm]"]


# --------------------------------------------------------------------- without a shell


def test_every_verb_tells_what_it_takes() -> None:
    grammar = {verb.name: verb for verb in grammar_of_verbs()}

    assert list(grammar) == list(VERBS)
    for name, verb in grammar.items():
        names = [each for option in verb.options for each in option.names]
        assert name == "noop" or "--help" in names


def test_without_a_server_there_are_no_paths(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--", "scrutiny", "get", "--port=1")

    assert run_here(capsys, "completion", "--paths", "/mot", *words) == (0, "", "")


def test_paths_end_at_the_next_slash() -> None:
    paths = ["/a/b/c", "/a/b/d", "/a/e", "/ab"]

    assert next_segments(paths, "/a") == ["/a/", "/ab"]
    assert next_segments(paths, "/a/") == ["/a/b/", "/a/e"]


@pytest.mark.parametrize("arguments", [[], ["csh"]])
def test_a_shell_has_to_be_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    result = run_here(capsys, "completion", *arguments)

    assert (result.code, result.output) == (2, "")
    assert re.search("bash", result.errors)

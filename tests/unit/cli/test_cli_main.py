from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scrutiny import __version__
from scrutiny.cli.main import VERBS, main

EXPENSIVE = (
    "asyncio",
    "websockets",
    "msgspec",
    "serial",
    "platformdirs",
    "rich",
    "scrutiny.sdk",
    "scrutiny.server",
)


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    output = capsys.readouterr().out
    assert all(verb in output for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["--fly"], 2), (["--version"], 2), (["fly"], 1)]
)
def test_an_unknown_verb_is_answered_with_the_list(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code

    errors = capsys.readouterr().err
    assert "VERB" in errors
    assert not arguments or arguments[0].startswith("-") or "server" in errors


@pytest.mark.parametrize(
    ("verb", "meant"),
    [("instal-sfd", "install-sfd"), ("serv", "server"), ("add_alias", "add-alias")],
)
def test_a_verb_that_is_almost_right_is_answered_with_the_closest_one(
    verb: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb]) == 1

    expected = f"error: there is no verb {verb}; did you mean {meant}?\n"
    assert capsys.readouterr() == ("", expected)


def test_short_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--format", "short"]) == 0

    assert capsys.readouterr().out == f"{__version__}\n"


def test_full_version_tells_what_it_runs_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0

    output = capsys.readouterr().out
    assert __version__ in output
    assert "Python 3." in output


def test_noop_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noop"]) == 0

    assert capsys.readouterr() == ("", "")


def test_a_verb_gets_what_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(argv: list[str]) -> int:
        seen.append(argv)
        return 7

    monkeypatch.setitem(sys.modules, "scrutiny.cli.simulate", SimpleNamespace(main=run))

    assert main(["simulate", "--port", "5"]) == 7
    assert seen == [["--port", "5"]]


def test_help_imports_nothing_expensive() -> None:
    program = (
        "import sys; from scrutiny.cli.main import main; main(['--help']); "
        f"print([name for name in {EXPENSIVE!r} if name in sys.modules])"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "verb",
    ["get", "set", "watch", "log", "events", "status", "ports", "doctor", "scope", "completion"],
)
def test_help_of_a_verb_tells_its_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])

    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "exit codes: 0 done; 1 that failed, and the error says why; 2 wrong arguments" in text
    assert verb in ("completion", "scope") or "--json" in text


@pytest.mark.parametrize(
    ("verb", "codes"), [("demo", ("0", "1", "2", "143")), ("simulate", ("0", "1", "2"))]
)
def test_help_of_what_goes_on_tells_its_exit_codes(
    verb: str, codes: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])

    assert end.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"usage: scrutiny {verb} ")
    _, _, told = text.partition("exit codes: ")
    assert tuple(part.split()[0] for part in told.split("; ")) == codes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["version", "--help"]])
def test_output_that_cannot_be_written_is_one_line(arguments: list[str]) -> None:
    # Unbuffered, argparse meets the error itself, and hides it.
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "scrutiny.cli.main", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
            timeout=30,
        )

    assert run.returncode == 1
    assert run.stderr == "error: cannot write the output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_leaves_ends_the_demo_quietly(tmp_path: Path) -> None:
    """As ``scrutiny demo | head -1``; the board, which is running by then, is stopped."""
    with subprocess.Popen(
        [sys.executable, "-m", "scrutiny.cli.main", "demo", "--simulator"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        assert demo.stdout.readline() == "Preparing the board ...\n"

        demo.stdout.close()
        errors = demo.stderr.read()  # ends when the demo and all that it started have ended

    assert demo.returncode == 1
    assert errors == ""
    assert list(tmp_path.iterdir()) == []

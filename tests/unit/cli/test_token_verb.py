"""``scrutiny token``: what it prints, what it keeps, and how it fails."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scrutiny.api.token_files import FOLDER_VARIABLE, is_token, write_token
from scrutiny.cli.main import main
from scrutiny.server.access.rights import Right, Role
from scrutiny.server.access.token_registry import TokenRegistry, digest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tokens.json"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], file: Path) -> Run:
    def token(*arguments: str) -> tuple[int, str, str]:
        code = main(["token", "--tokens", str(file), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return token


def test_a_new_token_is_printed_once_and_kept_as_a_digest(run: Run, file: Path) -> None:
    code, output, errors = run("add", "bench", "--role", "operator", "--right", "user_command")

    token = output.strip()
    assert code == 0
    assert is_token(token)
    assert "bench is operator" in errors
    assert token not in file.read_text(encoding="utf-8")
    (entry,) = TokenRegistry(file).entries()
    assert (entry.name, entry.role, entry.rights) == ("bench", Role.OPERATOR, (Right.USER_COMMAND,))
    assert entry.sha256 == digest(token)
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_viewer_is_what_nobody_asked_to_be_more(run: Run, file: Path) -> None:
    run("add", "wall")

    assert TokenRegistry(file).entries()[0].role is Role.VIEWER


def test_a_second_token_of_a_name_replaces_the_first(run: Run, file: Path) -> None:
    _, first, _ = run("add", "bench")
    _, second, _ = run("add", "bench", "--role", "owner")

    (entry,) = TokenRegistry(file).entries()
    assert first != second
    assert entry.sha256 == digest(second.strip())


def test_the_list_tells_roles_and_rights(run: Run) -> None:
    run("add", "bench", "--role", "operator", "--right", "link", "--right", "user_command")
    run("add", "wall")

    assert run("list") == (0, "bench: operator, also link, user_command\nwall: viewer\n", "")


def test_what_is_removed_is_gone_and_what_is_not_there_is_told(run: Run, file: Path) -> None:
    run("add", "bench")
    run("add", "wall")

    assert run("remove", "bench")[0] == 0
    assert [entry.name for entry in TokenRegistry(file).entries()] == ["wall"]
    code, output, errors = run("remove", "bench")
    assert (code, output) == (1, "")
    assert errors == "error: there is no token of bench; there are: wall\n"


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", "{}", '[{"name": "x", "role": "king", "sha256": "00"}]', "\x00"]
)
def test_a_damaged_file_is_told_and_left_alone(run: Run, file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")

    code, output, errors = run("add", "bench")

    assert (code, output) == (1, "")
    assert errors.startswith(f"error: {file} is no list of tokens: ")
    assert file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("name", ["", "a" * 101, "a\nb", "a/b"])
def test_a_name_is_something_that_a_log_can_show(run: Run, name: str, file: Path) -> None:
    with pytest.raises(SystemExit):
        run("add", name)

    assert not file.exists()


def test_the_token_of_a_running_server_is_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    write_token(8765, "abc-DEF_123")

    assert run("show") == (0, "abc-DEF_123\n", "")


def test_that_no_server_runs_is_told_with_the_port(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))

    code, output, errors = run("show", "--port", "9000")

    assert (code, output) == (1, "")
    assert errors.startswith("error: no server of this account listens on port 9000: ")


def test_the_file_can_be_read_by_people(run: Run, file: Path) -> None:
    run("add", "bench")

    text = file.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert len(text.splitlines()) > 3
    assert json.loads(text)[0]["name"] == "bench"

"""The workflow of GitHub Actions: what it runs is there, on the systems and versions promised."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

from scrutiny.cli.main import VERBS
from tests.support.missing_tools import cannot_run

ROOT: Final = Path(__file__).resolve().parents[2]
WORKFLOW: Final[dict[Any, Any]] = yaml.safe_load(
    (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
)
MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
JOBS: Final[dict[str, Any]] = WORKFLOW["jobs"]
MATRIX: Final[dict[str, Any]] = JOBS["tests"]["strategy"]["matrix"]


def combinations() -> list[dict[str, str]]:
    """Return what the matrix stands for, as GitHub fills it in."""
    filled: list[dict[str, str]] = []
    for system in MATRIX["os"]:
        for version in MATRIX["python"]:
            values = {"os": system, "python": version}
            for extra in MATRIX["include"]:
                if all(extra.get(key, value) == value for key, value in values.items()):
                    values |= extra
            filled.append(values)
    return filled


def filled_in(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${{{{ matrix.{name} }}}}", value)
    return text


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield (job, words) for each command, once for each that the matrix makes of it."""
    for name, job in JOBS.items():
        for text in (step["run"] for step in job["steps"] if "run" in step):
            for values in combinations() if "${{ matrix" in text else [{}]:
                filled = filled_in(text, values)
                assert "${{" not in filled
                yield name, shlex.split(filled)


COMMANDS: Final = list(commands())


def of(program: str) -> list[list[str]]:
    """Return the arguments of all commands of a program, wherever that is."""
    return [words[1:] for _, words in COMMANDS if Path(words[0]).name == program]


def recipes(*targets: str) -> str:
    """Return the lines that make carries out for some targets, or for all."""
    names = "|".join(targets) or ".*"
    return "".join(re.findall(rf"^(?:{names}):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE))


def test_every_command_is_one_that_is_checked() -> None:
    known = {"apt-get", "git", "make", "python", "scrutiny", "ruff", "mypy", "pyright"}
    assert {Path(words[0]).name for _, words in COMMANDS} == known


def test_all_systems_and_versions_are_tested() -> None:
    systems = {(values["os"].partition("-")[0], values["python"]) for values in combinations()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert systems == {
        (system, version)
        for system in ("ubuntu", "macos", "windows")
        for version in ("3.11", "3.12", "3.13")
    }
    assert project["requires-python"] == f">={MATRIX['python'][0]}"


def test_the_gate_is_that_of_the_makefile() -> None:
    if shutil.which("make") is None:
        cannot_run("make not found")
    assert of("make") == [["test"], ["docs"]]
    for arguments in of("make"):
        command = ["make", "--dry-run", *arguments]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


def test_the_checks_are_those_of_the_makefile() -> None:
    """Each linter and type checker of the gate is called by the other job, in the same way."""
    recipe = re.findall(r"^\t\$\(BIN\)/(.*)", recipes("test", "test-computing"), re.MULTILINE)
    expected = [line.split() for line in recipe if not line.startswith("python")]
    actual = [
        [Path(words[0]).name, *words[1:]]
        for job, words in COMMANDS
        if job == "checks" and not words[0].endswith("python")
    ]
    assert actual == expected


def test_the_gate_runs_all_tests() -> None:
    tests = re.findall(r"^\t\$\(PYTEST\) \$\((.*)\)", recipes(), re.MULTILINE)
    assert tests == re.findall(r"^(\w+) := tests/", MAKEFILE, re.MULTILINE)
    named = re.findall(r"tests/\w+", "\n".join(re.findall(r"^\w+ := (tests/.*)", MAKEFILE, re.M)))
    files = (ROOT / "tests").rglob("test_*.py")
    assert sorted(named) == sorted({f"tests/{file.relative_to(ROOT).parts[1]}" for file in files})


def test_the_tests_that_are_named_are_there() -> None:
    runs = [arguments[2:] for arguments in of("python") if arguments[:2] == ["-m", "pytest"]]
    folders = [word for words in runs for word in words if word.startswith("tests")]
    assert len(folders) > 2 * len(MATRIX["os"])
    assert [folder for folder in folders if not list((ROOT / folder).rglob("test_*.py"))] == []


def test_the_modules_that_are_run_are_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = "\n".join(project["optional-dependencies"]["dev"])
    modules = {arguments[1] for arguments in of("python")}
    assert modules == {"venv", "pip", "pytest"}
    assert [
        name for name in ("pytest", "pytest-xdist", "ruff", "mypy") if name not in installed
    ] == []


def test_the_demo_has_the_options_that_are_used() -> None:
    for verb, *arguments in of("scrutiny"):
        assert verb in VERBS
        command = [sys.executable, "-m", "scrutiny.cli.main", verb, "--help"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        options = [argument for argument in arguments if argument.startswith("--")]
        assert options
        assert [option for option in options if option not in result.stdout] == []


def test_nothing_is_skipped_in_the_gate_only() -> None:
    assert JOBS["tests"]["env"]["CI"] == ""
    assert "env" not in JOBS["gate"]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends_some_time(job: str) -> None:
    assert 0 < JOBS[job]["timeout-minutes"] <= 60

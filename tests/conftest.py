"""In CI nothing may be skipped that can run: what it needs is installed. Logs are as they were.

The example firmware is built once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.example_board import CannotBuild
from tests.support.missing_tools import NOT_APPLICABLE, cannot_run
from tests.support.shared_programs import example_program, share_programs
from tests.support.token_folder import share_tokens

_skipped: list[str] = []
_logger = logging.getLogger("scrutiny")
_level_at_first, _handlers_at_first = _logger.level, list(_logger.handlers)


class Worker(Protocol):
    """A process that runs some of the tests."""

    workeroutput: dict[str, list[str]]


def pytest_configure() -> None:
    """Keep the tokens of servers under test together, and build the example once."""
    share_tokens()
    share_programs()


@pytest.fixture(scope="session")
def board_program() -> Path:
    """The program of the example firmware."""
    return _built(described=False)


@pytest.fixture(scope="session")
def described_program() -> Path:
    """The program of the example firmware, with its description beside it."""
    return _built(described=True)


def _built(*, described: bool) -> Path:
    try:
        return example_program(described=described)
    except CannotBuild as error:
        cannot_run(f"{error}")


@pytest.fixture(autouse=True)
def logs_as_at_first() -> Iterator[None]:
    """Undo what a verb of the command line does to logs, which later tests look at.

    Before a test too: verbs may have been run for a whole module.
    """
    _restore_logs()
    yield
    _restore_logs()


def _restore_logs() -> None:
    for handler in set(_logger.handlers).difference(_handlers_at_first):
        handler.close()
    _logger.handlers[:] = _handlers_at_first
    _logger.setLevel(_level_at_first)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped, before or while it ran."""
    if report.skipped and NOT_APPLICABLE not in f"{report.longrepr}":
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that skipped itself."""
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Worker) -> None:
    """Take over what a worker has skipped; of modules, it tells nobody else."""
    told: list[str] = node.workeroutput.get("skipped", [])
    _skipped.extend(name for name in told if name not in _skipped)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Turn a run with skipped tests into a failure; a worker tells whom it works for."""
    yield
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["skipped"] = list(_skipped)
        return
    if os.environ.get("CI") == "true" and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped, and that this is why the run has failed."""
    if os.environ.get("CI") == "true" and _skipped:
        terminalreporter.section("skipped in CI, where nothing may be skipped")
        for name in _skipped:
            terminalreporter.line(name)

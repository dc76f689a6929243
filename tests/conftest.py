"""In CI nothing may be skipped: what a test needs is installed there."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that was skipped, before or while it ran."""
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that skipped itself."""
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Turn a run with skipped tests into a failure."""
    yield
    if os.environ.get("CI") == "true" and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped, and that this is why the run has failed."""
    if os.environ.get("CI") == "true" and _skipped:
        terminalreporter.section("skipped in CI, where nothing may be skipped")
        for name in _skipped:
            terminalreporter.line(name)

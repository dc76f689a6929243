"""Wrong tokens cost time, for their address only, and memory is bounded."""

from __future__ import annotations

import pytest

from scrutiny.server.access import failed_logins
from scrutiny.server.access.failed_logins import MOST_FAILURES, WINDOW_S, FailedLogins

THIEF, OTHER = "192.0.2.1", "192.0.2.2"


def failed(count: int, address: str = THIEF) -> FailedLogins:
    logins = FailedLogins()
    for number in range(count):
        logins.failed(address, float(number))
    return logins


def test_some_failures_are_nothing() -> None:
    assert failed(MOST_FAILURES - 1).pause_s(THIEF, 10.0) == 0


def test_then_the_address_has_to_wait_and_nobody_else() -> None:
    logins = failed(MOST_FAILURES)

    assert logins.pause_s(THIEF, 10.0) == WINDOW_S - 10.0
    assert logins.pause_s(OTHER, 10.0) == 0


def test_the_pause_ends() -> None:
    logins = failed(MOST_FAILURES)

    assert logins.pause_s(THIEF, WINDOW_S) == 0
    assert logins.pause_s(THIEF, 10.0) == 0


def test_failures_long_ago_do_not_count() -> None:
    logins = failed(MOST_FAILURES - 1)
    logins.failed(THIEF, 1000.0)

    assert logins.pause_s(THIEF, 1000.0) == 0


def test_addresses_are_forgotten_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_logins, "_MOST_ADDRESSES", 3)
    logins = failed(MOST_FAILURES)
    for number in range(3):
        logins.failed(f"198.51.100.{number}", 20.0)

    assert logins.pause_s(THIEF, 20.0) == 0

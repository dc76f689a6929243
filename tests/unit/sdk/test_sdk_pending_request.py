from __future__ import annotations

import pytest

from scrutiny.sdk import exceptions
from scrutiny.sdk.pending_request import PendingRequest


def test_a_request_is_pending_until_it_is_marked() -> None:
    request = PendingRequest()

    assert not request.completed
    assert not request.is_success
    assert request.completion_datetime is None
    with pytest.raises(exceptions.TimeoutException, match="pending"):
        request.wait_for_completion(timeout=0)


def test_the_first_completion_wins() -> None:
    request = PendingRequest()

    request.mark_complete()
    request.mark_complete("too late")

    request.wait_for_completion()
    assert request.is_success
    assert request.failure_reason == ""
    assert request.completion_datetime is not None


def test_a_failure_is_raised_with_its_reason() -> None:
    request = PendingRequest()

    request.mark_complete("the disk is full")

    assert request.completed
    assert not request.is_success
    with pytest.raises(exceptions.OperationFailure, match="the disk is full"):
        request.wait_for_completion(timeout=1)


@pytest.mark.parametrize(("timeout", "error"), [(-1, ValueError), ("1", TypeError)])
def test_wrong_time_limits(timeout: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        PendingRequest().wait_for_completion(timeout)

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from scrutiny.cli.capture.stages import Stage, stage_of
from scrutiny.sdk.datalogging import DataloggingRequestInfo, DataloggingRequestState

State = DataloggingRequestState
MINE = DataloggingRequestInfo(
    token="mine",
    name="",
    owner="scope (127.0.0.1:5)",
    is_mine=True,
    is_owner_connected=True,
    state=State.Queued,
    completion_ratio=None,
    requested_at=datetime(2026, 3, 1),
)
OTHER = replace(MINE, token="other", owner="bob\x1b[2J (10.0.0.7:5)", is_mine=False)


def stage(*requests: DataloggingRequestInfo, is_device_ready: bool = True) -> Stage | None:
    return stage_of(requests, "mine", is_device_ready=is_device_ready)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State.Configuring, "telling the device"),
        (State.WaitForTrigger, "waiting for the trigger"),
        (State.Acquiring, "acquiring"),
        (State.Downloading, "downloading"),
        (State.Storing, "storing"),
    ],
)
def test_each_state_has_its_words(state: State, text: str) -> None:
    told = stage(replace(MINE, state=state, completion_ratio=0.4))
    assert told is not None
    assert (told.text, told.ratio) == (text, 0.4)
    assert told.is_before_trigger is (state in (State.Configuring, State.WaitForTrigger))
    assert told.is_armed is (state is State.WaitForTrigger)


def test_who_waits_is_told_for_whom() -> None:
    active = replace(OTHER, state=State.WaitForTrigger)
    first = stage(active, MINE)
    assert first == Stage(
        "queued behind bob\N{REPLACEMENT CHARACTER}[2J (10.0.0.7:5)", is_before_trigger=True
    )
    third = stage(active, OTHER, replace(OTHER, token="3"), MINE)
    assert third is not None
    assert third.text.endswith("(10.0.0.7:5) and 2 more")
    alone = stage(MINE, OTHER)
    assert alone is not None
    assert alone.text == "queued"


def test_a_device_that_is_gone_is_told() -> None:
    told = stage(replace(MINE, state=State.Acquiring), is_device_ready=False)
    assert told is not None
    assert told.text == "acquiring (the device is gone)"


def test_what_is_not_in_the_list_has_ended() -> None:
    assert stage() is None
    assert stage(OTHER) is None


def test_every_state_is_known() -> None:
    for state in State:
        assert stage(replace(MINE, state=state)) is not None

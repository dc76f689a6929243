from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scrutiny.cli.watching.rows import Row, WatchedRows
from scrutiny.sdk import (
    DetailedRPVWatchableConfiguration,
    EmbeddedDataType,
    EmbeddedEnum,
    ValueStatus,
    WatchableType,
)
from scrutiny.sdk.listeners.value_update import ValueUpdate

SPEED, MODE = "/speed", "/mode"


def definition(path: str, enum: EmbeddedEnum | None = None) -> DetailedRPVWatchableConfiguration:
    return DetailedRPVWatchableConfiguration(
        WatchableType.RuntimePublishedValue, EmbeddedDataType.sint32, enum, "id", path, 1
    )


def update(path: str, value: int | None, status: ValueStatus = ValueStatus.Valid) -> ValueUpdate:
    handle = cast("Any", SimpleNamespace(server_path=path))
    return ValueUpdate(handle, value, None, status, datetime(2026, 1, 1))


@pytest.fixture
def watched() -> WatchedRows:
    mode = EmbeddedEnum("mode", {"OFF": 0, "ON": 1})
    return WatchedRows({SPEED: definition(SPEED), MODE: definition(MODE, mode)})


def test_before_the_first_value_there_is_none(watched: WatchedRows) -> None:
    assert watched.rows(5.0) == [
        Row(SPEED, "", "", "", "", is_valid=False),
        Row(MODE, "", "", "", "", is_valid=False),
    ]
    assert watched.fewest == 0


def test_change_is_per_second_and_names_have_none(watched: WatchedRows) -> None:
    for step in range(5):
        time_s = 10 + step / 4
        watched.take([update(SPEED, 100 + 10 * step), update(MODE, step % 2)], time_s)

    assert watched.rows(11.3) == [
        Row(SPEED, "140", "+40", "4", "0.3 s", is_valid=True),
        Row(MODE, "OFF", "", "4", "0.3 s", is_valid=True),
    ]
    assert watched.fewest == 5


def test_what_was_long_ago_does_not_count(watched: WatchedRows) -> None:
    watched.take([update(SPEED, -1000)], 0.0)
    watched.take([update(SPEED, 7)], 100.0)
    watched.take([update(SPEED, 7)], 100.5)

    assert watched.rows(100.5)[0] == Row(SPEED, "7", "0", "2", "0.0 s", is_valid=True)
    assert watched.rows(105.0)[0] == Row(SPEED, "7", "", "", "4.5 s", is_valid=True)


def test_a_loss_says_why_and_begins_anew(watched: WatchedRows) -> None:
    watched.take([update(SPEED, 1)], 0.0)
    watched.take([update(SPEED, None, ValueStatus.DeviceGone)], 0.5)

    assert watched.rows(2.5)[0] == Row(SPEED, "DeviceGone", "", "", "2.0 s", is_valid=False)
    watched.take([update(SPEED, 9)], 3.0)
    assert watched.rows(3.0)[0] == Row(SPEED, "9", "", "", "0.0 s", is_valid=True)
